package decode

import (
	"time"

	"warder/abi"
)

// decoder is one call being decoded: its registers, what prints each of its
// arguments, and the text so far.
type decoder struct {
	arch abi.Arch
	plan *plan
	args [6]uint64
	word int // bytes of a pointer or long

	mem   Memory
	max   int
	fd    func(int32) string
	stack uint64
	zone  *time.Location
	known bool // of an argument of the kernel's: nothing more will come
	head  int  // how much of such an argument is printed at the entry

	out    []byte
	count  int       // of the printed arguments that are in registers
	shown  [6]uint8  // of each: its register,
	shapes [6]*shape // what prints it,
	ends   [6]int    // where its text ends in out
	paths  [6]span   // and where a file name is
	path   span      // of the argument being printed
	before string    // the call that the Call was used for before
	order  [6]uint8  // positions that a call chose at its entry

	// Of the return.
	result uint64
	failed bool
	// saved is what an in/out argument was at the entry, by register.
	saved [6]uint64
	kept  [6]bool
	aux   []byte // what was printed at the entry and is needed at the return

	scratch [512]byte // what a structure is read into
}

// span is a file name in the text, or beside it if its text has escapes.
type span struct {
	start, end int
	whole      string
}

// begin takes a call's registers.
func (d *decoder) begin(arch abi.Arch, args [6]uint64) {
	d.arch, d.args, d.word = arch, args, 8
	d.out, d.aux, d.kept = d.out[:0], d.aux[:0], [6]bool{}
	d.result, d.failed = 0, false
	if arch == abi.I386 {
		// Pointers and longs are 32 bits there. The upper halves of a 64-bit
		// program's registers are ignored by int 0x80.
		d.word = 4
		for i := range d.args {
			d.args[i] = uint64(uint32(d.args[i]))
		}
	}
}

// look takes the memory and the options of one of the two steps.
func (d *decoder) look(mem Memory, opt Options) {
	d.mem, d.max, d.fd, d.stack, d.zone = mem, opt.MaxString, opt.FD, opt.Stack, opt.Zone
	switch {
	case d.max < 0:
		d.max = 0
	case d.max == 0:
		d.max = defaultString
	case d.max > limitString:
		d.max = limitString
	}
	if d.zone == nil {
		d.zone = time.UTC
	}
}

// shape is what prints argument i of this call.
func (d *decoder) shape(i int) *shape {
	s := d.plan.shapes[i]
	for range 4 { // a choice may lead to a choice
		if s.pick == nil {
			break
		}
		s = s.pick(d, i)
	}
	return s
}

// value is argument i as the kernel reads it.
func (d *decoder) value(i int) uint64 {
	if i < 0 || i >= len(d.args) || i >= len(d.plan.sig.Args) {
		return 0
	}
	a := d.plan.sig.Args[i]
	if d.word == 4 && a.Bits == 64 {
		a.Bits = 32
	}
	return a.Value(d.args[i])
}

// unsigned is argument i's bits without sign extension.
func (d *decoder) unsigned(i int) uint64 {
	if i < 0 || i >= len(d.args) || i >= len(d.plan.sig.Args) {
		return 0
	}
	return d.args[i] & d.plan.sig.Args[i].Mask()
}

// save keeps a number of the entry for the return, by register.
func (d *decoder) save(i int, v uint64) {
	d.saved[i], d.kept[i] = v, true
}
