// Package decode turns a raw system call, a number and six registers, into
// named and printable arguments, in strace's format.
//
// It is a pure function over package abi's tables and a [Memory]; it never
// sees a process id and makes no system call.
//
// # As entered, and after the return
//
// [Decode] describes a call as it is entered, once: what the kernel will fill
// in (read's buffer, stat's structure) is printed as an address. For a trace,
// which shows what a call did, the same in two steps:
//
//	call := decode.Enter(arch, nr, args, memory, options) // at the entry
//	call.Return(value, failed, memory, options)           // at the return
//	line := append(call.AppendText(nil), " = "+call.Result...)
//
// Between the two, arguments that the kernel fills have Out set and an
// address as their Text; Return replaces it where the call succeeded.
// [Call.AppendEntered] and [Call.AppendRest] print the two halves of a call
// that others interrupted. A Call that is used again, by [Call.Enter], keeps
// its buffers: a tracer has one for each thread. [Signal] prints a siginfo.
//
// # Limits
//
// What is read through a pointer is for people and reports: another thread of
// the tracee can change it before the kernel reads it. No verdict that allows
// anything may rest on it.
//
// Structures that are not decoded are addresses, never a guess;
// docs/trace-structures.md lists, for each call, what is decoded. File names
// are printed in full, as strace does, whatever MaxString. Sizes and layouts
// are those of the call's architecture, so an i386 program's structures are
// decoded where they are the same but for the width of a long, and others are
// addresses.
//
// The tracee is hostile: every read is bounded (a path 4,096 bytes, a string
// MaxString+1, an array [maxItems] elements, an environment's count
// [maxCount], a directory's entries [maxDirectory] bytes), no address is
// trusted, and no input makes a function here panic.
package decode

import (
	"slices"
	"strconv"
	"time"

	"warder/abi"
)

// Memory is a stopped tracee's memory. ReadAt has [io.ReaderAt]'s contract
// with addr, the tracee's address, as offset. It may read fewer bytes than
// asked if it returns an error; decode asks for at most 64 KiB at a time, and
// never for an address at or above 1<<63, where no user space is.
type Memory interface {
	ReadAt(p []byte, addr int64) (n int, err error)
}

// Options tune the output. The zero value is strace's default.
type Options struct {
	// MaxString is how many bytes of a string or buffer are printed before
	// "...", and how many elements of an array, up to 1,024: strace's -s. 0
	// means 32, a negative number none; more than 65,536 means 65,536.
	MaxString int
	// FD names what a descriptor of the tracee refers to, as its link in
	// /proc/PID/fd reads ("/etc/passwd", "pipe:[123]"), or "" if it is not
	// open; -100 (AT_FDCWD) asks for the current directory. With it numbers
	// are printed as strace's -y does: 3</etc/passwd>. It is called while the
	// thread is stopped, at the entry for arguments and at the return for new
	// descriptors.
	FD func(fd int32) string
	// Stack is the stack pointer at the entry, which rt_sigreturn's frame is
	// found by; 0 if unknown.
	Stack uint64
	// Zone is where the dates beside file times are told; nil means UTC.
	Zone *time.Location
}

// The bounds of what is read and printed.
const (
	defaultString = 32
	limitString   = 1 << 16
	pathMax       = 4096 // PATH_MAX of linux/limits.h, with the NUL
	maxItems      = 1024 // elements of an array: argv, iovec, pollfd
	maxCount      = 4096 // pointers counted in an environment
	maxDirectory  = 1 << 18
	maxRead       = 1 << 16
	pageSize      = 4096 // the smallest page of any architecture here
)

// Arg is one printed argument.
type Arg struct {
	Name string // the kernel's name: see abi.Arg; clone's are strace's
	Raw  uint64 // the register, all of it
	Text string // in strace's notation
	Path string // the whole file name if the argument is one and was readable, at most PATH_MAX-1 bytes
	Out  bool   // the kernel fills it: Text is an address until the return

	after bool // printed after the return, Out or not
	head  int  // bytes of Text that strace prints at the entry
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
	// Result is what strace prints behind " = ": "3", "-1 ENOENT (No such
	// file or directory)", "1 ([{fd=3, revents=POLLIN}])"; "?" until Return,
	// and for good where a call does not return.
	Result string
	// Errno is the name of the error returned, of the kernel's own ones too
	// (ERESTARTSYS), or "".
	Errno string

	state *decoder // from Enter to Return
}

// Decode describes the call nr of an architecture with the registers args, in
// the architecture's argument order. mem may be nil: pointers are then printed
// as addresses. Decode never panics and never fails; what it cannot read it
// prints as a number.
func Decode(arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) Call {
	var c Call
	d := new(decoder)
	c.enter(d, arch, nr, args, mem, opt)
	return c
}

// Enter is [Decode] for a call whose return will be told too.
func Enter(arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) *Call {
	c := new(Call)
	c.Enter(arch, nr, args, mem, opt)
	return c
}

// Enter is the function of the same name, into a Call that was used before:
// its buffers are used again, and a slice of its Args taken earlier is
// overwritten. Texts taken earlier keep their value.
func (c *Call) Enter(arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) {
	d := c.state
	if d == nil {
		d = new(decoder)
		c.state = d
	}
	c.Result, c.Errno = "?", ""
	c.enter(d, arch, nr, args, mem, opt)
}

func (c *Call) enter(d *decoder, arch abi.Arch, nr uint32, args [6]uint64, mem Memory, opt Options) {
	d.before = c.Name
	c.Arch, c.Nr = arch, nr
	d.begin(arch, args)
	d.look(mem, opt)
	d.plan = planOf(arch, nr)
	if d.plan == nil {
		c.unknown(args)
		return
	}
	c.Name = d.plan.name
	positions := d.plan.positions
	if shown := d.plan.form.shown; shown != nil {
		positions = shown(d)
	}
	c.Args = slices.Grow(c.Args[:0], len(positions))
	d.count = len(positions)
	for n, i := range positions {
		s := d.shape(int(i))
		d.shown[n], d.shapes[n] = i, s
		d.path, d.known, d.head = span{}, false, 0
		if s.enter != nil {
			s.enter(d, int(i))
		} else {
			d.pointer(d.value(int(i)))
		}
		d.paths[n], d.ends[n] = d.path, len(d.out)
		filled := s.leave != nil && !d.known
		if !filled && s.leave != nil {
			d.shapes[n] = address
		}
		c.Args = append(c.Args, Arg{Name: d.plan.names[i], Raw: args[i], Out: filled, after: filled || s.after, head: d.head})
	}
	all, start := string(d.out), 0
	for n := range c.Args {
		a := &c.Args[n]
		a.Text, start = all[start:d.ends[n]], d.ends[n]
		switch p := d.paths[n]; {
		case p.whole != "":
			a.Path = p.whole
		case p.end > p.start:
			a.Path = all[p.start:p.end]
		}
	}
	if extra := d.plan.form.extra; extra != nil {
		d.out = d.out[:0]
		if name := extra(d); name != "" {
			c.Args = append(c.Args, Arg{Name: name, Raw: d.stack, Text: string(d.out)})
		}
	}
	d.mem, d.fd = nil, nil
}

// unknown prints a call that no table has.
func (c *Call) unknown(args [6]uint64) {
	c.Name = "syscall_0x" + strconv.FormatUint(uint64(c.Nr), 16)
	c.Args = c.Args[:0]
	for i, raw := range args {
		c.Args = append(c.Args, Arg{Name: "arg" + strconv.Itoa(i+1), Raw: raw, Text: string(appendHex(nil, raw))})
	}
}

// Pending is the index in Args of the first argument that strace prints after
// the return, or len(Args): a call that another thread's line interrupts is
// shown up to there.
func (c *Call) Pending() int {
	for i := range c.Args {
		if c.Args[i].after {
			return i
		}
	}
	return len(c.Args)
}

// AppendText appends the call as strace prints it, without a result:
//
//	openat(AT_FDCWD, "/etc/passwd", O_RDONLY)
func (c *Call) AppendText(b []byte) []byte {
	b = append(append(b, c.Name...), '(')
	for i := range c.Args {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = c.appendArg(b, i)
	}
	return append(b, ')')
}

// AppendEntered appends what strace prints of a call before " <unfinished
// ...>": the name and the arguments before the first that the kernel fills,
// in most cases with a comma.
//
//	read(3, <unfinished ...>
func (c *Call) AppendEntered(b []byte) []byte {
	n := c.Pending()
	b = append(append(b, c.Name...), '(')
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = c.appendArg(b, i)
	}
	if n > 0 && n < len(c.Args) && !c.late() {
		b = append(b, ", "...)
	}
	if n < len(c.Args) {
		b = append(b, c.Args[n].Text[:min(c.Args[n].head, len(c.Args[n].Text))]...)
	}
	return b
}

// AppendRest appends what strace prints behind "<... read resumed>": the other
// arguments and the closing parenthesis.
func (c *Call) AppendRest(b []byte) []byte {
	n := c.Pending()
	for i := n; i < len(c.Args); i++ {
		if i > n || i > 0 && c.late() {
			b = append(b, ", "...)
		}
		if i == n && c.Args[i].head > 0 {
			b = append(b, c.Args[i].Text[min(c.Args[i].head, len(c.Args[i].Text)):]...)
			continue
		}
		b = c.appendArg(b, i)
	}
	return append(b, ')')
}

func (c *Call) late() bool { return c.state != nil && c.state.plan != nil && c.state.plan.form.late }

func (c *Call) appendArg(b []byte, i int) []byte {
	if c.Name == "clone" {
		// The order of clone's arguments depends on the architecture, so
		// strace names them.
		b = append(append(b, c.Args[i].Name...), '=')
	}
	return append(b, c.Args[i].Text...)
}

// String prints the call as strace does, without a result.
func (c Call) String() string { return string(c.AppendText(nil)) }
