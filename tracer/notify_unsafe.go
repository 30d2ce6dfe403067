package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif of include/uapi/linux/seccomp.h.
type notification struct {
	ID    uint64
	TID   uint32 // the caller, as this process's pid namespace has it
	Flags uint32
	Nr    int32
	Arch  uint32
	IP    uint64
	Args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	ID    uint64
	Value int64
	Error int32 // 0 or a negative errno
	Flags uint32
}

// receive takes the next notification of a listener. ENOENT: its caller was
// killed, or interrupted, meanwhile.
func receive(listener int, n *notification) error {
	*n = notification{} // the kernel wants it zeroed
	return ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
}

// send answers one. ENOENT: its caller does not wait for it any more.
func send(listener int, r *response) error {
	return ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r))
}

// waits reports whether the caller of a notification still waits for its
// answer: what was read of its memory was its own then, and not that of a
// stranger who has its id.
func waits(listener int, id uint64) bool {
	return ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) == nil
}

func ioctl(listener int, request uintptr, arg unsafe.Pointer) error {
	for {
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), request, uintptr(arg))
		switch e {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return e
		}
	}
}

// bytesOf is a struct stat as the kernel lays it out.
func bytesOf(st *unix.Stat_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}
