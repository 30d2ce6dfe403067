package procfs

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openat is openat(2) on a NUL-ended path in the caller's array:
// unix.Openat would copy a string to the heap on every reading.
func openat(dir int, path *[maxPath]byte, flags int) (int, syscall.Errno) {
	fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(path)), uintptr(flags), 0, 0, 0)
	if e != 0 {
		return -1, e
	}
	return int(fd), 0
}
