package tracer_test

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func sigqueueinfo(pid, sig int, info *[128]byte) error {
	_, _, e := unix.Syscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(pid), uintptr(sig), uintptr(unsafe.Pointer(info)))
	if e != 0 {
		return e
	}
	return nil
}

func seccompAll(prog *unix.SockFprog) error {
	const setModeFilter, tsync = 1, 1
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, tsync, uintptr(unsafe.Pointer(prog)))
	if e != 0 {
		return e
	}
	return nil
}
