package decode

import "warder/abi"

// schedForms are scheduling, and limits of its kind.
func schedForms() map[string]*form {
	return map[string]*form{
		"getcpu":             {args: [6]*shape{0: out("number", uintAt), 1: out("number", uintAt)}},
		"getpriority":        {},
		"ioprio_get":         {result: func(d *decoder) { d.aside(func() { d.ioPriority(d.result) }) }},
		"ioprio_set":         {args: [6]*shape{2: {doc: "names", enter: func(d *decoder, i int) { d.ioPriority(d.value(i)) }}}},
		"sched_getaffinity":  {args: [6]*shape{2: {doc: "CPU mask", leave: func(d *decoder, i int) { d.cpus(d.value(i), d.result) }}}},
		"sched_setaffinity":  {args: [6]*shape{2: {doc: "CPU mask", enter: func(d *decoder, i int) { d.cpus(d.value(i), d.unsigned(1)) }}}},
		"sched_getattr":      {args: [6]*shape{1: {doc: "struct sched_attr", leave: func(d *decoder, i int) { d.schedAttr(d.value(i), d.unsigned(2)) }}}},
		"sched_setattr":      {args: [6]*shape{1: in("struct sched_attr", func(d *decoder, addr uint64) { d.schedAttr(addr, 56) })}},
		"sched_getparam":     {args: [6]*shape{1: out("struct sched_param", intAt)}},
		"sched_setparam":     {args: [6]*shape{1: in("struct sched_param", intAt)}},
		"sched_setscheduler": {args: [6]*shape{2: in("struct sched_param", intAt)}},
		"sched_getscheduler": {result: func(d *decoder) { d.aside(func() { d.flags(abi.SchedPolicies, d.result) }) }},
		"membarrier": {shown: func(d *decoder) []uint8 {
			const flagCPU = 1 // without it the processor is not read
			if d.unsigned(1)&flagCPU == 0 {
				return first(2)
			}
			return first(3)
		}, result: func(d *decoder) {
			if d.result == 0 {
				d.byte('0')
				return
			}
			d.hex(d.result)
			d.note(func() { d.flags(abi.MembarrierBits, d.result) })
		}},
	}
}

// ioPriority prints an io priority: a class in the upper three bits of 16.
func (d *decoder) ioPriority(v uint64) {
	d.lit("IOPRIO_PRIO_VALUE(")
	d.one([]string{"IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"}, v>>13&0x7ffff)
	d.lit(", ")
	d.uint(v & 0x1fff)
	d.byte(')')
}

// cpus prints the processors of a mask of size bytes.
func (d *decoder) cpus(addr, size uint64) {
	const most = 8192 / 8 // processors that a kernel can be built for
	if size == 0 && addr != 0 {
		d.lit("[]")
		return
	}
	if addr == 0 || size > 8*most {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, int(min(size, most)))
	if !ok {
		d.pointer(addr)
		return
	}
	d.byte('[')
	shown := false
	for cpu := range 8 * len(p) {
		if p[cpu/8]>>(cpu%8)&1 == 0 {
			continue
		}
		if shown {
			d.byte(' ')
		}
		shown = true
		d.int(int64(cpu))
	}
	d.byte(']')
}

// schedAttr prints a struct sched_attr of linux/sched/types.h: 48 bytes, and
// 8 more since Linux 5.3.
func (d *decoder) schedAttr(addr, room uint64) {
	const first, now = 48, 56
	if room < first {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, first)
	if !ok {
		d.pointer(addr)
		return
	}
	size, flags := u32(p, 0), u64(p, 8)
	d.lit("{size=")
	d.uint(size)
	d.lit(", sched_policy=")
	d.named(abi.SchedPolicies, u32(p, 4))
	d.lit(", sched_flags=")
	d.named(abi.SchedFlags, flags)
	d.lit(", sched_nice=")
	d.int32(u32(p, 16))
	d.lit(", sched_priority=")
	d.uint(u32(p, 20))
	for i, name := range [...]string{", sched_runtime=", ", sched_deadline=", ", sched_period="} {
		d.lit(name)
		d.uint(u64(p, 24+8*i))
	}
	if size >= now && room >= now {
		if p, ok := d.block(addr+first, now-first); ok {
			d.lit(", sched_util_min=")
			d.uint(u32(p, 0))
			d.lit(", sched_util_max=")
			d.uint(u32(p, 4))
		}
	}
	d.byte('}')
}
