package decode

import "warder/abi"

// processForms start, end and wait for processes and threads.
func processForms() map[string]*form {
	return map[string]*form{
		"arch_prctl": {args: [6]*shape{1: archArg}, shown: archShown, result: archResult},
		"clone": {
			args:  [6]*shape{2: cloneTID, 3: cloneLate, 4: cloneLate},
			shown: cloneShown,
			late:  true,
		},
		"clone3":          {args: [6]*shape{0: {doc: "struct clone_args", enter: cloneArgs, leave: cloneArgsOut}}},
		"futex":           {args: [6]*shape{2: futexValue, 3: futexTime, 4: futexAddr, 5: futexLast}, shown: futexShown},
		"futex_time64":    {args: [6]*shape{2: futexValue, 3: futexTime, 4: futexAddr, 5: futexLast}, shown: futexShown},
		"get_robust_list": {args: [6]*shape{1: out("pointer", pointerAt), 2: out("number", longAt)}},
		"getresgid":       {args: [6]*shape{0: idOut, 1: idOut, 2: idOut}},
		"getresgid32":     {args: [6]*shape{0: idOut, 1: idOut, 2: idOut}},
		"getresuid":       {args: [6]*shape{0: idOut, 1: idOut, 2: idOut}},
		"getresuid32":     {args: [6]*shape{0: idOut, 1: idOut, 2: idOut}},
		"getgroups":       {args: [6]*shape{1: {doc: "ids", leave: groupsOut}}},
		"getgroups32":     {args: [6]*shape{1: {doc: "ids", leave: groupsOut}}},
		"setgroups":       {args: [6]*shape{1: {doc: "ids", enter: groupsIn}}},
		"setgroups32":     {args: [6]*shape{1: {doc: "ids", enter: groupsIn}}},
		"capget":          {args: [6]*shape{0: in("struct __user_cap_header_struct", capHeader), 1: {doc: "struct __user_cap_data_struct", leave: capData}}},
		"capset":          {args: [6]*shape{0: in("struct __user_cap_header_struct", capHeader), 1: {doc: "struct __user_cap_data_struct", enter: capData}}},
		"getrlimit":       {args: [6]*shape{1: rlimitOut}},
		"ugetrlimit":      {args: [6]*shape{1: rlimitOut}},
		"setrlimit":       {args: [6]*shape{1: in("struct rlimit", rlimit)}},
		"prlimit64":       {args: [6]*shape{2: in("struct rlimit", rlimit), 3: rlimitOut}},
		"getrusage":       {args: [6]*shape{1: out("struct rusage", rusage)}},
		"personality": {args: [6]*shape{0: {doc: "names", enter: func(d *decoder, i int) {
			if d.unsigned(0) == 1<<32-1 { // asks and changes nothing
				d.lit("0xffffffff")
				return
			}
			d.named(abi.Personalities, d.unsigned(0))
		}}}, result: func(d *decoder) {
			d.hex(d.result)
			d.note(func() { d.flags(abi.Personalities, d.result) })
		}},
		"wait4":   {args: [6]*shape{1: statusOut, 2: waitOptions, 3: {doc: "struct rusage", leave: waited(rusage)}}},
		"waitpid": {args: [6]*shape{1: statusOut, 2: waitOptions}},
		"waitid":  {args: [6]*shape{2: out("siginfo_t", siginfoAt), 3: waitOptions, 4: out("struct rusage", rusage)}},
	}
}

var (
	rlimitOut = out("struct rlimit", rlimit)
	idOut     = out("id", func(d *decoder, addr uint64) {
		if d.word == 4 && d.plan.name[len(d.plan.name)-1] != '2' {
			d.bracket(addr, 2, func(p []byte) { d.id(u16(p, 0), 16) })
			return
		}
		d.bracket(addr, 4, func(p []byte) { d.id(u32(p, 0), 32) })
	})
	cloneTID = &shape{doc: "thread id", pick: func(d *decoder, _ int) *shape {
		if d.unsigned(0)&(cloneParentSet|clonePIDFD) != 0 {
			return cloneTIDOut
		}
		return cloneLate
	}}
	cloneLate   = &shape{after: true}
	cloneTIDOut = out("thread id", intAt)
)

// Bits of clone's flags that make it read further arguments (linux/sched.h).
const (
	cloneParentSet  = 0x00100000
	clonePIDFD      = 0x00001000
	cloneSetTLS     = 0x00080000
	cloneChildSet   = 0x01000000
	cloneChildClear = 0x00200000
)

func cloneShown(d *decoder) []uint8 {
	flags := d.unsigned(0)
	positions := append(d.order[:0], 1, 0)
	for _, want := range [...]struct {
		bits uint64
		name string
	}{
		{cloneParentSet | clonePIDFD, "parent_tidptr"},
		{cloneSetTLS, "tls"},
		{cloneChildSet | cloneChildClear, "child_tidptr"},
	} {
		if i, ok := d.plan.sig.Arg(want.name); ok && flags&want.bits != 0 {
			positions = append(positions, uint8(i))
		}
	}
	return positions
}

// cloneArgs prints a struct clone_args, which grew from 64 to 88 bytes: fields
// that are zero are left out as strace leaves them out.
func cloneArgs(d *decoder, i int) {
	addr, size := d.value(i), d.value(1)
	if size < 64 {
		d.pointer(addr)
		return
	}
	p, ok := d.block(addr, int(min(size, 88)))
	if !ok {
		d.pointer(addr)
		return
	}
	at := func(i int) uint64 {
		if 8*i+8 > len(p) {
			return 0
		}
		return u64(p, 8*i)
	}
	flags := at(0)
	start := len(d.out)
	d.lit("{flags=")
	d.named(abi.Clone3Flags, flags)
	if flags&clonePIDFD != 0 {
		d.lit(", pidfd=")
		d.pointer(at(1))
	}
	if flags&(cloneChildSet|cloneChildClear) != 0 {
		d.lit(", child_tid=")
		d.pointer(at(2))
	}
	if flags&cloneParentSet != 0 {
		d.lit(", parent_tid=")
		d.pointer(at(3))
	}
	d.lit(", exit_signal=")
	d.signal(at(4))
	d.lit(", stack=")
	d.pointer(at(5))
	d.lit(", stack_size=")
	d.hex(at(6))
	if flags&cloneSetTLS != 0 {
		d.lit(", tls=")
		d.pointer(at(7))
	}
	if at(8) != 0 || at(9) != 0 {
		d.lit(", set_tid=")
		d.pointer(at(8))
		d.lit(", set_tid_size=")
		d.uint(at(9))
	}
	const intoCgroup = 0x200000000
	if flags&intoCgroup != 0 {
		d.lit(", cgroup=")
		d.uint(at(10))
	}
	d.byte('}')
	d.aux = append(d.aux[:0], d.out[start:]...)
	d.known, d.head = flags&(clonePIDFD|cloneParentSet) == 0, len(d.aux)
}

// cloneArgsOut adds what the kernel wrote where the structure says: the new
// process's descriptor and id.
func cloneArgsOut(d *decoder, i int) {
	addr := d.value(i)
	if len(d.aux) == 0 {
		d.pointer(addr)
		return
	}
	d.out = append(d.out, d.aux...)
	p, ok := d.block(addr, 64)
	if !ok {
		return
	}
	flags, pidfd, parent := u64(p, 0), u64(p, 8), u64(p, 24)
	open, next := " => {", ", "
	one := func(name string, addr uint64, print func(v uint64)) {
		p, ok := d.block(addr, 4)
		if !ok {
			return
		}
		v := u32(p, 0)
		d.lit(open)
		d.lit(name)
		print(v)
		d.byte(']')
		open = next
	}
	if flags&clonePIDFD != 0 {
		one("pidfd=[", pidfd, func(v uint64) { d.descriptor(int32(v)) })
	}
	if flags&cloneParentSet != 0 {
		one("parent_tid=[", parent, d.int32)
	}
	if open == next {
		d.byte('}')
	}
}

func rlimit(d *decoder, addr uint64) {
	word, infinity := d.word, "RLIM_INFINITY"
	if d.plan.name == "prlimit64" || d.word == 8 {
		word, infinity = 8, "RLIM64_INFINITY"
	}
	p, ok := d.block(addr, 2*word)
	if !ok {
		d.pointer(addr)
		return
	}
	one := func(p []byte) {
		v, most := uint64(0), ^uint64(0)
		if word == 4 {
			v, most = u32(p, 0), 1<<32-1
		} else {
			v = u64(p, 0)
		}
		switch {
		case v == most:
			d.lit(infinity)
		case v > 1024 && v%1024 == 0:
			d.uint(v / 1024)
			d.lit("*1024")
		default:
			d.uint(v)
		}
	}
	d.lit("{rlim_cur=")
	one(p)
	d.lit(", rlim_max=")
	one(p[word:])
	d.byte('}')
}

func rusage(d *decoder, addr uint64) {
	p, ok := d.block(addr, 18*d.word)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{ru_utime=")
	d.time(p, d.word, microseconds)
	d.lit(", ru_stime=")
	d.time(p[2*d.word:], d.word, microseconds)
	d.lit(", ...}")
}

// waited prints with a printer if there was something to wait for: a wait
// that returns 0 wrote nothing.
func waited(print func(d *decoder, addr uint64)) printer {
	return func(d *decoder, i int) {
		if d.result == 0 {
			d.pointer(d.value(i))
			return
		}
		print(d, d.value(i))
	}
}

var statusOut = &shape{doc: "wait status", leave: waited(waitStatus)}

// waitOptions has the wait of before waitid: WUNTRACED and WSTOPPED are one
// bit, and strace says the latter.
var waitOptions = &shape{doc: "names", enter: func(d *decoder, i int) { d.named(abi.WaitOptions, d.unsigned(i)) }}

// waitStatus prints the parts of a status by the macros of wait(2).
func waitStatus(d *decoder, addr uint64) {
	d.bracket(addr, 4, func(p []byte) {
		v := u32(p, 0)
		sig := v & 0x7f
		rest := uint64(0)
		d.byte('{')
		switch {
		case v == 0xffff:
			d.lit("WIFCONTINUED(s)")
		case sig == 0:
			d.lit("WIFEXITED(s) && WEXITSTATUS(s) == ")
			d.uint(v >> 8 & 0xff)
			rest = v &^ 0xff00
		case sig == 0x7f:
			d.lit("WIFSTOPPED(s) && WSTOPSIG(s) == ")
			stop := v >> 8 & 0xff
			const traced = 0x80
			d.signal(stop &^ traced)
			if stop&traced != 0 {
				d.lit(" | 0x80")
			}
			rest = v &^ 0xffff
		default:
			d.lit("WIFSIGNALED(s) && WTERMSIG(s) == ")
			d.signal(sig)
			if v&0x80 != 0 {
				d.lit(" && WCOREDUMP(s)")
			}
			rest = v &^ 0xff
		}
		d.byte('}')
		d.stopEvent(v, rest, sig)
	})
}

// stopEvent prints what a tracer finds above a status.
func (d *decoder) stopEvent(v, rest, sig uint64) {
	if rest == 0 || v == 0xffff {
		return
	}
	if sig == 0x7f && rest>>16 != 0 && rest>>16 < 8 {
		events := [...]string{1: "FORK", 2: "VFORK", 3: "CLONE", 4: "EXEC", 5: "VFORK_DONE", 6: "EXIT", 7: "SECCOMP"}
		d.lit(" | PTRACE_EVENT_")
		d.lit(events[rest>>16])
		d.lit(" << 16")
		return
	}
	if rest == 128<<16 && sig == 0x7f {
		d.lit(" | PTRACE_EVENT_STOP << 16")
		return
	}
	d.lit(" | ")
	d.hex(rest)
}

func groupsIn(d *decoder, i int) { d.ids(d.value(i), d.value(0)) }
func groupsOut(d *decoder, i int) {
	if d.value(0) == 0 {
		d.ids(d.value(i), 0)
		return
	}
	d.ids(d.value(i), d.result)
}

func (d *decoder) ids(addr, count uint64) {
	const most = 65536 // NGROUPS_MAX
	if count > most {
		d.pointer(addr)
		return
	}
	if d.word == 4 && d.plan.name[len(d.plan.name)-1] != '2' {
		d.list(addr, count, 2, func(p []byte) { d.id(u16(p, 0), 16) })
		return
	}
	d.list(addr, count, 4, func(p []byte) { d.id(u32(p, 0), 32) })
}
