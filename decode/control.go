package decode

import "warder/abi"

// fcntlArg goes by the command (linux/fcntl.h, x86-64's and the generic
// numbers).
var fcntlArg = &shape{doc: "by command: struct flock, struct f_owner_ex, numbers and names", pick: func(d *decoder, _ int) *shape {
	switch d.unsigned(1) {
	case 8, 1027, 1031: // F_SETOWN, F_DUPFD_QUERY, F_SETPIPE_SZ
		return cint
	case 0, 1030: // F_DUPFD, F_DUPFD_CLOEXEC
		return cuint
	case 2:
		return fdFlags
	case 4:
		return statusFlags
	case 6, 7, 13, 14, 37, 38: // F_SETLK, F_SETLKW, their 64-bit and OFD forms
		return lockIn
	case 5, 12, 36: // F_GETLK and its forms
		return lockOut
	case 15:
		return ownerIn
	case 16:
		return ownerOut
	case 10:
		return kinds[abi.Signal]
	case 1024:
		return lockType
	case 1026:
		return notifyFlags
	case 1033:
		return sealFlags
	case 1035, 1037:
		return hintOut
	case 1036, 1038:
		return hintIn
	}
	return hexadecimal
}}

var (
	fdFlags     = set(abi.FDFlags)
	sealFlags   = set(abi.SealFlags)
	lockType    = set(abi.LockTypes)
	notifyFlags = set(abi.NotifyFlags)
	statusFlags = &shape{doc: "names", enter: func(d *decoder, i int) { d.open(uint64(uint32(d.value(i)))) }}
	hintIn      = in("number", int64At)
	hintOut     = out("number", int64At)
	lockIn      = &shape{doc: "struct flock", enter: func(d *decoder, i int) { d.lock(d.value(i), d.unsigned(1), false) }}
	lockOut     = &shape{doc: "struct flock", leave: func(d *decoder, i int) { d.lock(d.value(i), d.unsigned(1), true) }}
	ownerIn     = in("struct f_owner_ex", owner)
	ownerOut    = out("struct f_owner_ex", owner)
)

func owner(d *decoder, addr uint64) {
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{type=")
	d.one([]string{"F_OWNER_TID", "F_OWNER_PID", "F_OWNER_PGRP"}, u32(p, 0))
	d.lit(", pid=")
	d.int32(u32(p, 4))
	d.byte('}')
}

// Commands that read no argument.
func fcntlBare(cmd uint64) bool {
	switch cmd {
	case 1, 3, 9, 11, 1025, 1032, 1034: // F_GETFD, F_GETFL, F_GETOWN, F_GETSIG, F_GETLEASE, F_GETPIPE_SZ, F_GET_SEALS
		return true
	}
	return false
}

func fcntlShown(d *decoder) []uint8 {
	if fcntlBare(d.unsigned(1)) {
		return first(2)
	}
	return first(3)
}

func fcntlResult(d *decoder) {
	switch d.unsigned(1) {
	case 0, 1030: // F_DUPFD, F_DUPFD_CLOEXEC
		resultFD(d)
	case 1: // F_GETFD
		d.hex(d.result)
		d.flagsAside("flags ", abi.FDFlags)
	case 3: // F_GETFL
		d.hex(d.result)
		d.lit(" (flags ")
		d.open(d.result)
		d.byte(')')
	case 11: // F_GETSIG
		d.aside(func() {
			if d.result > 0 && d.result <= 64 {
				d.signal(d.result)
			}
		})
	case 1025: // F_GETLEASE
		d.hex(d.result)
		d.note(func() { d.flags(abi.LockTypes, d.result) })
	case 1034: // F_GET_SEALS
		d.hex(d.result)
		d.flagsAside("seals ", abi.SealFlags)
	default:
		d.int(int64(d.result))
	}
}

// flagsAside adds names behind a result that is not 0.
func (d *decoder) flagsAside(word string, set abi.FlagSet) {
	if d.result != 0 {
		d.lit(" (")
		d.lit(word)
		d.flags(set, d.result)
		d.byte(')')
	}
}

// lock prints a struct flock. A 32-bit program's has 32-bit offsets for the
// first commands and 64-bit ones, unaligned, for the others.
func (d *decoder) lock(addr, cmd uint64, withPID bool) {
	long, at := 8, 8
	if d.word == 4 {
		at = 4
		if cmd < 12 {
			long = 4
		}
	}
	p, ok := d.block(addr, at+2*long+4)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{l_type=")
	d.named(abi.LockTypes, u16(p, 0))
	d.lit(", l_whence=")
	d.named(abi.Whence, u16(p, 2))
	d.lit(", l_start=")
	d.int(field(p[at:], 0, long))
	d.lit(", l_len=")
	d.int(field(p[at:], 1, long))
	if withPID {
		d.lit(", l_pid=")
		d.int32(u32(p, at+2*long))
	}
	d.byte('}')
}
