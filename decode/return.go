package decode

import (
	"slices"

	"warder/abi"
)

// Return fills in what the kernel has filled in, and Result and Errno. value
// is the result register, or, where failed, the positive error number, which
// may be one of the kernel's own (ERESTARTSYS, 512, and its like). It is for
// a Call that Enter made, once; of another's, only Result and Errno are set.
func (c *Call) Return(value uint64, failed bool, mem Memory, opt Options) {
	d := c.state
	if d == nil || d.plan == nil {
		d = &decoder{plan: &plan{form: &noForm}, arch: c.Arch}
		c.finish(d, value, failed)
		return
	}
	d.look(mem, opt)
	d.result, d.failed, d.out = value, failed, d.out[:0]
	if d.word == 4 {
		d.result = uint64(int64(int32(value)))
	}
	changed := false
	for n := range d.count {
		if s := d.shapes[n]; s.leave != nil && (!failed || s.failed) {
			s.leave(d, int(d.shown[n]))
			changed = true
		} else if s.lost && failed {
			d.pointer(d.value(int(d.shown[n])))
			changed = true
		}
		d.ends[n] = len(d.out)
	}
	if changed {
		all, start := string(d.out), 0
		for n := range d.count {
			if d.ends[n] > start {
				c.Args[n].Text, start = all[start:d.ends[n]], d.ends[n]
			}
		}
	}
	c.finish(d, d.result, failed)
	d.mem, d.fd = nil, nil
}

// finish prints the result.
func (c *Call) finish(d *decoder, value uint64, failed bool) {
	d.out = d.out[:0]
	if failed {
		c.Errno = errnoName(uint32(value))
		d.failure(uint32(value), c.Errno)
	} else {
		c.Errno = ""
		if d.plan.form.result != nil {
			d.result = value
			d.plan.form.result(d)
		} else {
			d.int(int64(value))
		}
	}
	c.Result = string(d.out)
}

// errnoName is an error's name, "" for a number without one.
func errnoName(e uint32) string {
	if name := abi.ErrnoName(e); name[0] == 'E' {
		return name
	}
	return ""
}

const firstRestart = 512 // ERESTARTSYS of linux/errno.h

// failure prints an error. The kernel's own ones are not what the program
// sees, so no -1 is said of them.
func (d *decoder) failure(e uint32, name string) {
	switch {
	case name == "":
		d.lit("-1 (errno ")
		d.uint(uint64(e))
		d.byte(')')
		return
	case e >= firstRestart:
		d.lit("? ")
	default:
		d.lit("-1 ")
	}
	d.lit(name)
	d.lit(" (")
	d.lit(abi.ErrnoText(e))
	d.byte(')')
}

// The results that are no plain number.

func resultHex(d *decoder) { d.hex(d.result) }

func resultFD(d *decoder) { d.descriptor(int32(d.result)) }

// aside prints a number with something in parentheses behind it, if print
// prints anything.
func (d *decoder) aside(print func()) {
	d.int(int64(d.result))
	d.note(print)
}

func (d *decoder) note(print func()) {
	start := len(d.out)
	d.lit(" (")
	body := len(d.out)
	print()
	if len(d.out) == body {
		d.out = slices.Delete(d.out, start, body)
		return
	}
	d.byte(')')
}
