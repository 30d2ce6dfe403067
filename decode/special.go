package decode

import (
	"strconv"
	"strings"

	"warder/abi"
)

// Address families whose protocols or addresses are decoded.
const (
	afUnix    = 1
	afInet    = 2
	afInet6   = 10
	afNetlink = 16
	afPacket  = 17
)

const (
	solSocket = 1
	solTCP    = 6
	sIFMT     = 0o170000
)

// special prints the arguments whose meaning depends on another argument or
// that are structures of one call only.
func (d *decoder) special(i int) (text string, ok bool) {
	name, arg := d.sig.Name, d.sig.Args[i].Name
	v := d.value(i)
	switch name {
	case "fcntl", "fcntl64":
		if i == 2 {
			return d.fcntlArg(d.unsigned(1), v), true
		}
	case "ioctl":
		if i == 2 {
			return d.ioctlArg(d.unsigned(1), v), true
		}
	case "futex", "futex_time64":
		return d.futexArg(i, v)
	case "prctl":
		return d.prctlArg(i, v)
	case "ptrace":
		return d.ptraceArg(i, v)
	case "mmap", "mmap2":
		if arg == "off" || arg == "pgoff" {
			return hex(v), true
		}
	case "mknod", "mknodat":
		if arg == "mode" {
			return nodeMode(v), true
		}
	case "socket", "socketpair":
		if arg == "protocol" {
			return protocol(d.unsigned(0), v), true
		}
	case "setsockopt", "getsockopt":
		if arg == "optname" {
			return sockOption(d.unsigned(1), d.unsigned(2)), true
		}
		if name == "setsockopt" && arg == "optval" {
			return d.optval(v), true
		}
	case "seccomp":
		return d.seccompArg(i, v)
	case "poll", "ppoll", "ppoll_time64":
		if arg == "ufds" {
			return d.pollfds(v, d.unsigned(1)), true
		}
	case "epoll_ctl":
		if arg == "event" && d.value(1) != 2 { // EPOLL_CTL_DEL ignores it
			return d.epollEvent(v), true
		}
	case "prlimit64", "setrlimit":
		if arg == "new_rlim" || arg == "rlim" {
			return d.rlimit(v), true
		}
	case "clone3":
		if i == 0 {
			return d.cloneArgs(v, d.value(1)), true
		}
	case "openat2":
		if arg == "how" {
			return d.openHow(v, d.value(3)), true
		}
	case "personality":
		if d.unsigned(0) == 1<<32-1 { // asks and changes nothing
			return "0xffffffff", true
		}
	case "shmget", "semget", "msgget":
		if arg == "key" && v == 0 {
			return "IPC_PRIVATE", true
		}
	case "statx":
		if arg == "flags" {
			return statxFlags(d.unsigned(i)), true
		}
	case "mount":
		if arg == "data" {
			return d.str(v), true
		}
	}
	return "", false
}

// nodeMode prints a mode with a file type.
func nodeMode(v uint64) string {
	types := [...]string{1: "S_IFIFO", 2: "S_IFCHR", 4: "S_IFDIR", 6: "S_IFBLK", 8: "S_IFREG", 10: "S_IFLNK", 12: "S_IFSOCK"}
	if kind := v & sIFMT >> 12; kind < uint64(len(types)) && types[kind] != "" {
		return types[kind] + "|" + mode(v&^sIFMT)
	}
	return mode(v)
}

func protocol(family, v uint64) string {
	switch family {
	case afInet, afInet6:
		return named(abi.SocketProtocols, v)
	case afNetlink:
		return named(abi.NetlinkProtocols, v)
	case afPacket:
		// The protocol is a big-endian Ethernet type.
		return "htons(" + hex(v>>8&0xff|v&0xff<<8) + ")"
	}
	return decimal(v)
}

func sockOption(level, v uint64) string {
	switch level {
	case solSocket:
		return named(abi.SockOptions, v)
	case solTCP:
		return named(abi.TCPOptions, v)
	}
	return hex(v)
}

// statxFlags prints the two synchronisation bits first, even when neither is
// set: that is a choice too.
func statxFlags(v uint64) string {
	const sync = 0x6000 // AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC
	names := [...]string{"AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC", "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC"}
	text := names[v&sync>>13]
	if rest := v &^ sync; rest != 0 {
		text += "|" + abi.AtFlags.Format(rest)
	}
	return text
}

// named prints a value of a set, and beside a number without a name strace's
// comment.
func named(set abi.FlagSet, v uint64) string {
	text := set.Format(v)
	if strings.HasPrefix(text, "0x") && !strings.Contains(text, "|") {
		if unknown := set.Unknown(); unknown != "" {
			text += " /* " + unknown + " */"
		}
	}
	return text
}

func (d *decoder) futexArg(i int, v uint64) (string, bool) {
	command := d.unsigned(1) & futexCommand
	switch i {
	case 3:
		switch command {
		case futexWait, futexLockPI, futexLockPI2, futexWaitBitset, futexWaitRequeuePI:
			return "", false // a timeout
		case futexRequeue, futexCmpRequeue, futexWakeOp, futexCmpRequeuePI:
			return strconv.FormatUint(uint64(uint32(v)), 10), true // val2, an int in the pointer's place
		}
		return hex(v), true
	case 4:
		if command > futexLockPI2 {
			return hex(v), true
		}
	case 5:
		switch command {
		case futexWakeOp:
			return futexOperation(v), true
		case futexCmpRequeue, futexCmpRequeuePI:
			return "", false
		case futexWaitBitset, futexWakeBitset:
			if uint32(v) == 1<<32-1 {
				return "FUTEX_BITSET_MATCH_ANY", true
			}
		}
		return hex(v), true
	}
	return "", false
}

// futexOperation prints FUTEX_WAKE_OP's encoded operation and comparison.
func futexOperation(v uint64) string {
	ops := [...]string{"FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"}
	compares := [...]string{"FUTEX_OP_CMP_EQ", "FUTEX_OP_CMP_NE", "FUTEX_OP_CMP_LT", "FUTEX_OP_CMP_LE", "FUTEX_OP_CMP_GT", "FUTEX_OP_CMP_GE"}
	pick := func(names []string, n uint64) string {
		if n < uint64(len(names)) {
			return names[n]
		}
		return hex(n)
	}
	shift := ""
	if v>>28&8 != 0 {
		shift = "FUTEX_OP_OPARG_SHIFT<<28|"
	}
	return shift + pick(ops[:], v>>28&7) + "<<28|" + hex(v>>12&0xfff) + "<<12|" + pick(compares[:], v>>24&15) + "<<24|" + hex(v&0xfff)
}

func (d *decoder) ptraceArg(i int, v uint64) (string, bool) {
	request := d.unsigned(0)
	switch i {
	case 2:
		return pointer(v), true
	case 3:
		switch request {
		case 0x4200, 0x4206: // PTRACE_SETOPTIONS, PTRACE_SEIZE
			return named(abi.PtraceOptions, v), true
		case 7, 9, 17, 24, 0x4208: // PTRACE_CONT and the like: the signal to deliver
			return signal(v), true
		}
		return pointer(v), true
	}
	return "", false
}

func (d *decoder) seccompArg(i int, v uint64) (string, bool) {
	const setStrict, setFilter = 0, 1
	op := d.unsigned(0)
	switch {
	case i == 1 && op != setFilter:
		return hex(v), true
	case i == 2 && op == setFilter:
		return d.program(v), true
	case i == 2 && op == setStrict:
		return pointer(v), true
	}
	return "", false
}
