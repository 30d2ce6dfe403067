// Package memory reads and writes the memory of another process: bytes,
// strings, words, the list of mappings, patterns.
//
// A [Space] is named by a thread. Reading goes through process_vm_readv(2),
// which needs no stop and no particular thread of ours, only the right to
// trace; for what it refuses there is /proc/<tid>/mem.
//
// Limits. What is read is the process's own and, unless all of its threads
// are stopped and nobody shares the memory, may change while it is read: it
// is fit for reports, not for verdicts. A read may sleep for as long as the
// page takes to come (a userfaultfd, a FUSE file, a slow disk) and then only
// a SIGKILL of the process ends it, so whoever kills must not be the thread
// that reads. Addresses of 2^63 and above, where no program has memory, are
// EFAULT; so the vsyscall page cannot be read.
package memory

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// pageStep is how finely reads are split around holes. Every page size of
// Linux is a multiple of it.
const pageStep = 4096

// Error is a failed operation on a process's memory.
//
// Err holds the cause: unix.EFAULT for an address that is not mapped or whose
// protection forbids the access, whichever way the kernel put it; unix.ESRCH
// for a process that is gone; unix.EPERM or EACCES where the kernel refuses
// (a program that is not dumpable); fs.ErrClosed after Close; one of this
// package's sentinels.
type Error struct {
	Op   string // "read", "write", "string", "maps", "search" …
	TID  int
	Addr uint64 // the first address that was not read or written
	Err  error
}

func (e *Error) Error() string {
	return fmt.Sprintf("memory: %s of thread %d at %#x: %v", e.Op, e.TID, e.Addr, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Range is Len bytes from Addr on.
type Range struct {
	Addr, Len uint64
}

// End returns the first address after the range. It saturates.
func (r Range) End() uint64 {
	if r.Len > math.MaxUint64-r.Addr {
		return math.MaxUint64
	}
	return r.Addr + r.Len
}

// Space is the memory of one process, seen through one of its threads. Its
// methods may be called from any goroutine and at the same time, but see
// WriteForce.
//
// It holds no descriptor between calls: one of /proc/<tid>/mem would go on
// showing the old memory after an execve (and, where a vfork parent keeps it
// alive, without an error).
type Space struct {
	tid    int
	closed atomic.Bool
}

// Of returns the memory of the process that thread tid belongs to. tid is
// only a number: when the thread is reaped the kernel may give it to a
// stranger, so Close the Space then.
func Of(tid int) *Space { return &Space{tid: tid} }

// TID returns the thread that the memory is seen through.
func (s *Space) TID() int { return s.tid }

// Close ends the use of the Space: every later call fails with fs.ErrClosed.
// The process is not touched.
func (s *Space) Close() error {
	s.closed.Store(true)
	return nil
}

func (s *Space) fail(op string, addr uint64, err error) error {
	return &Error{op, s.tid, addr, err}
}

// check refuses what cannot be right before the kernel sees it.
func (s *Space) check(op string, addr, length uint64) error {
	if s.closed.Load() {
		return s.fail(op, addr, fs.ErrClosed)
	}
	if s.tid <= 0 {
		return s.fail(op, addr, unix.ESRCH)
	}
	if addr > math.MaxInt64 || length > math.MaxInt64-addr {
		return s.fail(op, addr, unix.EFAULT)
	}
	return nil
}

// ReadAt reads len(p) bytes at addr (io.ReaderAt). A read that meets an
// unreadable page returns what came before it and an [Error] with that page's
// address and unix.EFAULT; it never returns io.EOF.
//
// Where process_vm_readv(2) is refused (EPERM, ENOSYS: some containers'
// filters) the bytes come from /proc/<tid>/mem, which also reads pages whose
// protection forbids it to the program.
func (s *Space) ReadAt(p []byte, addr int64) (int, error) {
	return s.read("read", p, uint64(addr))
}

func (s *Space) read(op string, p []byte, addr uint64) (int, error) {
	if err := s.check(op, addr, uint64(len(p))); err != nil {
		return 0, err
	}
	n := 0
	for n < len(p) {
		m, err := s.readSome(addr+uint64(n), p[n:])
		if err != nil {
			return n, s.fail(op, addr+uint64(n), err)
		}
		n += m
	}
	return n, nil
}

// readSome reads at least one byte or says why not. A short count is the
// kernel's way to report a hole that is not at the beginning, or a transfer
// over 2 GiB: the caller goes on behind it and meets the error there.
func (s *Space) readSome(addr uint64, p []byte) (int, error) {
	for {
		n, err := ptrace.ReadMem(s.tid, addr, p)
		switch {
		case err == nil && n > 0:
			return n, nil
		case err == nil:
			return 0, unix.EFAULT
		case err == unix.EINTR:
			continue
		case refused(err):
			return s.readFile(addr, p, err)
		}
		return 0, err
	}
}

// refused tells a refusal of the call from a failure on the address.
func refused(err error) bool {
	return err == unix.EPERM || err == unix.ENOSYS || err == unix.EACCES
}

// WriteAt writes p at addr (io.WriterAt) and respects the program's page
// protections: a page that the program could not write is unix.EFAULT. What
// came before it is written.
func (s *Space) WriteAt(p []byte, addr int64) (int, error) {
	a := uint64(addr)
	if err := s.check("write", a, uint64(len(p))); err != nil {
		return 0, err
	}
	n := 0
	for n < len(p) {
		m, err := ptrace.WriteMem(s.tid, a+uint64(n), p[n:])
		if err == unix.EINTR {
			continue
		}
		if err == nil && m == 0 {
			err = unix.EFAULT
		}
		if err != nil {
			return n, s.fail("write", a+uint64(n), err)
		}
		n += m
	}
	return n, nil
}

// Read fills p from addr and steps over what cannot be read: holes lists it,
// in ascending order and merged, its bytes in p are 0, and n counts the
// others. err is for everything that is not a hole, such as a process that is
// gone; then what is in p is worth nothing.
//
// It asks the kernel once for every 4 KiB of hole, which costs about as much
// as reading them would.
func (s *Space) Read(p []byte, addr uint64) (n int, holes []Range, err error) {
	if err := s.check("read", addr, uint64(len(p))); err != nil {
		return 0, nil, err
	}
	for done := 0; done < len(p); {
		at := addr + uint64(done)
		m, err := s.readSome(at, p[done:])
		if err == nil {
			n += m
			done += m
			continue
		}
		if !errors.Is(err, unix.EFAULT) {
			return n, holes, s.fail("read", at, err)
		}
		size := min(pageStep-int(at%pageStep), len(p)-done)
		clear(p[done : done+size])
		done += size
		if last := len(holes) - 1; last >= 0 && holes[last].End() == at {
			holes[last].Len += uint64(size)
		} else {
			holes = append(holes, Range{at, uint64(size)})
		}
	}
	return n, holes, nil
}
