package decode

import "warder/abi"

// Versions of the capability calls (linux/capability.h).
const (
	capVersion1 = 0x19980330
	capVersion2 = 0x20071026
	capVersion3 = 0x20080522
)

func capHeader(d *decoder, addr uint64) {
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	version, pid := u32(p, 0), u32(p, 4)
	d.lit("{version=")
	switch version {
	case capVersion1:
		d.lit("_LINUX_CAPABILITY_VERSION_1")
	case capVersion2:
		d.lit("_LINUX_CAPABILITY_VERSION_2")
	case capVersion3:
		d.lit("_LINUX_CAPABILITY_VERSION_3")
	default:
		d.hex(version)
		d.lit(" /* _LINUX_CAPABILITY_VERSION_??? */")
	}
	d.lit(", pid=")
	d.int32(pid)
	d.byte('}')
}

// capData prints three sets: of 32 bits, or of 64 with their upper halves in
// a second structure.
func capData(d *decoder, i int) {
	addr := d.value(i)
	size := 24
	if p, ok := d.block(d.value(0), 4); !ok {
		size = 0
	} else if version := u32(p, 0); version == capVersion1 {
		size = 12
	} else if version != capVersion2 && version != capVersion3 {
		size = 0
	}
	p, ok := d.block(addr, size)
	if !ok || size == 0 {
		d.pointer(addr)
		return
	}
	for j, name := range [...]string{"{effective=", ", permitted=", ", inheritable="} {
		set := u32(p, 4*j)
		if size == 24 {
			set |= u32(p, 12+4*j) << 32
		}
		d.lit(name)
		d.capabilities(set)
	}
	d.byte('}')
}

func (d *decoder) capabilities(set uint64) {
	if set == 0 {
		d.byte('0')
		return
	}
	shown := false
	for bit := range uint64(64) {
		if set>>bit&1 == 0 {
			continue
		}
		start := len(d.out)
		if shown {
			d.byte('|')
		}
		name := abi.Capabilities.Format(bit)
		if name[0] != 'C' {
			d.out = d.out[:start]
			if shown {
				d.byte('|')
			}
			d.hex(set >> bit << bit)
			return
		}
		shown = true
		d.lit("1<<")
		d.lit(name)
	}
}
