package memory

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
)

// fileErr gives the errnos of /proc/<tid>/mem and of PEEK and POKE the meaning
// that process_vm_readv's have: for an address they say EIO where that says
// EFAULT (mem_rw, fs/proc/base.c; generic_ptrace_pokedata, kernel/ptrace.c).
func fileErr(err error) error {
	if err == unix.EIO {
		return unix.EFAULT
	}
	return err
}

// readFile reads through /proc/<tid>/mem what process_vm_readv refused to, or,
// where refusal is nil, was not asked for.
func (s *Space) readFile(addr uint64, p []byte, refusal error) (int, error) {
	fd, err := procfs.Open(s.tid, "mem", unix.O_RDONLY)
	switch {
	case err != nil && refusal != nil:
		return 0, fmt.Errorf("%w, and %w", refusal, err)
	case err != nil:
		return 0, err
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Pread(fd, p, int64(addr))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, fileErr(err)
		case n == 0: // the address space has no user left
			return 0, unix.ESRCH
		}
		return n, nil
	}
}

// ReadForce reads len(p) bytes at addr through the program's page protections
// (FOLL_FORCE), from /proc/<tid>/mem: code that may be executed and not read,
// above all. It ends like ReadAt at what is not mapped, and at such a page
// where the kernel does not force (proc_mem.force_override=, Linux 6.12).
func (s *Space) ReadForce(p []byte, addr int64) (int, error) {
	a := uint64(addr)
	if err := s.check("force", a, uint64(len(p))); err != nil {
		return 0, err
	}
	n := 0
	for n < len(p) {
		m, err := s.readFile(a+uint64(n), p[n:], nil)
		if err != nil {
			return n, s.fail("force", a+uint64(n), err)
		}
		n += m
	}
	return n, nil
}

// WriteForce writes p at addr through the program's page protections
// (FOLL_FORCE): a private page that is read-only gets a copy of its own, as a
// debugger needs for breakpoints. Shared mappings that are read-only stay
// unwritable (EFAULT). What came before an error is written.
//
// It writes /proc/<tid>/mem. Where that is refused or does not force (the
// kernel's proc_mem.force_override= since Linux 6.12) it goes on with
// PTRACE_POKEDATA, 8 bytes at a time: that works only on the OS thread that
// traces tid, with tid stopped, and writes the neighbours in a word's first
// and last bytes back as they were read.
func (s *Space) WriteForce(p []byte, addr int64) (int, error) {
	a := uint64(addr)
	if err := s.check("force", a, uint64(len(p))); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, cause := s.writeFile(p, a)
	if cause == nil {
		return n, nil
	}
	if errors.Is(cause, unix.ESRCH) {
		return n, s.fail("force", a+uint64(n), cause)
	}
	m, err := s.poke(p[n:], a+uint64(n))
	n += m
	switch err {
	case nil:
		return n, nil
	case unix.ESRCH:
		// Not this thread's tracee, not stopped, or dead. On an address the
		// first answer stands; a refusal may only mean a zombie (the kernel
		// refuses its mem to the unprivileged), so both are told.
		if err = fileErr(cause); err != unix.EFAULT {
			err = fmt.Errorf("%w, and poke: %w", cause, unix.ESRCH)
		}
	default:
		err = fileErr(err)
	}
	return n, s.fail("force", a+uint64(n), err)
}

func (s *Space) writeFile(p []byte, addr uint64) (int, error) {
	fd, err := procfs.Open(s.tid, "mem", unix.O_RDWR)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	n := 0
	for n < len(p) {
		m, err := unix.Pwrite(fd, p[n:], int64(addr)+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, err
		case m == 0: // the address space has no user left
			return n, unix.ESRCH
		default:
			n += m
		}
	}
	return n, nil
}

// poke writes whole aligned words, which never cross a page: an unaligned
// POKE that does is half done when it fails.
func (s *Space) poke(p []byte, addr uint64) (int, error) {
	n := 0
	for n < len(p) {
		at := addr + uint64(n)
		word := at &^ 7
		off := int(at - word)
		size := min(8-off, len(p)-n)
		var b [8]byte
		if size < len(b) {
			old, err := ptrace.PeekData(s.tid, uintptr(word))
			if err != nil {
				return n, err
			}
			binary.LittleEndian.PutUint64(b[:], old)
		}
		copy(b[off:], p[n:n+size])
		if err := ptrace.PokeData(s.tid, uintptr(word), binary.LittleEndian.Uint64(b[:])); err != nil {
			return n, err
		}
		n += size
	}
	return n, nil
}
