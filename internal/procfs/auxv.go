package procfs

import (
	"encoding/binary"
	"math"

	"golang.org/x/sys/unix"
)

// Keys of the auxiliary vector (getauxval(3), include/uapi/linux/auxvec.h).
const (
	AtNull        = 0
	AtIgnore      = 1  // to be skipped: what a supervisor retypes an entry to
	AtPhdr        = 3  // address of the executable's program headers
	AtPhent       = 4  // size of one
	AtPhnum       = 5  // how many
	AtBase        = 7  // load address of the interpreter; 0 or absent when static
	AtEntry       = 9  // the executable's own entry point, reached after the interpreter
	AtRandom      = 25 // address of 16 random bytes
	AtExecFn      = 31 // address of the path given to execve
	AtSysinfoEhdr = 33 // address of the vDSO
)

// AuxEntry is one entry of the auxiliary vector.
type AuxEntry struct {
	Key, Value uint64
}

// Auxv returns the auxiliary vector that the kernel gave the process at its
// last execve, without the AT_NULL at its end, from /proc/<pid>/auxv. This is
// the kernel's copy: it does not show what was changed on the program's
// stack, but a program with CAP_SYS_RESOURCE may replace it
// (PR_SET_MM_AUXV), so after the exec-stop it is advice.
//
// A process without memory (a zombie) is an error that is unix.ESRCH, or
// fs.ErrPermission to a supervisor without CAP_SYS_PTRACE. In the midst of an
// execve, between the new memory and the filling of it, there is no vector
// yet: unix.EAGAIN. (Go's os/exec and syscall.ForkExec return in that window;
// at PTRACE_EVENT_EXEC it is over.)
func Auxv(pid int) ([]AuxEntry, error) {
	var buf [4096]byte // AT_VECTOR_SIZE is some 50 words
	n, err := readAll(pid, "auxv", buf[:])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, &Error{"read", pid, "auxv", unix.ESRCH}
	}
	entries, ok := parseAuxv(buf[:n])
	if !ok {
		return nil, &Error{"read", pid, "auxv", ErrMalformed}
	}
	if len(entries) == 0 { // the kernel never makes one without entries
		return nil, &Error{"read", pid, "auxv", unix.EAGAIN}
	}
	return entries, nil
}

// parseAuxv reads pairs of 8-byte words or, for a 32-bit process, of 4-byte
// ones. The file does not say which; but keys are small, and a pair of 4-byte
// words read as one key is not, unless its value is 0.
func parseAuxv(b []byte) ([]AuxEntry, bool) {
	if e, ok := auxPairs(b, 8); ok {
		return e, true
	}
	return auxPairs(b, 4)
}

func auxPairs(b []byte, word int) ([]AuxEntry, bool) {
	var entries []AuxEntry
	for ; len(b) >= 2*word; b = b[2*word:] {
		var e AuxEntry
		if word == 8 {
			e = AuxEntry{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
		} else {
			e = AuxEntry{uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))}
		}
		if e.Key == AtNull {
			return entries, true
		}
		// No key is above 51 (AT_MINSIGSTKSZ); leave room for new ones.
		if e.Key > math.MaxUint16 {
			return nil, false
		}
		entries = append(entries, e)
	}
	return nil, false
}

// AuxValue returns the value of the first entry with key.
func AuxValue(entries []AuxEntry, key uint64) (uint64, bool) {
	for _, e := range entries {
		if e.Key == key {
			return e.Value, true
		}
	}
	return 0, false
}
