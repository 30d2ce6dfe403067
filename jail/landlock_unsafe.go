package jail

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The Landlock calls are made here and not through a library: the one
// at hand brings libcap's psx with it, which wants cgo.

func landlockVersion() (int, error) {
	r, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

func landlockCreate(fsRights, net, scoped uint64, abi int) (int, error) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: fsRights, Handled_access_net: net, Scoped: scoped}
	size := uintptr(24)
	switch { // kernels before a field existed take the shorter structure
	case abi < 4:
		size = 8
	case abi < 6:
		size = 16
	}
	r, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

func landlockAdd(ruleset int, access uint64, parent int) error {
	attr := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(parent)}
	_, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

func landlockAddPort(ruleset int, access, port uint64) error {
	const rulePort = 2                                  // LANDLOCK_RULE_NET_PORT
	attr := struct{ access, port uint64 }{access, port} // struct landlock_net_port_attr: the port in host order
	_, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), rulePort,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}
