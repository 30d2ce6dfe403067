package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"warder/internal/procfs"
	"warder/memory"
	"warder/regs"
)

// Bounds on the walk over a new program's stack. The kernel gives argument and
// environment strings with their pointers at most 3/4 of 8 MiB, whatever
// RLIMIT_STACK says (bprm_set_stack_limits, fs/exec.c), and each string has a
// byte at least; the auxiliary vector has some 25 entries.
const (
	startPage   = 4096 // as much as is read at once; every page size is a multiple
	maxStart    = 6<<20 + 2*startPage
	maxAuxCount = 128
)

// compatCS is the code segment that the kernel gives a 32-bit image on x86-64
// (__USER32_CS); its stack is made of 4-byte words.
const compatCS = 0x23

var errStart = errors.New("its arguments, environment and auxiliary vector are not as the kernel lays them out")

// hideVDSO makes every reading of a clock by t's new image a call, where the
// policy says so: it must run at the exec stop. The auxiliary vector on the
// program's stack tells libraries where the vDSO is (AT_SYSINFO_EHDR); retyped
// to AT_IGNORE they do not find it and make the call. The type, and not the
// address, is changed: musl follows a null address.
//
// The vDSO stays mapped, and a program that looks for it in its memory finds
// it.
func (s *session) hideVDSO(t *task) error {
	if !s.policy.Policy.Time.Visible {
		return nil
	}
	r, err := regs.Read(t.tid)
	if err != nil {
		return err
	}
	w := startStack{space: memory.Of(t.tid), next: r.SP(), end: r.SP() + maxStart, word: 8}
	if cs, ok := r.Get("cs"); ok && cs == compatCS {
		w.word = 4
	}
	if err := w.hide(); err != nil {
		return &Error{"hide the vDSO", t.tid, err}
	}
	return nil
}

// startStack walks over the words with which an image begins: argc, the
// arguments and a zero, the environment and a zero, the auxiliary vector. The
// numbers of all of them are the program's choice, and another process that
// may write to this one can change them meanwhile: nothing of it is trusted.
type startStack struct {
	space     *memory.Space
	next, end uint64 // address of the next word; none at or above end is looked at
	word      int    // 8 or 4 bytes
	page      [startPage]byte
	left      []byte // of page, not yet taken
}

// take gives the next word.
func (w *startStack) take() (uint64, error) {
	if len(w.left) < w.word {
		// Up to the end of a page, so that what is unmapped behind the stack
		// is never asked for.
		n := startPage - w.next%startPage
		if w.next+n > w.end || int(n) < w.word {
			return 0, errStart
		}
		w.left = w.page[:n]
		if _, err := w.space.ReadAt(w.left, int64(w.next)); err != nil {
			return 0, err
		}
	}
	var v uint64
	if w.word == 8 {
		v = binary.LittleEndian.Uint64(w.left)
	} else {
		v = uint64(binary.LittleEndian.Uint32(w.left))
	}
	w.left = w.left[w.word:]
	w.next += uint64(w.word)
	return v, nil
}

// skip goes to the word at addr, at or above the next one.
func (w *startStack) skip(addr uint64) error {
	if addr < w.next || addr >= w.end {
		return errStart
	}
	if n := addr - w.next; n < uint64(len(w.left)) {
		w.left = w.left[n:]
	} else {
		w.left = nil
	}
	w.next = addr
	return nil
}

// hide retypes AT_SYSINFO_EHDR. A kernel without a vDSO gives none.
func (w *startStack) hide() error {
	argc, err := w.take()
	if err != nil {
		return err
	}
	if argc > maxStart {
		return errStart
	}
	if err := w.skip(w.next + (argc+1)*uint64(w.word)); err != nil {
		return err
	}
	for v := uint64(1); v != 0; {
		if v, err = w.take(); err != nil {
			return err
		}
	}
	for range maxAuxCount {
		at := w.next
		key, err := w.take()
		if err != nil || key == procfs.AtNull {
			return err
		}
		if key == procfs.AtSysinfoEhdr {
			var ignore [8]byte
			ignore[0] = procfs.AtIgnore
			if _, err := w.space.WriteAt(ignore[:w.word], int64(at)); err != nil {
				return err
			}
		}
		if _, err := w.take(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: no end of the auxiliary vector", errStart)
}
