package decode

import (
	"encoding/binary"
	"strconv"

	"warder/abi"
)

// form says what the last argument of fcntl, ioctl or prctl is.
type form uint8

const (
	formHex form = iota
	formNone
	formInt
	formPointer
	formIntIn   // a pointer to an int that the kernel reads
	formFDFlags // and so on: one of the sets
	formOpenFlags
	formSeals
	formSignal
	formLock
	formLockType
	formByteIn // a pointer to one character
)

// fcntlForm goes by the command (linux/fcntl.h, x86-64's and the generic
// numbers).
func fcntlForm(cmd uint64) form {
	switch cmd {
	case 1, 3, 9, 11, 1025, 1032, 1034: // F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS
		return formNone
	case 0, 8, 1027, 1030, 1031: // F_DUPFD, F_SETOWN, F_DUPFD_QUERY, F_DUPFD_CLOEXEC, F_SETPIPE_SZ
		return formInt
	case 2:
		return formFDFlags
	case 4:
		return formOpenFlags
	case 6, 7, 13, 14, 37, 38: // F_SETLK, F_SETLKW, their 64-bit and OFD forms
		return formLock
	case 5, 12, 36, 15, 16, 1035, 1036, 1037, 1038: // F_GETLK and others through a pointer
		return formPointer
	case 10:
		return formSignal
	case 1024:
		return formLockType
	case 1033:
		return formSeals
	}
	return formHex
}

func (d *decoder) fcntlArg(cmd, v uint64) string {
	switch fcntlForm(cmd) {
	case formInt:
		return decimal(uint64(int32(v)))
	case formFDFlags:
		return named(abi.FDFlags, v)
	case formOpenFlags:
		if d.arch == abi.AArch64 {
			return abi.OpenFlagsARM.Format(uint64(uint32(v)))
		}
		return abi.OpenFlags.Format(uint64(uint32(v)))
	case formSeals:
		return named(abi.SealFlags, v)
	case formSignal:
		return signal(v)
	case formLockType:
		return named(abi.LockTypes, v)
	case formPointer:
		return pointer(v)
	case formLock:
		return d.flock(v, cmd >= 12)
	}
	return hex(v)
}

// flock prints a struct flock. A 32-bit program's has 32-bit offsets for the
// first commands and 64-bit ones, unaligned, for the others.
func (d *decoder) flock(addr uint64, wide bool) string {
	long, at := 8, 8
	if d.word == 4 {
		at = 4
		if !wide {
			long = 4
		}
	}
	p, ok := d.block(addr, at+2*long)
	if !ok {
		return pointer(addr)
	}
	number := func(p []byte) string {
		if long == 4 {
			return strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(p))), 10)
		}
		return strconv.FormatInt(int64(binary.LittleEndian.Uint64(p)), 10)
	}
	return "{l_type=" + named(abi.LockTypes, uint64(binary.LittleEndian.Uint16(p))) +
		", l_whence=" + named(abi.Whence, uint64(binary.LittleEndian.Uint16(p[2:]))) +
		", l_start=" + number(p[at:]) + ", l_len=" + number(p[at+long:]) + "}"
}

// ioctlForm knows the requests of asm-generic/ioctls.h that a compute program
// or an attacker makes.
func ioctlForm(cmd uint64) form {
	switch cmd {
	case 0x5450, 0x5451, 0x540c, 0x540d, 0x5422, 0x541d, 0x5427, 0x5428, 0x5437: // FIONCLEX, FIOCLEX, TIOCEXCL, TIOCNXCL, TIOCNOTTY, TIOCCONS, TIOCSBRK, TIOCCBRK, TIOCVHANGUP
		return formNone
	case 0x5421, 0x5452, 0x5410, 0x5423, 0x5431, 0x5420: // FIONBIO, FIOASYNC, TIOCSPGRP, TIOCSETD, TIOCSPTLCK, TIOCPKT
		return formIntIn
	case 0x540e, 0x5409, 0x540a, 0x540b, 0x5425: // TIOCSCTTY, TCSBRK, TCXONC, TCFLSH, TCSBRKP
		return formInt
	case 0x5412: // TIOCSTI
		return formByteIn
	case 0x541b, 0x5411, 0x540f, 0x5429, 0x5413: // FIONREAD, TIOCOUTQ, TIOCGPGRP, TIOCGSID, TIOCGWINSZ
		return formPointer
	}
	return formHex
}

func (d *decoder) ioctlArg(cmd, v uint64) string {
	switch ioctlForm(cmd) {
	case formInt:
		return decimal(uint64(int32(v)))
	case formIntIn:
		return d.intAt(v)
	case formByteIn:
		if p, ok := d.block(v, 1); ok {
			return string(quote(nil, p))
		}
		return pointer(v)
	case formPointer:
		return pointer(v)
	}
	return hex(v)
}

// intAt prints an int behind a pointer in brackets.
func (d *decoder) intAt(addr uint64) string {
	p, ok := d.block(addr, 4)
	if !ok {
		return pointer(addr)
	}
	return "[" + strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(p))), 10) + "]"
}

// prctl options (linux/prctl.h) that are printed in their own way.
const (
	prSetPDeathSig  = 1
	prSetDumpable   = 4
	prSetKeepCaps   = 8
	prSetName       = 15
	prGetName       = 16
	prSetSeccomp    = 22
	prCapBSetRead   = 23
	prCapBSetDrop   = 24
	prSetTSC        = 26
	prSetTimerSlack = 29
	prSetSubreaper  = 36
	prNoNewPrivs    = 38
	prSetTHP        = 41
	prCapAmbient    = 47
	prSetVMA        = 0x53564d41
)

// prctlCount says how many arguments are printed, the option included, where
// it is not all five.
func prctlCount(option uint64) (n int, ok bool) {
	switch option {
	case 3, 7, 14, 21, 27, 30, 31, 32, 34: // those that only ask or switch and read nothing
		return 1, true
	case prSetSeccomp:
		return 3, true
	case prSetPDeathSig, 2, prSetDumpable, 5, 6, prSetKeepCaps, 9, 10, 11, 12, 13, prSetName, prGetName, 19, 20,
		prCapBSetRead, prCapBSetDrop, 25, prSetTSC, 28, prSetTimerSlack, prSetSubreaper, 37, 40:
		return 2, true
	}
	return 0, false
}

func (d *decoder) prctlArg(i int, v uint64) (string, bool) {
	option := d.unsigned(0)
	switch {
	case i == 0:
		return "", false
	case i == 1:
		switch option {
		case prSetName:
			return d.str(v), true
		case 2, 5, 9, 11, prGetName, 19, 25, 37, 40:
			return pointer(v), true // where the kernel writes its answer
		case prSetPDeathSig:
			return signal(v), true
		case prSetDumpable:
			names := [...]string{"SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"}
			if v < uint64(len(names)) {
				return names[v], true
			}
		case prSetSeccomp:
			return named(abi.SeccompModes, v), true
		case prCapBSetRead, prCapBSetDrop:
			return named(abi.Capabilities, v), true
		case prSetTSC:
			return named(abi.TSCModes, v), true
		case prCapAmbient:
			return named(abi.AmbientOps, v), true
		case prSetVMA:
			if v == 0 {
				return "PR_SET_VMA_ANON_NAME", true
			}
		case prSetKeepCaps, prSetTimerSlack, prSetSubreaper, prNoNewPrivs, prSetTHP:
			return strconv.FormatUint(v, 10), true
		}
	case option == prSetSeccomp && i == 2 && d.value(1) == 2: // SECCOMP_MODE_FILTER
		return d.program(v), true
	case option == prCapAmbient && i == 2:
		return named(abi.Capabilities, v), true
	case option == prSetVMA && i == 3:
		return strconv.FormatUint(v, 10), true
	case option == prSetVMA && i == 4:
		return d.str(v), true
	}
	return hex(v), true
}
