package decode

import "warder/abi"

// hostName is a name of at most __NEW_UTS_LEN bytes; a longer one is not read.
var hostName = &shape{doc: "bytes", enter: func(d *decoder, i int) {
	const most = 64
	if n := d.unsigned(i + 1); n <= most {
		d.buffer(d.value(i), n)
		return
	}
	d.pointer(d.value(i))
}}

// Types of kcmp(2) that have indices, and the one whose second is a structure.
const kcmpFile, kcmpEpoll = 0, 7

func kcmpShown(d *decoder) []uint8 {
	if kind := d.unsigned(2); kind <= kcmpEpoll && kind != kcmpFile && kind != kcmpEpoll {
		return first(3)
	}
	return first(5)
}

var kcmpIndex = &shape{doc: "descriptor", enter: func(d *decoder, i int) {
	switch kind := d.unsigned(2); {
	case kind == kcmpFile, kind == kcmpEpoll && i == 3:
		d.descriptor(int32(d.value(i)))
	case kind == kcmpEpoll:
		addr := d.value(i)
		p, ok := d.block(addr, 12)
		if !ok {
			d.pointer(addr)
			return
		}
		for j, name := range [...]string{"{efd=", ", tfd=", ", toff="} {
			d.lit(name)
			d.uint(u32(p, 4*j))
		}
		d.byte('}')
	default:
		d.hex(d.value(i))
	}
}}

// fsconfigValue goes by the command (linux/mount.h).
var fsconfigValue = &shape{doc: "string or bytes", enter: func(d *decoder, i int) {
	v := d.value(i)
	switch d.unsigned(1) {
	case 1: // FSCONFIG_SET_STRING
		d.str(v)
	case 2: // FSCONFIG_SET_BINARY
		d.buffer(v, d.unsigned(4))
	case 3, 4: // FSCONFIG_SET_PATH, _EMPTY
		d.file(v)
	default:
		d.pointer(v)
	}
}}

func mountAttr(d *decoder, i int) {
	addr := d.value(i)
	if d.value(4) < 32 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 32)
	if !ok {
		d.pointer(addr)
		return
	}
	fd := int32(u64(p, 24))
	d.lit("{attr_set=")
	d.named(abi.MountAttrs, u64(p, 0))
	d.lit(", attr_clr=")
	d.named(abi.MountAttrs, u64(p, 8))
	d.lit(", propagation=")
	d.named(abi.MountFlags, u64(p, 16))
	d.lit(", userns_fd=")
	d.descriptor(fd)
	d.byte('}')
}
