package decode

import "warder/abi"

// kinds are the shapes of package abi's kinds of arguments.
var kinds = [...]*shape{
	abi.Unknown:   {doc: "number", enter: func(d *decoder, i int) { d.hex(d.value(i)) }},
	abi.Hex:       hexadecimal,
	abi.Int:       decimal,
	abi.PID:       decimal,
	abi.Off:       decimal,
	abi.FD:        {doc: "descriptor", enter: func(d *decoder, i int) { d.descriptor(int32(d.value(i))) }},
	abi.DirFD:     {doc: "descriptor", enter: func(d *decoder, i int) { d.directory(int32(d.value(i))) }},
	abi.UID:       {doc: "id", enter: func(d *decoder, i int) { d.id(d.value(i), d.plan.sig.Args[i].Bits) }},
	abi.GID:       {doc: "id", enter: func(d *decoder, i int) { d.id(d.value(i), d.plan.sig.Args[i].Bits) }},
	abi.Uint:      number,
	abi.Size:      number,
	abi.Ptr:       address,
	abi.OutBuf:    {doc: "bytes", leave: func(d *decoder, i int) { d.filled(i, quote) }},
	abi.Path:      {doc: "file name", enter: func(d *decoder, i int) { d.file(d.value(i)) }},
	abi.Str:       {doc: "string", enter: func(d *decoder, i int) { d.str(d.value(i)) }},
	abi.Buf:       {doc: "bytes", enter: func(d *decoder, i int) { d.buffer(d.value(i), d.unsigned(i+1)) }},
	abi.Mode:      {doc: "mode", enter: func(d *decoder, i int) { d.mode(d.value(i)) }},
	abi.Signal:    {doc: "signal", enter: func(d *decoder, i int) { d.signal(d.value(i)) }},
	abi.Flags:     flagNames,
	abi.Enum:      flagNames,
	abi.ClockID:   {doc: "clock", enter: clock},
	abi.IOCTL:     {doc: "request", enter: func(d *decoder, i int) { d.request(d.plan.sig.Args[i].Flags, d.value(i)) }},
	abi.ArgV:      {doc: "strings", enter: func(d *decoder, i int) { d.array(d.value(i)) }},
	abi.EnvP:      {doc: "address and count", enter: func(d *decoder, i int) { d.environment(d.value(i)) }},
	abi.Sockaddr:  {doc: "struct sockaddr", enter: func(d *decoder, i int) { d.sockaddr(d.value(i), d.unsigned(i+1)) }},
	abi.Timespec:  {doc: "struct timespec", enter: func(d *decoder, i int) { d.timespecAt(d.value(i), nanoseconds) }},
	abi.Timeval:   {doc: "struct timeval", enter: func(d *decoder, i int) { d.timespecAt(d.value(i), microseconds) }},
	abi.Iovec:     {doc: "struct iovec[]", enter: func(d *decoder, i int) { d.iovec(d.value(i), d.unsigned(i+1)) }},
	abi.OutIovec:  {doc: "struct iovec[]", enter: func(d *decoder, i int) { d.iovecAddresses(d.value(i), d.unsigned(i+1)) }, leave: outIovec},
	abi.SigSet:    {doc: "signal set", enter: func(d *decoder, i int) { d.sigset(d.value(i), d.value(len(d.plan.sig.Args)-1)) }},
	abi.Sigaction: {doc: "struct sigaction", enter: func(d *decoder, i int) { d.sigaction(d.value(i)) }},
	abi.Dev:       {doc: "device", enter: func(d *decoder, i int) { d.device(d.value(i)) }},
}

// The shapes that many tables name.
var (
	address     = &shape{}
	hexadecimal = &shape{doc: "number", enter: func(d *decoder, i int) { d.hex(d.value(i)) }}
	decimal     = &shape{doc: "number", enter: func(d *decoder, i int) { d.int(int64(d.value(i))) }}
	number      = &shape{doc: "number", enter: func(d *decoder, i int) {
		if d.plan.sig.Args[i].Signed {
			d.int(int64(d.value(i)))
			return
		}
		d.uint(d.value(i))
	}}
	cint      = &shape{doc: "number", enter: func(d *decoder, i int) { d.int32(d.value(i)) }}
	cuint     = &shape{doc: "number", enter: func(d *decoder, i int) { d.uint32(d.value(i)) }}
	flagNames = &shape{doc: "names", enter: func(d *decoder, i int) { d.named(d.plan.sig.Args[i].Flags, d.unsigned(i)) }}
	stringIn  = &shape{doc: "string", enter: func(d *decoder, i int) { d.str(d.value(i)) }}
)

// in is a shape that a printer of an address makes, at the entry; out is one
// at the return.
func in(doc string, print func(d *decoder, addr uint64)) *shape {
	return &shape{doc: doc, enter: func(d *decoder, i int) { print(d, d.value(i)) }}
}

func out(doc string, print func(d *decoder, addr uint64)) *shape {
	return &shape{doc: doc, leave: func(d *decoder, i int) { print(d, d.value(i)) }}
}

// set is the names of a set, for an argument that package abi gives none.
func set(names abi.FlagSet) *shape {
	return &shape{doc: "names", enter: func(d *decoder, i int) { d.named(names, d.unsigned(i)) }}
}

// names is the names of a list.
func names(list ...string) *shape {
	return &shape{doc: "names", enter: func(d *decoder, i int) { d.one(list, d.value(i)) }}
}

// filled prints as many bytes as the call returned, of the buffer that the
// next argument counts.
func (d *decoder) filled(i int, quoted func(out, b []byte) []byte) {
	d.bytes(d.value(i), min(d.result, d.unsigned(i+1)), quoted)
}

func outIovec(d *decoder, i int) {
	d.iovecOut(d.value(i), d.unsigned(i+1), d.result)
}

// clock prints a clock's name, or the process or descriptor that a negative
// one is made from (CPUCLOCK_* of linux/posix-timers.h).
func clock(d *decoder, i int) {
	d.named(d.plan.sig.Args[i].Flags, d.unsigned(i))
}

// cloneName gives clone's arguments the names strace prints.
func cloneName(kernel string) string {
	switch kernel {
	case "newsp":
		return "child_stack"
	case "clone_flags":
		return "flags"
	case "parent_tidptr":
		return "parent_tid"
	}
	return kernel
}
