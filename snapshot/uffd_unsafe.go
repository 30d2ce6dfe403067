package snapshot

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// userfaultfd(2): its flags, and what of it is used (include/uapi/linux/userfaultfd.h).
const (
	// userModeOnly is what a program without privileges may have. It is enough:
	// with asynchronous write protection the kernel's own writes are resolved
	// and counted like others.
	userModeOnly = 1

	ioctlUffdAPI      = 0xc018aa3f // UFFDIO_API
	ioctlUffdRegister = 0xc020aa00 // UFFDIO_REGISTER
	ioctlUffdProtect  = 0xc018aa06 // UFFDIO_WRITEPROTECT

	uffdVersion = 0xaa
	// pagefault-flag-wp, wp-hugetlbfs-shmem, wp-unpopulated, wp-async (Linux 6.7)
	uffdFeatures = 1<<0 | 1<<12 | 1<<13 | 1<<15

	uffdModeWriteProtect = 1 << 1
)

func uffdAPI(fd int) error {
	arg := struct{ api, features, ioctls uint64 }{api: uffdVersion, features: uffdFeatures}
	return ioctl(fd, ioctlUffdAPI, unsafe.Pointer(&arg))
}

// uffdRegister watches a range, which must be mapped, for writes, and takes
// the protection from its pages. Some may have it left: when mremap(2) moves a
// watched mapping so that the kernel joins it with another, the whole is not
// watched from then on (mremap_userfaultfd_prep, fs/userfaultfd.c), and the
// pages that did not move stay marked, also when they are written.
func uffdRegister(fd int, start, end uint64) error {
	arg := struct{ start, len, mode, ioctls uint64 }{start: start, len: end - start, mode: uffdModeWriteProtect}
	if err := ioctl(fd, ioctlUffdRegister, unsafe.Pointer(&arg)); err != nil {
		return err
	}
	off := struct{ start, len, mode uint64 }{start: start, len: end - start}
	return ioctl(fd, ioctlUffdProtect, unsafe.Pointer(&off))
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
	if e != 0 {
		return e
	}
	return nil
}
