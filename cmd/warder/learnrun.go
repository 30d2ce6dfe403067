package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/record/learn"
	"warder/record/trace"
	"warder/tracer"
)

// run learns from a program.
func (f *learnFlags) run(l *learn.Learner, args []string) error {
	path, err := find(args[0], "")
	if err != nil {
		return err
	}
	env, err := programEnv(f.envs)
	if err != nil {
		return err
	}
	cfg := tracer.Following{Path: path, Args: args, Env: env, Dir: f.dir}
	out := os.Stdout
	if f.out == "" || f.out == "-" {
		out = os.Stderr
	}
	done, err := pipes(&cfg, out)
	if err != nil {
		return err
	}
	end, err := followEvents(&cfg, l.Add)
	done()
	l.End()
	if err == nil && end != nil && (end.Status.Signaled() || end.Status.ExitStatus() != 0) {
		say("note: " + args[0] + " " + ended(end))
	}
	return err
}

// followEvents follows a program and gives its events, until the first error of
// sink; the program goes on.
func followEvents(cfg *tracer.Following, sink func(*trace.Event) error) (*tracer.Followed, error) {
	var bad error
	collector := trace.NewCollector(trace.Options{Sink: trace.Func(func(e *trace.Event) {
		if bad == nil {
			bad = sink(e)
		}
	})})
	cfg.Witness = collector
	end, err := followSignals(cfg, func() {})
	collector.Close()
	return end, errors.Join(err, bad)
}

// pipes gives a program descriptors like those that a held one has: pipes for
// its output, for a program may do something else where that is a file. done
// waits until what was written has arrived.
func pipes(cfg *tracer.Following, out *os.File) (done func(), err error) {
	cfg.Descriptor = [3]*os.File{os.Stdin, out, os.Stderr}
	var pumps sync.WaitGroup
	var ends []io.Closer
	for i, to := range [...]*os.File{1: out, 2: os.Stderr} {
		if to == nil || isDevNull(to) {
			continue // a held program has that, too
		}
		r, w, err := os.Pipe()
		if err != nil {
			_ = multi(ends).Close()
			return nil, fmt.Errorf("pipe: %w", err)
		}
		cfg.Descriptor[i], ends = w, append(ends, w)
		pumps.Go(func() {
			defer r.Close() // then the program gets SIGPIPE, as without warder
			_, _ = io.Copy(to, r)
		})
	}
	return func() {
		_ = multi(ends).Close()
		pumps.Wait()
	}, nil
}

func isDevNull(f *os.File) bool {
	var st unix.Stat_t
	return unix.Fstat(int(f.Fd()), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
}

// present reports whether a path is there.
func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// resolved gives a path's own name, as far as it is there.
func resolved(path string) string {
	rest := ""
	for dir := path; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == "/" {
			return path
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// maxScripts is how many scripts may run each other (BINPRM_MAX_RECURSION of
// fs/exec.c).
const maxScripts = 5

// interpreters are what the kernel executes with a program: its loader, or a
// script's interpreter with that one's own.
func interpreters(program string) []string {
	var out []string
	for range maxScripts {
		f, err := os.OpenFile(program, os.O_RDONLY|unix.O_NONBLOCK, 0)
		if err != nil {
			return out
		}
		name := interpreterOf(f)
		_ = f.Close() // it was only read
		if name == "" || !filepath.IsAbs(name) {
			return out
		}
		out = append(out, filepath.Clean(name))
		program = name
	}
	return out
}

// interpreterOf reads what a file names as its interpreter, "" for none.
func interpreterOf(f *os.File) string {
	head := make([]byte, 256) // BINPRM_BUF_SIZE: what the kernel reads of a script
	n, err := io.ReadFull(f, head)
	if n < 4 || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ""
	}
	if line, ok := strings.CutPrefix(string(head[:n]), "#!"); ok {
		line, _, _ = strings.Cut(line, "\n")
		words := strings.Fields(line)
		if len(words) == 0 {
			return ""
		}
		return words[0]
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz > 1 && p.Filesz < 4096 {
			text := make([]byte, p.Filesz)
			if _, err := p.ReadAt(text, 0); err != nil {
				return ""
			}
			return strings.TrimRight(string(text), "\x00")
		}
	}
	return ""
}

// ended is how a followed program ended, in words.
func ended(r *tracer.Followed) string {
	switch {
	case r == nil || r.PID == 0:
		return ""
	case r.Status.Signaled():
		return "killed by " + abi.SignalName(int(r.Status.Signal()))
	}
	return "exited with " + strconv.Itoa(r.Status.ExitStatus())
}
