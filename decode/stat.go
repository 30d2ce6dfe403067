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
// (asm/stat.h of each architecture). Sizes of a 32-bit layout are 64 bits
// wide too: the older structure, of i386's first stat calls, is not known here.
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
func statfs(d *decoder, addr uint64) {
	if d.word == 4 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, 120)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{f_type=")
	d.named(abi.FSTypes, u64(p, 0))
	for i, name := range [...]string{", f_bsize=", ", f_blocks=", ", f_bfree=", ", f_bavail=", ", f_files=", ", f_ffree="} {
		d.lit(name)
		d.uint(u64(p, 8*(i+1)))
	}
	d.lit(", f_fsid={val=[")
	d.hex(u32(p, 56))
	d.lit(", ")
	d.hex(u32(p, 60))
	d.lit("]}, f_namelen=")
	d.uint(u64(p, 64))
	d.lit(", f_frsize=")
	d.uint(u64(p, 72))
	d.lit(", f_flags=")
	d.named(abi.StatfsFlags, u64(p, 80))
	d.byte('}')
}
