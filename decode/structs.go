package decode

import (
	"encoding/binary"
	"strconv"
	"strings"

	"warder/abi"
)

// timespec prints seconds and a fraction, unsigned as strace does: a negative
// fraction is an error, and reads as one. fraction is the second field's name.
func (d *decoder) timespec(addr uint64, fraction string) string {
	// The calls with a time64 name have 64-bit fields on i386 too.
	word := d.word
	if strings.HasSuffix(d.sig.Name, "64") {
		word = 8
	}
	p, ok := d.block(addr, 2*word)
	if !ok {
		return pointer(addr)
	}
	sec, sub := int64(0), uint64(0)
	if word == 4 {
		sec, sub = int64(int32(binary.LittleEndian.Uint32(p))), uint64(binary.LittleEndian.Uint32(p[4:]))
	} else {
		sec, sub = int64(binary.LittleEndian.Uint64(p)), binary.LittleEndian.Uint64(p[8:])
	}
	if fraction == "tv_usec" {
		return "{tv_sec=" + strconv.FormatInt(sec, 10) + ", tv_usec=" + decimal(sub) + "}"
	}
	return "{tv_sec=" + strconv.FormatInt(sec, 10) + ", tv_nsec=" + strconv.FormatUint(sub, 10) + "}"
}

// iovec prints an array of buffers, with contents if the kernel reads them.
func (d *decoder) iovec(addr, count uint64, contents bool) string {
	if addr == 0 {
		return "NULL"
	}
	if count == 0 {
		return "[]"
	}
	var out strings.Builder
	for i := uint64(0); i < count; i++ {
		at := addr + i*uint64(2*d.word)
		w, ok := d.words(at, 2)
		if !ok && i == 0 {
			return pointer(addr)
		}
		if i > 0 {
			out.WriteString(", ")
		}
		if !ok {
			out.WriteString("... /* " + pointer(at) + " */")
			break
		}
		if i == maxItems {
			out.WriteString("...")
			break
		}
		base := pointer(w[0])
		if contents {
			base = d.buffer(w[0], w[1])
		}
		out.WriteString("{iov_base=" + base + ", iov_len=" + strconv.FormatUint(w[1], 10) + "}")
	}
	return "[" + out.String() + "]"
}

// sigset prints the signals of a kernel set of 64 bits, or, when most are in
// it, those that are not.
func (d *decoder) sigset(addr, size uint64) string {
	if addr == 0 || size != 8 {
		return pointer(addr)
	}
	p, ok := d.block(addr, 8)
	if !ok {
		return pointer(addr)
	}
	return signals(binary.LittleEndian.Uint64(p))
}

func signals(set uint64) string {
	count := 0
	for rest := set; rest != 0; rest &= rest - 1 {
		count++
	}
	invert := ""
	// strace turns the set around at two thirds.
	if count >= 64*2/3 {
		set, invert = ^set, "~"
	}
	names := make([]string, 0, 8)
	for sig := 1; sig <= 64; sig++ {
		if set>>(sig-1)&1 != 0 {
			names = append(names, strings.TrimPrefix(abi.SignalName(sig), "SIG"))
		}
	}
	return invert + "[" + strings.Join(names, " ") + "]"
}

// sigaction prints the kernel's structure: handler, flags, restorer, mask, in
// words of the program's size.
func (d *decoder) sigaction(addr uint64) string {
	p, ok := d.block(addr, 3*d.word+8)
	if !ok {
		return pointer(addr)
	}
	handler, flags, restorer := d.long(p, 0), d.long(p, 1), d.long(p, 2)
	mask := binary.LittleEndian.Uint64(p[3*d.word:])
	names := [...]string{"SIG_DFL", "SIG_IGN"}
	text := pointer(handler)
	if handler < uint64(len(names)) {
		text = names[handler]
	}
	out := "{sa_handler=" + text + ", sa_mask=" + signals(mask) + ", sa_flags=" + abi.SaFlags.Format(flags)
	const saRestorer = 0x04000000
	if flags&saRestorer != 0 {
		out += ", sa_restorer=" + pointer(restorer)
	}
	return out + "}"
}

func (d *decoder) pollfds(addr, count uint64) string {
	if addr == 0 {
		return "NULL"
	}
	if count == 0 {
		return "[]"
	}
	out := "["
	for i := uint64(0); i < count; i++ {
		p, ok := d.block(addr+8*i, 8)
		if !ok && i == 0 {
			return pointer(addr)
		}
		if i > 0 {
			out += ", "
		}
		if !ok {
			out += "... /* " + pointer(addr+8*i) + " */"
			break
		}
		if i == maxItems {
			out += "..."
			break
		}
		fd := int32(binary.LittleEndian.Uint32(p))
		out += "{fd=" + strconv.Itoa(int(fd))
		if fd >= 0 {
			out += ", events=" + abi.PollEvents.Format(uint64(binary.LittleEndian.Uint16(p[4:])))
		}
		out += "}"
	}
	return out + "]"
}

// epollEvent prints the structure, which is packed on x86 only.
func (d *decoder) epollEvent(addr uint64) string {
	at := 4
	if d.arch == abi.AArch64 {
		at = 8
	}
	p, ok := d.block(addr, at+8)
	if !ok {
		return pointer(addr)
	}
	data := binary.LittleEndian.Uint64(p[at:])
	return "{events=" + abi.EpollEvents.Format(uint64(binary.LittleEndian.Uint32(p))) +
		", data={u32=" + strconv.FormatUint(uint64(uint32(data)), 10) + ", u64=" + strconv.FormatUint(data, 10) + "}}"
}

func (d *decoder) rlimit(addr uint64) string {
	word, prefix := d.word, "RLIM"
	if d.sig.Name == "prlimit64" || d.word == 8 {
		word, prefix = 8, "RLIM64"
	}
	p, ok := d.block(addr, 2*word)
	if !ok {
		return pointer(addr)
	}
	one := func(p []byte) string {
		v, infinity := uint64(0), ^uint64(0)
		if word == 4 {
			v, infinity = uint64(binary.LittleEndian.Uint32(p)), 1<<32-1
		} else {
			v = binary.LittleEndian.Uint64(p)
		}
		if v == infinity {
			return prefix + "_INFINITY"
		}
		if v > 1024 && v%1024 == 0 {
			return strconv.FormatUint(v/1024, 10) + "*1024"
		}
		return strconv.FormatUint(v, 10)
	}
	return "{rlim_cur=" + one(p) + ", rlim_max=" + one(p[word:]) + "}"
}

// program prints a struct sock_fprog: the number of instructions and where
// they are.
func (d *decoder) program(addr uint64) string {
	p, ok := d.block(addr, 2*d.word)
	if !ok {
		return pointer(addr)
	}
	return "{len=" + strconv.Itoa(int(binary.LittleEndian.Uint16(p))) + ", filter=" + pointer(d.long(p, 1)) + "}"
}

// cloneArgs prints a struct clone_args, which grew from 64 to 88 bytes: fields
// that are zero are left out as strace leaves them out.
func (d *decoder) cloneArgs(addr, size uint64) string {
	if size < 64 {
		return pointer(addr)
	}
	p, ok := d.block(addr, int(min(size, 88)))
	if !ok {
		return pointer(addr)
	}
	field := func(i int) uint64 {
		if 8*i+8 > len(p) {
			return 0
		}
		return binary.LittleEndian.Uint64(p[8*i:])
	}
	flags := field(0)
	out := "{flags=" + named(abi.Clone3Flags, flags)
	if flags&clonePIDFD != 0 {
		out += ", pidfd=" + pointer(field(1))
	}
	if flags&(cloneChildSet|cloneChildClear) != 0 {
		out += ", child_tid=" + pointer(field(2))
	}
	if flags&cloneParentSet != 0 {
		out += ", parent_tid=" + pointer(field(3))
	}
	out += ", exit_signal=" + signal(field(4)) + ", stack=" + pointer(field(5)) + ", stack_size=" + hex(field(6))
	if flags&cloneSetTLS != 0 {
		out += ", tls=" + pointer(field(7))
	}
	if field(8) != 0 || field(9) != 0 {
		out += ", set_tid=" + pointer(field(8)) + ", set_tid_size=" + strconv.FormatUint(field(9), 10)
	}
	const intoCgroup = 0x200000000
	if flags&intoCgroup != 0 {
		out += ", cgroup=" + strconv.FormatUint(field(10), 10)
	}
	return out + "}"
}

func (d *decoder) openHow(addr, size uint64) string {
	if size < 24 {
		return pointer(addr)
	}
	p, ok := d.block(addr, 24)
	if !ok {
		return pointer(addr)
	}
	set := abi.OpenFlags
	if d.arch == abi.AArch64 {
		set = abi.OpenFlagsARM
	}
	flags, perm := binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint64(p[8:])
	out := "{flags=" + set.Format(flags)
	if flags&(oCreat|oTmpfile) != 0 || perm != 0 {
		out += ", mode=" + mode(perm)
	}
	return out + ", resolve=" + named(abi.ResolveFlags, binary.LittleEndian.Uint64(p[16:])) + "}"
}
