package decode

import "warder/abi"

const (
	sIFMT   = 0o170000
	sIFCHR  = 0o020000
	sIFBLK  = 0o060000
	sIFMode = 0o777
)

// nodeMode prints a mode with a file type.
func (d *decoder) nodeMode(v uint64) {
	types := [...]string{1: "S_IFIFO", 2: "S_IFCHR", 4: "S_IFDIR", 6: "S_IFBLK", 8: "S_IFREG", 10: "S_IFLNK", 12: "S_IFSOCK"}
	kind := v & sIFMT >> 12
	if kind >= uint64(len(types)) || types[kind] == "" {
		d.mode(v)
		return
	}
	d.lit(types[kind])
	for _, bit := range [...]struct {
		mask uint64
		name string
	}{{0o4000, "|S_ISUID"}, {0o2000, "|S_ISGID"}, {0o1000, "|S_ISVTX"}} {
		if v&bit.mask != 0 {
			d.lit(bit.name)
		}
	}
	d.byte('|')
	d.mode(v & sIFMode)
}

func hasDevice(mode uint64) bool {
	kind := mode & sIFMT
	return kind == sIFCHR || kind == sIFBLK
}

// statLayout is where the kernel puts what is printed of a file's status
// (asm/stat.h of each architecture). i386's is that of its 64-bit calls, in
// which lengths and devices are as wide as elsewhere.
type statLayout struct{ size, mode, rdev, length int }

var statLayouts = [...]statLayout{
	abi.X86_64:  {144, 24, 40, 48},
	abi.AArch64: {128, 16, 32, 48},
	abi.I386:    {96, 16, 32, 44},
}

func stat(d *decoder, addr uint64) {
	l := statLayouts[d.arch]
	p, ok := d.block(addr, l.size)
	if !ok {
		d.pointer(addr)
		return
	}
	mode := u32(p, l.mode)
	d.lit("{st_mode=")
	d.nodeMode(mode)
	if hasDevice(mode) {
		d.lit(", st_rdev=")
		d.device(u64(p, l.rdev))
	} else {
		d.lit(", st_size=")
		d.int(int64(u64(p, l.length)))
	}
	d.lit(", ...}")
}

// oldStat is the structure of i386's first stat calls, with 16-bit modes.
func oldStat(d *decoder, addr uint64) {
	p, ok := d.block(addr, 64)
	if !ok {
		d.pointer(addr)
		return
	}
	mode := u16(p, 8)
	d.lit("{st_mode=")
	d.nodeMode(mode)
	if hasDevice(mode) {
		d.lit(", st_rdev=")
		d.device(u32(p, 16))
	} else {
		d.lit(", st_size=")
		d.uint(u32(p, 20))
	}
	d.lit(", ...}")
}

// statx prints a struct statx of linux/stat.h, the same everywhere.
func statx(d *decoder, addr uint64) {
	p, ok := d.block(addr, 256)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{stx_mask=")
	d.named(abi.StatxMask, u32(p, 0))
	d.lit(", stx_attributes=")
	d.named(abi.StatxAttrs, u64(p, 8))
	d.lit(", stx_mode=")
	d.nodeMode(u16(p, 28))
	d.lit(", stx_size=")
	d.uint(u64(p, 40))
	d.lit(", ...}")
}

// statxFlags prints the two synchronisation bits first, even when neither is
// set: that is a choice too.
func statxFlags(d *decoder, i int) {
	const sync = 0x6000 // AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC
	names := [...]string{"AT_STATX_SYNC_AS_STAT", "AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC", "AT_STATX_FORCE_SYNC|AT_STATX_DONT_SYNC"}
	v := d.unsigned(i)
	d.lit(names[v&sync>>13])
	if rest := v &^ sync; rest != 0 {
		d.byte('|')
		d.flags(abi.AtFlags, rest)
	}
}

// statfs prints a struct statfs: words of the program's size and a pair of
// ints (asm-generic/statfs.h).
func statfs(d *decoder, addr uint64) { d.statfs(addr, d.word) }

// statfs64 is the form with 64-bit counts that a 32-bit program has too.
func statfs64(d *decoder, addr uint64) { d.statfs(addr, 8) }

func (d *decoder) statfs(addr uint64, wide int) {
	counts := 2 * d.word
	identity := counts + 5*wide
	p, ok := d.block(addr, identity+8+3*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{f_type=")
	d.named(abi.FSTypes, d.long(p, 0))
	d.lit(", f_bsize=")
	d.uint(d.long(p, 1))
	for i, name := range [...]string{", f_blocks=", ", f_bfree=", ", f_bavail=", ", f_files=", ", f_ffree="} {
		d.lit(name)
		d.uint(uint64(field(p[counts:], i, wide)))
	}
	d.lit(", f_fsid={val=[")
	d.hex(u32(p, identity))
	d.lit(", ")
	d.hex(u32(p, identity+4))
	d.lit("]}, f_namelen=")
	rest := p[identity+8:]
	d.uint(d.long(rest, 0))
	d.lit(", f_frsize=")
	d.uint(d.long(rest, 1))
	d.lit(", f_flags=")
	d.named(abi.StatfsFlags, d.long(rest, 2))
	d.byte('}')
}
