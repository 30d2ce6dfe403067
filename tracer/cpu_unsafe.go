package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// getcpu is the core that the calling thread runs on.
func getcpu() (int, error) {
	var cpu uint32
	if _, _, e := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); e != 0 {
		return 0, e
	}
	return int(cpu), nil
}
