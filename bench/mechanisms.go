package bench

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/rules/bpf"
)

// Calls that are cheap in the kernel: one without arguments, and those that
// seccomp's strict mode permits, of no bytes.
var (
	getppid  = call{number: unix.SYS_GETPPID, args: [6]uint64{wanted}} // a filter may look at its argument
	readNone = call{number: unix.SYS_READ, args: [6]uint64{0, scratch, 0}}
	writeNo  = call{number: unix.SYS_WRITE, args: [6]uint64{1, scratch, 0}}
	getFlags = call{number: unix.SYS_FCNTL, args: [6]uint64{1, unix.F_GETFD}}
)

// Mechanisms are the rows of what Linux itself has, measured on cores by
// processes of a few hundred bytes of machine code: nothing of Go and nothing
// of warder is in them.
func Mechanisms(cores Cores) []Row {
	list := bareRows(cores)
	list = append(list, filterRows(cores)...)
	list = append(list, signalRows(cores)...)
	list = append(list, notifyRows(cores)...)
	return append(list, tracerRows(cores)...)
}

// row makes a mechanism's row. Calls of base are its own without supervision.
func (c Cores) row(name string, group Group, base, text string, m mechanism) Row {
	return Row{
		Name: name, Group: group, Text: text, Base: base,
		Measure: func(ctx context.Context, calls int) (Block, error) {
			took, err := m.run(ctx, c, calls)
			return Block{PerCall: float64(took) / float64(calls)}, err
		},
	}
}

func bareRows(cores Cores) []Row {
	bare := func(name, text string, c call) Row {
		return cores.row(name, GroupBare, name, text, mechanism{call: c})
	}
	return []Row{
		bare("native", "getppid(2) with nothing in between", getppid),
		bare("native-read", "read(2) of 0 bytes from a pipe", readNone),
		bare("native-write", "write(2) of 0 bytes to a pipe", writeNo),
		bare("native-fcntl", "fcntl(2) with F_GETFD", getFlags),
	}
}

func filterRows(cores Cores) []Row {
	strict := func(s *script) {
		s.call("PR_SET_SECCOMP", unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_STRICT, 0, 0, 0)
	}
	list := []Row{
		cores.row("strict-read", GroupFilter, "native-read", "read(2) of 0 bytes in seccomp's strict mode, where read, write, exit and sigreturn are all there is",
			mechanism{call: readNone, confine: strict, outside: true}),
		cores.row("strict-write", GroupFilter, "native-write", "write(2) of 0 bytes in seccomp's strict mode",
			mechanism{call: writeNo, confine: strict, outside: true}),
	}
	add := func(name, text string, f makeFilter) {
		list = append(list, cores.row(name, GroupFilter, "native", text,
			mechanism{call: getppid, confine: loading(f, 0)}))
	}
	add("filter-allow", "a seccomp filter of one instruction, which allows everything: what any filter costs", allowAll)
	add("filter-argument", "a filter that compares a 64-bit argument: the kernel has to run it at every call", arguing(getppid.number))
	for _, rules := range []int{10, 60, 300} {
		add(fmt.Sprintf("filter-%d-chain", rules),
			fmt.Sprintf("a filter of %d rules one after another; the call's rule is the last, and compares an argument", rules), chain(getppid.number, rules, true))
		add(fmt.Sprintf("filter-%d-tree", rules),
			fmt.Sprintf("a filter of %d rules as a balanced tree by number; the call's rule compares an argument", rules), tree(getppid.number, rules))
	}
	add("filter-300-number", "300 rules one after another that allow the call by number alone: the kernel knows without running them (5.11)",
		chain(getppid.number, 300, false))
	add("filter-errno", "the filter answers with an errno, and the call does not run", answering(getppid.number, bpf.RetErrno|uint32(unix.EPERM)))
	return list
}

func signalRows(cores Cores) []Row {
	const (
		siginfo  = 4          // SA_SIGINFO
		restorer = 0x04000000 // SA_RESTORER

		setDispatch = 59 // PR_SET_SYSCALL_USER_DISPATCH
		dispatchOn  = 1
		block       = 1 // SYSCALL_DISPATCH_FILTER_BLOCK
	)
	handle := func(s *script) {
		action := s.words(codeAddress(handlerAt), siginfo|restorer, codeAddress(restorerAt), 0)
		s.call("rt_sigaction", unix.SYS_RT_SIGACTION, uint64(unix.SIGSYS), action, 0, 8)
	}
	return []Row{
		cores.row("trap", GroupSignal, "native", "RET_TRAP: the filter raises SIGSYS, and a handler in the process answers",
			mechanism{call: getppid, confine: func(s *script) {
				handle(s)
				loading(answering(getppid.number, retTrap), 0)(s)
			}}),
		cores.row("dispatch", GroupSignal, "native", "syscall user dispatch (5.11): SIGSYS for calls from outside a range of code, and a handler answers",
			mechanism{call: getppid, confine: func(s *script) {
				handle(s)
				s.selects = block
				s.call("PR_SET_SYSCALL_USER_DISPATCH", unix.SYS_PRCTL, setDispatch, dispatchOn,
					codeAddress(0), uint64(repeatAt), headSelect)
			}}),
	}
}
