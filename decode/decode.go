// Package decode turns a raw system call, a number and six registers, into
// named and printable arguments, in strace's format.
//
// It is a pure function over package abi's tables and a [Memory]; it never
// sees a process id and makes no system call.
//
// # Limits
//
// What is read through a pointer is for people and reports: another thread of
// the tracee can change it before the kernel reads it. No verdict that allows
// anything may rest on it.
//
// A call is decoded as it is entered. What the kernel fills in (read's buffer,
// stat's structure) is therefore printed as an address, where strace, which
// prints after the return, shows contents. Structures that are not decoded are
// addresses too, and a value without a name is a bare number without strace's
// comment. File names are printed in full, as strace does, whatever MaxString.
//
// The tracee is hostile: every read is bounded (a path 4,096 bytes, a string
// MaxString+1, an array [maxItems] elements, an environment's count
// [maxCount]), no address is trusted, and no input makes Decode panic.
package decode

import (
	"strconv"
	"strings"

	"warder/abi"
)

// Memory is a stopped tracee's memory. ReadAt has [io.ReaderAt]'s contract
// with addr, the tracee's address, as offset. It may read fewer bytes than
// asked if it returns an error; decode asks for at most one page at a time and
// never across a page boundary, nor at or above 1<<63, where no user space is.
type Memory interface {
	ReadAt(p []byte, addr int64) (n int, err error)
}

// Options tune the output. The zero value is strace's default.
type Options struct {
	// MaxString is how many bytes of a string or buffer are printed before
	// "...": strace's -s. 0 means 32; more than 65,536 means 65,536.
	MaxString int
	FD func(fd int32) string
	Stack uint64
}

// The bounds of what is read and printed.
const (
	defaultString = 32
	limitString   = 1 << 16
	pathMax       = 4096 // PATH_MAX of linux/limits.h, with the NUL
	maxItems      = 32   // elements of an array: argv, iovec, pollfd
	maxCount      = 4096 // pointers counted in an environment
	pageSize      = 4096 // the smallest page of any architecture here
)

// Arg is one printed argument.
type Arg struct {
	Name string // the kernel's name: see abi.Arg; clone's are strace's
	Raw  uint64 // the register, all of it
	Text string // in strace's notation
	Path string // the whole file name if the argument is one and was readable, at most PATH_MAX-1 bytes
}

// Call is a decoded call.
type Call struct {
	Arch abi.Arch
	Nr   uint32
	// Name is the kernel's name, or syscall_0x1f4 for a number without one.
	Name string
	// Args are the arguments that strace shows, in its order: an openat
	// without O_CREAT has no mode, and clone's are not in register order.
	Args []Arg
	Result, Errno string
}

// Decode describes the call nr of an architecture with the registers args, in
// the architecture's argument order. mem may be nil: pointers are then printed
// as addresses. Decode never panics and never fails; what it cannot read it
// prints as a number.
func Decode(arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) Call {
	c := Call{Arch: arch, Nr: nr}
	d := decoder{arch: arch, args: args, mem: mem, word: 8, max: opt.MaxString}
	switch {
	case d.max <= 0:
		d.max = defaultString
	case d.max > limitString:
		d.max = limitString
	}
	if arch == abi.I386 {
		// Pointers and longs are 32 bits there. The upper halves of a 64-bit
		// program's registers are ignored by int 0x80.
		d.word = 4
		for i := range d.args {
			d.args[i] = uint64(uint32(d.args[i]))
		}
	}
	name, ok := arch.Name(nr)
	if ok {
		d.sig, ok = arch.Lookup(name)
	}
	if !ok {
		c.Name = "syscall_0x" + strconv.FormatUint(uint64(nr), 16)
		for i, raw := range args {
			c.Args = append(c.Args, Arg{Name: "arg" + strconv.Itoa(i+1), Raw: raw, Text: hex(raw)})
		}
		return c
	}
	c.Name = name
	for _, i := range d.shown() {
		if i >= len(d.sig.Args) || i >= len(args) {
			continue
		}
		a := Arg{Name: d.sig.Args[i].Name, Raw: args[i]}
		a.Text, a.Path = d.arg(i)
		c.Args = append(c.Args, a)
	}
	if name == "clone" {
		for i := range c.Args {
			c.Args[i].Name = cloneName(c.Args[i].Name)
		}
	}
	return c
}

// String prints the call as strace does, without a result:
//
//	openat(AT_FDCWD, "/etc/passwd", O_RDONLY)
func (c Call) String() string {
	var b strings.Builder
	b.WriteString(c.Name)
	b.WriteByte('(')
	for i := range c.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		if c.Name == "clone" {
			// The order of clone's arguments depends on the architecture, so
			// strace names them.
			b.WriteString(c.Args[i].Name)
			b.WriteByte('=')
		}
		b.WriteString(c.Args[i].Text)
	}
	b.WriteByte(')')
	return b.String()
}

// decoder is one call being decoded.
type decoder struct {
	arch abi.Arch
	sig  abi.Signature
	args [6]uint64
	mem  Memory
	word int // bytes of a pointer or long
	max  int
}

// value is argument i as the kernel reads it.
func (d *decoder) value(i int) uint64 {
	if i < 0 || i >= len(d.args) || i >= len(d.sig.Args) {
		return 0
	}
	a := d.sig.Args[i]
	if d.word == 4 && a.Bits == 64 {
		a.Bits = 32
	}
	return a.Value(d.args[i])
}

// unsigned is argument i's bits without sign extension.
func (d *decoder) unsigned(i int) uint64 {
	if i < 0 || i >= len(d.args) || i >= len(d.sig.Args) {
		return 0
	}
	return d.args[i] & d.sig.Args[i].Mask()
}

func hex(v uint64) string {
	if v == 0 {
		return "0"
	}
	return "0x" + strconv.FormatUint(v, 16)
}

func pointer(v uint64) string {
	if v == 0 {
		return "NULL"
	}
	return "0x" + strconv.FormatUint(v, 16)
}

func decimal(v uint64) string { return strconv.FormatInt(int64(v), 10) }
