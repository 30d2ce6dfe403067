package procfs

import (
	"bytes"
	"os"
	"strconv"
)

// Caught returns the signals that a thread's process handles or ignores, bit
// n-1 for signal n (SigCgt and SigIgn of /proc/<tid>/status).
func Caught(tid int) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return 0, &Error{"read", tid, "status", err}
	}
	var caught uint64
	for _, field := range [...]string{"\nSigCgt:", "\nSigIgn:"} {
		_, rest, ok := bytes.Cut(b, []byte(field))
		if !ok {
			return 0, &Error{"read", tid, "status", ErrMalformed}
		}
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		bits, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return 0, &Error{"read", tid, "status", ErrMalformed}
		}
		caught |= bits
	}
	return caught, nil
}
