package decode

import "warder/abi"

// request prints an ioctl's request by name, or by the fields of its number:
// direction, type, number and size (asm-generic/ioctl.h). Where two drivers
// use one number strace says both.
func (d *decoder) request(names abi.FlagSet, v uint64) {
	switch v {
	case 0x5402, 0x5403, 0x5404:
		d.lit([...]string{"SNDCTL_TMR_START or ", "SNDCTL_TMR_STOP or ", "SNDCTL_TMR_CONTINUE or "}[v-0x5402])
	case 0x40049409, 0x4020940d, 0xc0189436:
		d.lit(map[uint64]string{0x40049409: "BTRFS_IOC_CLONE or ", 0x4020940d: "BTRFS_IOC_CLONE_RANGE or ", 0xc0189436: "BTRFS_IOC_FILE_EXTENT_SAME or "}[v])
	}
	start := len(d.out)
	d.flags(names, v)
	if v != 0 && d.out[start] != '0' {
		return
	}
	d.out = d.out[:start]
	d.lit("_IOC(")
	d.lit([...]string{"_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"}[v>>30&3])
	for _, part := range [...]uint64{v >> 8 & 0xff, v & 0xff, v >> 16 & 0x3fff} {
		d.lit(", ")
		d.hex(part)
	}
	d.byte(')')
}

// ioctlArg goes by the request (asm-generic/ioctls.h, linux/fs.h,
// linux/sockios.h).
var ioctlArg = &shape{doc: "by request: struct termios, struct winsize, struct ifreq, numbers and names; of other requests the address", pick: func(d *decoder, _ int) *shape {
	switch d.unsigned(1) {
	case 0x5401, 0x802c542a: // TCGETS, TCGETS2
		return termiosOut
	case 0x5402, 0x5403, 0x5404, 0x402c542b, 0x402c542c, 0x402c542d: // TCSETS and its forms
		return termiosIn
	case 0x5413:
		return winsizeOut
	case 0x5414:
		return winsizeIn
	case 0x5421, 0x5452, 0x5410, 0x5423, 0x40045431, 0x5420, 0x8901, 0x8902: // FIONBIO, FIOASYNC, TIOCSPGRP, TIOCSETD, TIOCSPTLCK, TIOCPKT, FIOSETOWN, SIOCSPGRP
		return intIn
	case 0x541b, 0x5411, 0x540f, 0x5429, 0x5424, 0x80045430, 0x80045438, 0x80045439, 0x80045440, 0x8903, 0x8904:
		// FIONREAD, TIOCOUTQ, TIOCGPGRP, TIOCGSID, TIOCGETD, TIOCGPTN, TIOCGPKT, TIOCGPTLCK, TIOCGEXCL, FIOGETOWN, SIOCGPGRP
		return intOut
	case 0x540e, 0x5409, 0x5425, 0x40049409, 0x40045436: // TIOCSCTTY, TCSBRK, TCSBRKP, FICLONE, TIOCSIG
		return cint
	case 0x540a:
		return flowControl
	case 0x540b:
		return flushQueue
	case 0x5412: // TIOCSTI
		return characterIn
	case 0x80086601: // FS_IOC_GETFLAGS
		return inodeOut
	case 0x40086602: // FS_IOC_SETFLAGS
		return inodeIn
	case 0x8913, 0x8915, 0x8921, 0x8927, 0x8933: // SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX
		return interfaceOut
	case 0x5415: // TIOCMGET
		return modemOut
	}
	return ioctlOther
}}

var (
	intIn      = in("number", intAt)
	intOut     = out("number", intAt)
	termiosIn  = in("struct termios", termios)
	termiosOut = out("struct termios", termios)
	winsizeIn  = in("struct winsize", winsize)
	winsizeOut = out("struct winsize", winsize)
	modemOut   = out("names", func(d *decoder, addr uint64) {
		d.bracket(addr, 4, func(p []byte) { d.named(abi.ModemLines, u32(p, 0)) })
	})
	flowControl = names("TCOOFF", "TCOON", "TCIOFF", "TCION")
	flushQueue  = names("TCIFLUSH", "TCOFLUSH", "TCIOFLUSH")
	characterIn = in("byte", func(d *decoder, addr uint64) {
		if p, ok := d.block(addr, 1); ok {
			d.out = quote(d.out, p)
			return
		}
		d.pointer(addr)
	})
	inodeOut   = out("names", inodeFlags)
	inodeIn    = in("names", inodeFlags)
	ioctlOther = &shape{doc: "number", enter: hexadecimal.enter, after: true}
	// An interface's name is read, the rest of the structure is the answer.
	interfaceOut = &shape{doc: "struct ifreq", leave: ifreq, failed: true}
)

// Requests that have no argument.
func ioctlShown(d *decoder) []uint8 {
	switch d.unsigned(1) {
	case 0x5450, 0x5451, 0x540c, 0x540d, 0x5422, 0x541d, 0x5427, 0x5428, 0x5437, 0xb701, 0xb702, 0xb703, 0x4c82, 0x2400, 0x2401, 0x125f, 0x5206, 0x5207:
		// FIONCLEX, FIOCLEX, TIOCEXCL, TIOCNXCL, TIOCNOTTY, TIOCCONS, TIOCSBRK, TIOCCBRK, TIOCVHANGUP, NS_GET_USERNS, NS_GET_PARENT,
		// NS_GET_NSTYPE, LOOP_CTL_GET_FREE, PERF_EVENT_IOC_ENABLE, _DISABLE, BLKRRPART, RNDCLEARPOOL, RNDRESEEDCRNG
		return first(2)
	}
	return first(3)
}

func ioctlResult(d *decoder) {
	switch d.unsigned(1) {
	case 0xb701, 0xb702: // NS_GET_USERNS, NS_GET_PARENT
		resultFD(d)
	default:
		d.int(int64(d.result))
	}
}

func winsize(d *decoder, addr uint64) {
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	for i, name := range [...]string{"{ws_row=", ", ws_col=", ", ws_xpixel=", ", ws_ypixel="} {
		d.lit(name)
		d.uint(u16(p, 2*i))
	}
	d.byte('}')
}

// termios prints the kernel's structure: four words of flags, then a line
// discipline and control characters, which strace leaves out.
func termios(d *decoder, addr uint64) {
	p, ok := d.block(addr, 36)
	if !ok {
		d.pointer(addr)
		return
	}
	for i, part := range [...]struct {
		name string
		set  abi.FlagSet
	}{
		{"{c_iflag=", abi.TermInput},
		{", c_oflag=", abi.TermOutput},
		{", c_cflag=", abi.TermControl},
		{", c_lflag=", abi.TermLocal},
	} {
		d.lit(part.name)
		v := u32(p, 4*i)
		switch part.set {
		case abi.TermOutput:
			d.delays(v)
		case abi.TermControl:
			d.speed(v)
		default:
			d.bits(part.set, v)
		}
	}
	d.lit(", ...}")
}

// delays prints output flags: six small enumerations, then bits.
func (d *decoder) delays(v uint64) {
	for i, f := range [...]struct {
		mask  uint64
		names [4]string
	}{
		{0x100, [4]string{"NL0", "NL1"}},
		{0x600, [4]string{"CR0", "CR1", "CR2", "CR3"}},
		{0x1800, [4]string{"TAB0", "TAB1", "TAB2", "XTABS"}},
		{0x2000, [4]string{"BS0", "BS1"}},
		{0x4000, [4]string{"VT0", "VT1"}},
		{0x8000, [4]string{"FF0", "FF1"}},
	} {
		if i > 0 {
			d.byte('|')
		}
		low := f.mask & -f.mask
		d.lit(f.names[v&f.mask/low])
	}
	d.byte('|')
	d.bits(abi.TermOutput, v&^0xff00)
}

// speed prints control flags: the line's speed, the size of a character, then
// bits.
func (d *decoder) speed(v uint64) {
	const baud, size = 0o10017, 0o60
	start := len(d.out)
	d.flags(abi.TermSpeeds, v&baud)
	if d.out[start] == '0' {
		d.out = d.out[:start]
		d.hex(v & baud)
	}
	d.byte('|')
	d.lit([...]string{"CS5", "CS6", "CS7", "CS8"}[v&size>>4])
	d.byte('|')
	d.bits(abi.TermControl, v&^(baud|size))
}

// bits prints flags as strace does a terminal's: none as nothing.
func (d *decoder) bits(set abi.FlagSet, v uint64) {
	if v != 0 {
		d.flags(set, v)
	}
}

func inodeFlags(d *decoder, addr uint64) {
	d.bracket(addr, 4, func(p []byte) { d.named(abi.InodeFlags, u32(p, 0)) })
}

func ifreq(d *decoder, i int) {
	addr := d.value(i)
	p, ok := d.block(addr, 40)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{ifr_name=")
	d.text(p[:16])
	if d.failed {
		d.byte('}')
		return
	}
	switch d.unsigned(1) {
	case 0x8913:
		d.lit(", ifr_flags=")
		d.named(abi.InterfaceFlags, u16(p, 16))
	case 0x8915:
		d.lit(", ifr_addr=")
		d.sockaddr(addr+16, 16)
	case 0x8921:
		d.lit(", ifr_mtu=")
		d.int32(u32(p, 16))
	case 0x8927:
		d.lit(", ifr_hwaddr={sa_family=")
		d.named(abi.ArpHardware, u16(p, 16))
		d.lit(", sa_data=")
		for j, b := range p[18:24] {
			if j > 0 {
				d.byte(':')
			}
			d.out = append(d.out, hexDigits[b>>4], hexDigits[b&15])
		}
		d.byte('}')
	case 0x8933:
		d.lit(", ifr_ifindex=")
		d.int32(u32(p, 16))
	}
	d.byte('}')
}
