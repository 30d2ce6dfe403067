package learn

import (
	"maps"
	"slices"

	"warder/rules"
)

// basics are what every program needs, whether it was seen or not: they end
// it, and go on after a signal.
var basics = []string{"exit", "exit_group", "restart_syscall", "rt_sigreturn"}

// chances are calls that C libraries make or do not make where threads meet.
var chances = []string{"futex", "getpid", "gettid", "munmap", "nanosleep", "rseq", "rt_sigprocmask", "sched_yield", "set_robust_list"}

// ruleOf is a rule with what is said above it.
type ruleOf struct {
	rules.Rule
	comment string
	hand    []string // comments that a person wrote
}

// byChance adds what is made by chance where threads were seen: a second heap
// (glibc's malloc, arena.c), and the signal with which Go's runtime interrupts
// its threads (runtime/preempt.go).
func (l *Learner) byChance() {
	if !l.threaded {
		return
	}
	add := func(call string, values map[string]uint64) {
		sig, ok := l.arch.Lookup(call)
		s := l.calls[call]
		if !ok || s == nil || s.count == 0 {
			return
		}
		for name, v := range values {
			if i, ok := sig.Arg(name); ok {
				s.args[i].add(rules.Value{N: v}, true)
			}
		}
	}
	const protNone, protRW = 0, 3
	const private, norerserve, dontneed = 0x22, 0x4022, 4 // MAP_PRIVATE|MAP_ANONYMOUS, with MAP_NORESERVE; MADV_DONTNEED
	add("mmap", map[string]uint64{"prot": protNone, "flags": norerserve, "fd": 0xffffffff})
	add("mmap", map[string]uint64{"prot": protRW, "flags": private})
	add("mprotect", map[string]uint64{"prot": protRW})
	add("madvise", map[string]uint64{"behavior": dontneed})
	if s := l.calls["futex"]; s != nil {
		s.args[1].free, s.args[1].set = true, nil
	}
	const sigurg = 23
	if s := l.calls["rt_sigaction"]; s != nil && (s.args[0].free || s.args[0].set[rules.Value{N: sigurg}]) {
		t := l.seen("tgkill")
		t.args[0].add(rules.Value{Self: true}, !t.args[0].free)
		t.args[1].free = true
		t.args[2].add(rules.Value{N: sigurg}, !t.args[2].free)
	}
}

// rules makes the rules. settled are calls that other rules decide already.
func (l *Learner) rules(settled func(call string) bool) []ruleOf {
	l.byChance()
	var out []ruleOf
	group := func(calls []string, comment string) {
		calls = slices.DeleteFunc(slices.Clone(calls), func(call string) bool {
			_, ok := l.arch.Number(call)
			return !ok || settled(call)
		})
		if len(calls) > 0 {
			out = append(out, ruleOf{rules.Rule{Calls: calls, Action: rules.Action{Kind: rules.Allow}}, comment, nil})
		}
	}
	group(basics, basicsComment)
	if l.threaded {
		group(slices.DeleteFunc(slices.Clone(chances), func(call string) bool { return l.calls[call] != nil }), chanceComment)
	}
	for _, call := range slices.Sorted(maps.Keys(l.calls)) {
		if slices.Contains(basics, call) || settled(call) {
			continue
		}
		s := l.calls[call]
		enosys := s.count > 0 && s.failed["ENOSYS"] == s.count
		if enosys { // the kernel lacks it
			s.answered["ENOSYS"] += s.count
			s.count, s.failed = 0, map[string]uint64{}
		}
		conditions := true
		if s.count > 0 || call == "tgkill" && len(s.answered) == 0 {
			r := ruleOf{rules.Rule{Calls: []string{call}, Action: rules.Action{Kind: rules.Allow}}, s.comment(l, call), s.hand}
			sig, _ := l.arch.Lookup(call)
			for i := range sig.Args {
				if !learnable(sig.Args[i].Kind) {
					continue
				}
				if c, ok := l.condition(sig.Args[i], i, &s.args[i]); ok {
					r.When = append(r.When, c)
				}
			}
			conditions = len(r.When) > 0
			out = append(out, r)
		}
		if errno, n := s.answer(); n > 0 && conditions {
			x, err := rules.ParseExpectation("errno "+errno, "")
			if err != nil || x == nil {
				l.note("%s: the error %q is not known", call, errno)
				continue
			}
			out = append(out, ruleOf{rules.Rule{Calls: []string{call}, Action: x.Action}, times(n) + ": refused", nil})
		}
	}
	return out
}

// answer is the error that calls that did not run got most often, and how
// often all did not run.
func (s *seen) answer() (errno string, n uint64) {
	for _, e := range slices.Sorted(maps.Keys(s.answered)) {
		n += s.answered[e]
		if errno == "" || s.answered[e] > s.answered[errno] {
			errno = e
		}
	}
	return errno, n
}

// ports lists ports in order, all where there are too many for a policy.
func ports(seen map[uint16]uint64) rules.Ports {
	const most = 1024
	var p rules.Ports
	for _, port := range slices.Sorted(maps.Keys(seen)) {
		if n := len(p.List); n > 0 && p.List[n-1].Last+1 == port && port != 0 {
			p.List[n-1].Last = port
			continue
		}
		p.List = append(p.List, rules.PortRange{First: port, Last: port})
	}
	if len(seen) > most {
		return rules.Ports{Any: true}
	}
	return p
}
