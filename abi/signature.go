package abi

// Kind says what an argument means, which decides how it is printed and what
// a rule may say about it. The width is separate: see [Arg.Bits].
type Kind uint8

// The kinds of arguments. "In" contents exist when the call is entered; "out"
// contents only after it has returned.
const (
	Unknown   Kind = iota // no better description; printed as hexadecimal
	Int                   // a signed number
	Uint                  // an unsigned number
	Hex                   // a number best read in hexadecimal
	FD                    // a file descriptor
	DirFD                 // a descriptor that relative paths start from, or AT_FDCWD
	Ptr                   // an address whose contents are not described, in or out
	Path                  // in: a NUL-ended file name, at most PATH_MAX (4,096) bytes with the NUL
	Str                   // in: a NUL-ended string that is no file name
	Buf                   // in: bytes, counted by the next argument of kind Size
	OutBuf                // out: bytes, at most as many as the next argument of kind Size
	Size                  // a count of bytes or of items
	Off                   // a file offset or length, signed
	Mode                  // permission bits, octal
	PID                   // a process, thread, process group or session id
	UID                   // a user id; all ones means "leave as it is"
	GID                   // a group id; all ones means "leave as it is"
	Signal                // a signal number
	Flags                 // a set of bits, some perhaps an enumeration: Arg.Flags
	Enum                  // one of several numbers: Arg.Flags
	ArgV                  // in: a NULL-ended array of strings
	EnvP                  // in: a NULL-ended array of strings, the environment
	IOCTL                 // an ioctl request
	ClockID               // a clock: a number, or a negative one made from a process id or descriptor
	Sockaddr              // in: a socket address, its length in the next argument
	Timespec              // in: a struct __kernel_timespec, seconds and nanoseconds
	Timeval               // in: a struct timeval, seconds and microseconds
	Iovec                 // in: an array of struct iovec with data to be read by the kernel, its count in the next argument
	OutIovec              // in: an array of struct iovec to be filled, its count in the next argument
	SigSet                // in: a kernel signal set, its size in the call's last argument
	Sigaction             // in: the kernel's struct sigaction
	Dev                   // a device number, in the kernel's encoding
)

// Class is a bit set of what a call is about, close to strace's %file, %desc
// and so on. A call may be in several or in none.
type Class uint16

// The classes.
const (
	File    Class = 1 << iota // takes a file name
	Desc                      // takes or makes a file descriptor
	Process                   // starts, ends, waits for or traces processes
	Network                   // sockets
	Memory                    // the address space
	Signals                   // signals
	Clock                     // clocks, timers and sleeping
	IPC                       // System V IPC and POSIX message queues
	Creds                     // user and group ids, capabilities
	System                    // the whole machine: mounts, modules, host name, reboot
)

// Arg describes one argument of a call.
type Arg struct {
	Name   string  // the kernel's name for it, without leading underscores or a u_ prefix
	Kind   Kind    // what it means
	Bits   uint8   // how many low bits the kernel acts on: 16, 32 or 64
	Signed bool    // whether those bits are a two's-complement number
	Flags  FlagSet // for Flags, Enum, IOCTL and ClockID: the names of its values; else 0
}

// Signature describes a call. Its Args are shared: do not change them.
type Signature struct {
	Name  string // the call's name, as in [Arch.Names]
	Args  []Arg  // at most six, in register order
	Class Class
}

// Arg returns the position of the argument with a name.
func (s Signature) Arg(name string) (index int, ok bool) {
	for i := range s.Args {
		if s.Args[i].Name == name {
			return i, true
		}
	}
	return 0, false
}

// Value returns a register's contents as the kernel reads the argument: cut
// to Bits and, for a signed argument, sign-extended back to 64 bits.
func (a Arg) Value(raw uint64) uint64 {
	if a.Bits == 0 || a.Bits >= 64 {
		return raw
	}
	unused := 64 - uint(a.Bits)
	if a.Signed {
		return uint64(int64(raw<<unused) >> unused)
	}
	return raw << unused >> unused
}

// Mask returns the bits of the register that the kernel acts on.
func (a Arg) Mask() uint64 {
	if a.Bits == 0 || a.Bits >= 64 {
		return ^uint64(0)
	}
	return 1<<a.Bits - 1
}

// groups are the tables of the sig*.go files, each in ascending order of
// names.
var groups = [...][]Signature{
	fileSignatures, pathSignatures, memorySignatures, processSignatures, networkSignatures,
	signalSignatures, clockSignatures, ipcSignatures, credsSignatures, systemSignatures,
	oldSignatures, i386Signatures,
}

// Lookup describes a call by name, for every name of every table. Where
// architectures differ it answers for x86-64; [Arch.Lookup] answers for one.
func Lookup(name string) (Signature, bool) {
	for i := range groups {
		if s, ok := search(groups[i], name); ok {
			return s, true
		}
	}
	return Signature{}, false
}

// Lookup describes a call as one architecture makes it. It differs from the
// function of the same name for clone, whose last arguments are in another
// order on arm64 and i386; for i386's calls with 16-bit ids, 64-bit offsets
// in two registers or arguments in memory; and for arm64's open flags. On
// i386 a register holds 32 bits, so a 64 in Bits means 32 there.
func (a Arch) Lookup(name string) (Signature, bool) {
	switch a {
	case AArch64:
		if s, ok := search(aarch64Differences, name); ok {
			return s, true
		}
	case I386:
		if s, ok := search(i386Differences, name); ok {
			return s, true
		}
	}
	return Lookup(name)
}

func search(rows []Signature, name string) (Signature, bool) {
	lo, hi := 0, len(rows)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rows[mid].Name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(rows) || rows[lo].Name != name {
		return Signature{}, false
	}
	return rows[lo], true
}
