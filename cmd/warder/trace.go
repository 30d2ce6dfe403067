package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"warder/record/trace"
	"warder/tracer"
)

// traceFlags are the flags of warder trace: strace's, where it has them.
type traceFlags struct {
	form   traceForm
	pids   []string
	envs   []string
	follow bool
	dir    string
}

func newTrace() *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:   "trace [flags] [--] PROG [ARGS]\n  warder trace [flags] -p PID",
		Short: "Print the system calls of a program, as strace does",
		Long: `Run PROG, or attach to a running process with -p, and print every system call,
with its arguments decoded, what it returned, and signals: strace's format and
strace's flags. Threads and children are followed always. PROG is not held: it
has warder's own environment and rights, and no policy. What a held program does
is recorded by warder run --trace FILE.

Calls that -e does not ask for do not stop the program (but with -p, where all
do). The trace goes to standard error or the file of -o.

-e takes trace=SET, signal=SET, status=SET and quiet=SET. A SET of calls has
names, /REGEXP and classes (%file, %process, %network, %memory, %signal, %desc,
%creds, %clock, %ipc, %stat …), all or none; ! in front turns it round.

The first SIGINT or SIGTERM to warder is passed on to PROG, and the trace goes on
until PROG ends; the second kills it. With -p the first lets the process go.

Exit status: PROG's own; 128+N if it died of signal N; 125 for warder's failure,
126 if PROG cannot be executed, 127 if it was not found; with -p 0.`,
		Example: `  warder trace -e trace=%file -o files.txt -- make
  warder trace -c -- gzip -9 <big >big.gz
  warder trace -p 1234 -e trace=network --json
  warder trace --html ls.html -- ls`,
		RunE: func(_ *cobra.Command, args []string) error { return f.trace(args) },
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.pids, "attach", "p", nil, "attach to the processes `PID[,PID…]` (repeatable)")
	fs.BoolVarP(&f.follow, "follow-forks", "f", true, "as it always is")
	fs.StringArrayVarP(&f.envs, "env", "E", nil, "`NAME=VALUE` to set for PROG, or NAME to take from it (repeatable)")
	fs.StringVar(&f.dir, "dir", "", "working `DIR` of PROG")
	f.form.define(fs)
	fs.SetInterspersed(false)
	return cmd
}

func (f *traceFlags) trace(args []string) error {
	var cfg tracer.Following
	if err := f.subject(&cfg, args); err != nil {
		return statusAfter(err)
	}
	out, err := f.form.open(args, trace.Wait, nil)
	if err != nil {
		return err
	}
	cfg.Calls, cfg.Witness, cfg.Entries = out.calls(), out.collector, f.form.entries
	r, err := followSignals(&cfg, out.queue.Release)
	if err = errors.Join(err, out.close("")); err != nil {
		return statusAfter(err)
	}
	switch {
	case r.PID == 0:
	case r.Status.Signaled():
		return statusError(128 + int(r.Status.Signal()))
	case r.Status.ExitStatus() != 0:
		return statusError(r.Status.ExitStatus())
	}
	return nil
}

// subject is what is traced.
func (f *traceFlags) subject(cfg *tracer.Following, args []string) error {
	for _, list := range f.pids {
		for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			pid, err := parsePID(word)
			if err != nil {
				return err
			}
			cfg.PIDs = append(cfg.PIDs, pid)
		}
	}
	switch {
	case len(cfg.PIDs) > 0 && len(args) > 0:
		return errors.New("-p and a program: give one of them")
	case len(cfg.PIDs) > 0:
		return nil
	case len(args) == 0:
		return errors.New("no program and no -p PID given; try warder trace --help")
	}
	path, err := find(args[0], "")
	if err != nil {
		return err
	}
	cfg.Path, cfg.Args, cfg.Dir, cfg.Env = path, args, f.dir, os.Environ()
	for _, e := range f.envs {
		name, _, set := strings.Cut(e, "=")
		if name == "" || strings.ContainsRune(e, 0) {
			return fmt.Errorf("--env %q: want NAME=VALUE, or NAME to take it away", e)
		}
		if set {
			cfg.Env = setVariable(cfg.Env, name, e)
		} else {
			cfg.Env = slices.DeleteFunc(cfg.Env, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		}
	}
	cfg.Descriptor = [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	return nil
}

// followSignals follows until the end, or what a signal to warder makes it.
// When it is cut short, release is called: nobody waits for a slow reader then.
func followSignals(cfg *tracer.Following, release func()) (*tracer.Followed, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var begun atomic.Int64 // a pidfd and 1: the program may be gone, and its id another's
	cfg.Begun = func(pid int) {
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			begun.Store(int64(fd) + 1)
		}
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for told := false; ; told = true {
			s := <-signals
			sig, _ := s.(syscall.Signal)
			if sig == syscall.SIGPIPE {
				continue
			}
			fd := int(begun.Load()) - 1
			if told || fd < 0 {
				cancel()
				release()
				continue
			}
			if !fromTerminal(sig) {
				_ = unix.PidfdSendSignal(fd, sig, nil, 0) // ESRCH: it is over
			}
		}
	}()
	r, err := tracer.Follow(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// fromTerminal reports whether the terminal has sent a signal to the program
// as well: it sends those of its keys to all of the process group in front.
func fromTerminal(sig syscall.Signal) bool {
	if sig != syscall.SIGINT && sig != syscall.SIGQUIT {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	front, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && front == unix.Getpgrp()
}

// statusAfter tells an error of a program that was to be followed.
func statusAfter(err error) error {
	var missing *notFoundError
	var launch *tracer.LaunchError
	if errors.As(err, &missing) || errors.As(err, &launch) {
		complain(err)
		return statusError(launchStatus(err))
	}
	return err
}

// multi closes several things and tells the first error.
type multi []io.Closer

func (m multi) Close() error {
	var first error
	for _, c := range m {
		if err := c.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
