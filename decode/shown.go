package decode

// Bits of open's flags that make it read a mode; x86 and ARM agree on them.
const (
	oCreat   = 0o100
	oTmpfile = 0o20000000 // __O_TMPFILE, without O_DIRECTORY
)

// Bits of clone's flags that make it read further arguments (linux/sched.h).
const (
	cloneParentSet  = 0x00100000
	clonePIDFD      = 0x00001000
	cloneSetTLS     = 0x00080000
	cloneChildSet   = 0x01000000
	cloneChildClear = 0x00200000
)

const mremapFixed = 2 | 4 // MREMAP_FIXED, MREMAP_DONTUNMAP

// order is the first n positions.
func order(n int) []int {
	positions := [...]int{0, 1, 2, 3, 4, 5}
	return positions[:min(max(n, 0), len(positions))]
}

// shown lists the positions of the arguments to print, in strace's order:
// those that the kernel reads for this operation.
func (d *decoder) shown() []int {
	all := len(d.sig.Args)
	switch d.sig.Name {
	case "open", "openat", "mq_open":
		return order(all - d.unusedOpen())
	case "clone":
		return d.shownClone()
	case "fcntl", "fcntl64":
		if fcntlForm(d.unsigned(1)) == formNone {
			return order(2)
		}
	case "ioctl":
		if ioctlForm(d.unsigned(1)) == formNone {
			return order(2)
		}
	case "futex", "futex_time64":
		return shownFutex(d.unsigned(1))
	case "prctl":
		if n, ok := prctlCount(d.unsigned(0)); ok {
			return order(n)
		}
	case "ptrace":
		if n, ok := ptraceCount(d.unsigned(0)); ok {
			return order(n)
		}
	case "mremap":
		if d.unsigned(3)&mremapFixed == 0 {
			return order(4)
		}
	case "mknod", "mknodat":
		if i, ok := d.sig.Arg("mode"); ok && !hasDevice(d.unsigned(i)) {
			return order(all - 1)
		}
	case "preadv", "pwritev":
		// On 64-bit machines the offset is whole in the first of its two
		// registers and the second is not read.
		if d.word == 8 {
			return order(4)
		}
	case "preadv2", "pwritev2":
		if d.word == 8 {
			return []int{0, 1, 2, 3, 5}
		}
	case "reboot":
		const restart2 = 0xa1b2c3d4 // the only command with a string
		if d.unsigned(2) != restart2 {
			return order(3)
		}
	}
	return order(all)
}

// unusedOpen is how many trailing arguments an open does not read.
func (d *decoder) unusedOpen() int {
	for i, a := range d.sig.Args {
		if a.Name != "flags" && a.Name != "oflag" {
			continue
		}
		if d.unsigned(i)&(oCreat|oTmpfile) != 0 {
			return 0
		}
		return len(d.sig.Args) - i - 1
	}
	return 0
}

func (d *decoder) shownClone() []int {
	flags := d.unsigned(0)
	positions := []int{1, 0}
	for _, want := range [...]struct {
		bits uint64
		name string
	}{
		{cloneParentSet | clonePIDFD, "parent_tidptr"},
		{cloneSetTLS, "tls"},
		{cloneChildSet | cloneChildClear, "child_tidptr"},
	} {
		if i, ok := d.sig.Arg(want.name); ok && flags&want.bits != 0 {
			positions = append(positions, i)
		}
	}
	return positions
}

// Futex commands, without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME
// (linux/futex.h).
const (
	futexWait          = 0
	futexWake          = 1
	futexRequeue       = 3
	futexCmpRequeue    = 4
	futexWakeOp        = 5
	futexLockPI        = 6
	futexUnlockPI      = 7
	futexTrylockPI     = 8
	futexWaitBitset    = 9
	futexWakeBitset    = 10
	futexWaitRequeuePI = 11
	futexCmpRequeuePI  = 12
	futexLockPI2       = 13
	futexCommand       = 0x7f
)

func shownFutex(op uint64) []int {
	switch op & futexCommand {
	case futexWait:
		return order(4)
	case futexWake:
		return order(3)
	case futexRequeue:
		return order(5)
	case futexLockPI, futexLockPI2:
		return []int{0, 1, 3}
	case futexUnlockPI, futexTrylockPI:
		return order(2)
	case futexWaitBitset:
		return []int{0, 1, 2, 3, 5}
	case futexWakeBitset:
		return []int{0, 1, 2, 5}
	case futexWaitRequeuePI:
		return order(5)
	}
	return order(6)
}

// ptraceCount says how many arguments a request takes where it is not four.
func ptraceCount(request uint64) (n int, ok bool) {
	switch request {
	case 0: // PTRACE_TRACEME
		return 1, true
	case 8, 16, 0x4207: // PTRACE_KILL, PTRACE_ATTACH, PTRACE_INTERRUPT
		return 2, true
	}
	return 0, false
}

func hasDevice(mode uint64) bool {
	kind := mode & sIFMT
	return kind == 0o020000 || kind == 0o060000 // S_IFCHR, S_IFBLK
}
