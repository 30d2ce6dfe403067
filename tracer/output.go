package tracer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// stdio is a session's three standard descriptors. The program never gets the
// operator's own output: a pipe stands between, which counts what is written
// without a stop, keeps a terminal or file out of the program's reach, and
// shares no file status flags with anyone.
type stdio struct {
	child  [3]int // descriptors for the child, closed by childDone
	owned  []int
	pumps  sync.WaitGroup
	pipes  []*os.File // what the pumps read
	budget *budget
}

// openStdio prepares the three descriptors.
func openStdio(cfg *Config, b *budget) (*stdio, error) {
	s := &stdio{budget: b, child: [3]int{-1, -1, -1}}
	if err := s.input(cfg.Stdin); err != nil {
		s.close()
		return nil, err
	}
	err := s.out(1, cfg.Stdout)
	switch {
	case err == nil && sameWriter(cfg.Stdout, cfg.Stderr):
		// One pipe: what is written stays in order, and nobody writes to the
		// writer from two goroutines.
		s.child[2] = s.child[1]
	case err == nil:
		err = s.out(2, cfg.Stderr)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// sameWriter reports whether a and b are one writer. Values that Go cannot
// compare are taken for different.
func sameWriter(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// own keeps fd for the child and closes it after the launch.
func (s *stdio) own(i, fd int) {
	s.child[i] = fd
	s.owned = append(s.owned, fd)
}

func (s *stdio) null(i int) error {
	open := nullWriter
	if i == 0 {
		open = nullReader
	}
	fd, err := open()
	s.child[i] = fd
	return err
}

// Two descriptors of /dev/null serve all sessions: it has no state to share.
var (
	nullReader = sync.OnceValues(func() (int, error) { return openNull(unix.O_RDONLY) })
	nullWriter = sync.OnceValues(func() (int, error) { return openNull(unix.O_WRONLY) })
)

func openNull(mode int) (int, error) {
	fd, err := unix.Open("/dev/null", mode|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "/dev/null", Err: err}
	}
	return fd, nil
}

// input passes f to the program so that it can be read and nothing else. A
// descriptor that could also be written (a terminal, a socket, a file opened
// for both) would be a way out of the output budget.
func (s *stdio) input(f *os.File) error {
	if f == nil {
		return s.null(0)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = s.inputFD(int(fd), f) })
	if err == nil {
		err = inner
	}
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}

func (s *stdio) inputFD(fd int, f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return err
	}
	kind := st.Mode & unix.S_IFMT
	readOnly := flags&unix.O_ACCMODE == unix.O_RDONLY && flags&unix.O_PATH == 0
	switch {
	case kind == unix.S_IFDIR:
		return errors.New("is a directory")
	case kind == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3):
		return s.null(0)
	case readOnly && kind == unix.S_IFREG:
		// Shared: a shell's next command goes on where the program stopped.
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return err
		}
		s.own(0, dup)
		return nil
	case readOnly && kind == unix.S_IFIFO && flags&unix.O_NONBLOCK == 0:
		dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return err
		}
		s.own(0, dup)
		return nil
	case kind == unix.S_IFREG || kind == unix.S_IFCHR || kind == unix.S_IFIFO:
		return s.reopen(fd, kind)
	}
	return s.feed(f)
}

// reopen opens the same file for reading only.
func (s *stdio) reopen(fd int, kind uint32) error {
	in, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("reopen for reading: %w", err)
	}
	s.own(0, in)
	if kind == unix.S_IFREG {
		at, err := unix.Seek(fd, 0, io.SeekCurrent)
		if err == nil {
			_, err = unix.Seek(in, at, io.SeekStart)
		}
		if err != nil {
			return err
		}
	}
	return unix.SetNonblock(in, false)
}

// feed copies f into a pipe: a socket cannot be opened anew.
func (s *stdio) feed(f *os.File) error {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	s.own(0, p[0])
	if err := unix.SetNonblock(p[1], true); err != nil {
		unix.Close(p[1])
		return err
	}
	w := os.NewFile(uintptr(p[1]), "stdin pipe")
	go func() { // not waited for: a reader may never see an end
		defer w.Close()
		_, _ = io.Copy(w, f) // EPIPE: the program is gone
	}()
	return nil
}

// out gives descriptor i of the program a pipe that is pumped into w.
func (s *stdio) out(i int, w io.Writer) error {
	if w == nil || isNull(w) {
		return s.null(i)
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("standard output: pipe: %w", err)
	}
	s.own(i, p[1])
	if err := unix.SetNonblock(p[0], true); err != nil {
		unix.Close(p[0])
		return fmt.Errorf("standard output: %w", err)
	}
	r := os.NewFile(uintptr(p[0]), "stdout pipe")
	s.pipes = append(s.pipes, r)
	s.pumps.Add(1)
	go func() {
		defer s.pumps.Done()
		defer r.Close()
		s.pump(w, r)
	}()
	return nil
}

// isNull reports whether w is /dev/null, which needs no pipe: nothing written
// there arrives anywhere.
func isNull(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	null := false
	err = raw.Control(func(fd uintptr) {
		var st unix.Stat_t
		null = unix.Fstat(int(fd), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
	})
	return err == nil && null
}

// pump moves output to w, counts it, and cuts it at the budget. It ends at
// the end of file, which comes when the last holder of the pipe is dead, or
// closes the pipe when nobody takes the output: the program then gets SIGPIPE
// as it would without warder.
func (s *stdio) pump(w io.Writer, r *os.File) {
	buf := make([]byte, 4<<10) // most programs write little; see below
	rest := pipeMax
	for {
		n, err := r.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if rest -= len(buf); rest < 0 {
				return // more than a pipe holds: a survivor is still writing
			}
			n, err = readRest(r, buf)
		}
		if n > 0 {
			if m := s.budget.wrote(n); m > 0 {
				if _, werr := w.Write(buf[:m]); werr != nil {
					return
				}
			}
			if n == len(buf) && n < 64<<10 { // a whole pipe at a time
				buf = make([]byte, 64<<10)
			}
		}
		if err != nil {
			return
		}
	}
}

// pipeMax is the largest pipe of an unprivileged user (fs.pipe-max-size).
const pipeMax = 1 << 20

// readRest takes what is in a pipe without waiting for more.
func readRest(r *os.File, buf []byte) (n int, err error) {
	raw, err := r.SyscallConn()
	if err != nil {
		return 0, err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { n, inner = unix.Read(int(fd), buf) })
	if err == nil {
		err = inner
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

// childDone closes our copies of what the child has now.
func (s *stdio) childDone() {
	for _, fd := range s.owned {
		unix.Close(fd)
	}
	s.owned = nil
}

// finish waits for the pumps: what the program wrote has been handed on. The
// program and all that came of it are dead, so the pipes end by themselves;
// only where nothing is traced may a survivor hold one open, and it is not
// waited for. A reader of the output that takes none of it is waited for as
// long as patience says (for ever, if negative), and then left: its pump ends
// with the write that it is in.
func (s *stdio) finish(patience time.Duration) {
	s.childDone()
	if len(s.pipes) == 0 {
		return
	}
	for _, r := range s.pipes {
		_ = r.SetReadDeadline(time.Now().Add(pipeGrace)) // closed already: its pump is done
	}
	if patience < 0 {
		s.pumps.Wait()
		return
	}
	done := make(chan struct{})
	go func() {
		s.pumps.Wait()
		close(done)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

const pipeGrace = 100 * time.Millisecond

func (s *stdio) close() { s.finish(0) }

func (s *stdio) total() int64 {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	if l := s.budget.limits.Output; l >= 0 {
		return min(s.budget.output, l)
	}
	return s.budget.output
}
