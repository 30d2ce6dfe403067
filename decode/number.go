package decode

import (
	"strconv"
	"strings"

	"warder/abi"
)

const hexDigits = "0123456789abcdef"

func appendHex(b []byte, v uint64) []byte {
	if v == 0 {
		return append(b, '0')
	}
	return strconv.AppendUint(append(b, "0x"...), v, 16)
}

// The printers of one value append to the call's text.

func (d *decoder) lit(s string)    { d.out = append(d.out, s...) }
func (d *decoder) byte(c byte)     { d.out = append(d.out, c) }
func (d *decoder) hex(v uint64)    { d.out = appendHex(d.out, v) }
func (d *decoder) int(v int64)     { d.out = strconv.AppendInt(d.out, v, 10) }
func (d *decoder) uint(v uint64)   { d.out = strconv.AppendUint(d.out, v, 10) }
func (d *decoder) mode(v uint64)   { d.out = abi.AppendMode(d.out, v) }
func (d *decoder) int32(v uint64)  { d.int(int64(int32(v))) }
func (d *decoder) uint32(v uint64) { d.uint(uint64(uint32(v))) }

func (d *decoder) pointer(v uint64) {
	if v == 0 {
		d.lit("NULL")
		return
	}
	d.out = strconv.AppendUint(append(d.out, "0x"...), v, 16)
}

// named prints a value of a set, and beside a number without a name strace's
// comment.
func (d *decoder) named(set abi.FlagSet, v uint64) {
	start := len(d.out)
	d.out = set.Append(d.out, v)
	text := d.out[start:]
	if len(text) > 2 && text[0] == '0' && text[1] == 'x' && !strings.Contains(string(text), "|") {
		if unknown := set.Unknown(); unknown != "" {
			d.lit(" /* ")
			d.lit(unknown)
			d.lit(" */")
		}
	}
}

// flags prints a value of a set as bits, without a comment where none has a
// name.
func (d *decoder) flags(set abi.FlagSet, v uint64) { d.out = set.Append(d.out, v) }

// open prints open's flags.
func (d *decoder) open(v uint64) {
	if d.arch == abi.AArch64 {
		d.named(abi.OpenFlagsARM, v)
		return
	}
	d.named(abi.OpenFlags, v)
}

// id prints a user or group id. All ones, at the call's width, is -1: leave
// as it is.
func (d *decoder) id(v uint64, bits uint8) {
	if bits < 64 && v == 1<<bits-1 {
		d.lit("-1")
		return
	}
	d.uint(v)
}

// signal prints a signal's name; 0 and what is no signal are numbers.
func (d *decoder) signal(v uint64) {
	if n := int64(v); n > 0 && n <= 64 {
		d.lit(abi.SignalName(int(n)))
		return
	}
	d.int(int64(v))
}

// device prints a device number: the kernel's encoding has 12 bits of major
// between the two parts of a 20-bit minor (linux/kdev_t.h).
func (d *decoder) device(v uint64) {
	d.makedev(v>>8&0xfff, v&0xff|v>>12&0xfff00)
}

func (d *decoder) makedev(major, minor uint64) {
	d.lit("makedev(")
	d.hex(major)
	d.lit(", ")
	d.hex(minor)
	d.byte(')')
}

// descriptor prints a file descriptor, with what it refers to if Options say
// how.
func (d *decoder) descriptor(fd int32) {
	d.int(int64(fd))
	if fd >= 0 {
		d.linked(fd)
	}
}

// directory prints the descriptor that a relative path starts from.
func (d *decoder) directory(fd int32) {
	const atFDCWD = -100
	if fd != atFDCWD {
		d.descriptor(fd)
		return
	}
	d.lit("AT_FDCWD")
	d.linked(fd)
}

func (d *decoder) linked(fd int32) {
	if d.fd == nil {
		return
	}
	link := d.fd(fd)
	if link == "" {
		return
	}
	const gone = " (deleted)"
	link, deleted := strings.CutSuffix(link, gone)
	if len(link) > pathMax {
		link = link[:pathMax]
	}
	d.byte('<')
	d.out = escape(d.out, []byte(link), "<>")
	d.byte('>')
	if deleted {
		d.lit("(deleted)")
	}
}

// one prints the name that a value has in a list, or the value.
func (d *decoder) one(names []string, v uint64) {
	if v < uint64(len(names)) && names[v] != "" {
		d.lit(names[v])
		return
	}
	d.hex(v)
}
