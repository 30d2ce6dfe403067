package decode

import "warder/abi"

// pollForms are calls that wait for descriptors.
func pollForms() map[string]*form {
	return map[string]*form{
		"poll":            {args: [6]*shape{0: pollIn}, result: pollResult},
		"ppoll":           {args: [6]*shape{0: pollIn}, result: pollResult},
		"ppoll_time64":    {args: [6]*shape{0: pollIn}, result: pollResult},
		"select":          {args: [6]*shape{1: fdSet, 2: fdSet, 3: fdSet}, result: selectResult},
		"_newselect":      {args: [6]*shape{1: fdSet, 2: fdSet, 3: fdSet, 4: in("struct timeval", timevalOut)}, result: selectResult},
		"pselect6":        {args: [6]*shape{1: fdSet, 2: fdSet, 3: fdSet, 5: selectMask}, result: selectResult},
		"pselect6_time64": {args: [6]*shape{1: fdSet, 2: fdSet, 3: fdSet, 5: selectMask}, result: selectResult},
		"epoll_ctl": {args: [6]*shape{3: {doc: "struct epoll_event", pick: func(d *decoder, i int) *shape {
			const del = 2 // EPOLL_CTL_DEL, which ignores it
			if d.value(1) == del {
				return address
			}
			return epollIn
		}}}},
		"epoll_wait":   {args: [6]*shape{1: epollOut}},
		"epoll_pwait":  {args: [6]*shape{1: epollOut, 4: maskLost}},
		"epoll_pwait2": {args: [6]*shape{1: epollOut, 3: timeLost, 4: maskLost}},
	}
}

var (
	pollIn = &shape{doc: "struct pollfd[]", enter: func(d *decoder, i int) { d.pollfds(d.value(i), d.unsigned(1)) }}
	// Behind what the kernel fills strace reads nothing of a call that failed.
	maskLost = &shape{doc: "signal set", enter: kinds[abi.SigSet].enter, lost: true}
	timeLost = &shape{doc: "struct timespec", enter: kinds[abi.Timespec].enter, lost: true}
	fdSet    = &shape{doc: "descriptors", enter: func(d *decoder, i int) {
		p, n := d.fdset(d.value(i), d.value(0))
		if p == nil {
			d.pointer(d.value(i))
			return
		}
		d.byte('[')
		d.members(p, n, d.descriptor)
		d.byte(']')
	}}
	epollIn  = in("struct epoll_event", epollEvent)
	epollOut = &shape{doc: "struct epoll_event[]", leave: func(d *decoder, i int) {
		if d.result == 0 {
			d.lit("[]")
			return
		}
		size := d.epollSize()
		d.list(d.value(i), d.result, size, d.epoll)
	}}
	selectMask = in("struct of signal set and size", func(d *decoder, addr uint64) {
		p, ok := d.block(addr, 2*d.word)
		if !ok {
			d.pointer(addr)
			return
		}
		set, size := d.long(p, 0), d.long(p, 1)
		d.lit("{sigmask=")
		d.sigset(set, size)
		d.lit(", sigsetsize=")
		d.uint(size)
		d.byte('}')
	})
)

func (d *decoder) pollfds(addr, count uint64) {
	d.list(addr, count, 8, func(p []byte) {
		fd := int32(u32(p, 0))
		d.lit("{fd=")
		d.descriptor(fd)
		if fd >= 0 {
			d.lit(", events=")
			d.flags(abi.PollEvents, u16(p, 4))
		}
		d.byte('}')
	})
}

// pollResult adds which descriptors are ready, and of a ppoll the time that is
// left. strace's -y does not name descriptors in a result.
func pollResult(d *decoder) {
	if d.result == 0 {
		d.lit("0 (Timeout)")
		return
	}
	d.int(int64(d.result))
	n := int(min(d.unsigned(1), maxCount))
	p := d.elements(d.value(0), n, 8)
	if len(p) == 0 {
		return
	}
	d.lit(" ([")
	shown := 0
	for ; len(p) > 0; p = p[8:] {
		if u16(p, 6) == 0 {
			continue
		}
		if shown > 0 {
			d.lit(", ")
		}
		if shown == d.items() {
			d.lit("...")
			break
		}
		shown++
		d.lit("{fd=")
		d.int32(u32(p, 0))
		d.lit(", revents=")
		d.flags(abi.PollEvents, u16(p, 6))
		d.byte('}')
	}
	d.byte(']')
	if d.plan.name != "poll" {
		d.left(d.value(2), nanoseconds)
	}
	d.byte(')')
}

// left prints the rest of a timeout behind what came before it.
func (d *decoder) left(addr uint64, f fraction) {
	if addr != 0 {
		d.lit(", left ")
		d.timespecAt(addr, f)
	}
}

// fdset reads a set of the first n descriptors, in whole words.
func (d *decoder) fdset(addr, n uint64) ([]byte, int) {
	const most = 1024 * 64
	if addr == 0 || int32(n) < 0 || n > most {
		return nil, 0
	}
	long := uint64(8 * d.word)
	size := int((n + long - 1) / long * long / 8)
	p, ok := d.block(addr, size)
	if !ok {
		return nil, 0
	}
	if size == 0 {
		return []byte{}, 0
	}
	return p, int(n)
}

// members prints the descriptors of a set.
func (d *decoder) members(p []byte, n int, print func(fd int32)) {
	shown := 0
	for fd := range n {
		if p[fd/8]>>(fd%8)&1 == 0 {
			continue
		}
		if shown > 0 {
			d.byte(' ')
		}
		shown++
		print(int32(fd))
	}
}

func selectResult(d *decoder) {
	if d.result == 0 {
		d.lit("0 (Timeout)")
		return
	}
	d.int(int64(d.result))
	d.lit(" (")
	shown := false
	for i, name := range [...]string{1: "in [", 2: "out [", 3: "except ["} {
		if i == 0 || d.value(i) == 0 {
			continue
		}
		p, n := d.fdset(d.value(i), d.value(0))
		if !anyBit(p) {
			continue
		}
		if shown {
			d.lit(", ")
		}
		shown = true
		d.lit(name)
		d.members(p, n, func(fd int32) { d.int(int64(fd)) })
		d.byte(']')
	}
	switch d.plan.name {
	case "select", "_newselect":
		d.left(d.value(4), microseconds)
	default:
		d.left(d.value(4), nanoseconds)
	}
	d.byte(')')
}

func anyBit(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return true
		}
	}
	return false
}

// epollSize is that of a struct epoll_event, which is packed on x86 only.
func (d *decoder) epollSize() int {
	if d.arch == abi.AArch64 {
		return 16
	}
	return 12
}

func epollEvent(d *decoder, addr uint64) {
	p, ok := d.block(addr, d.epollSize())
	if !ok {
		d.pointer(addr)
		return
	}
	d.epoll(p)
}

func (d *decoder) epoll(p []byte) {
	data := u64(p, len(p)-8)
	d.lit("{events=")
	d.flags(abi.EpollEvents, u32(p, 0))
	d.lit(", data={u32=")
	d.uint(uint64(uint32(data)))
	d.lit(", u64=")
	d.uint(data)
	d.lit("}}")
}
