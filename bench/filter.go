package bench

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/rules/bpf"
)

// Return values of a filter that package bpf does not use.
const (
	retTrap   = 0x00030000 // SECCOMP_RET_TRAP
	retNotify = 0x7fc00000 // SECCOMP_RET_USER_NOTIF
)

// wanted is the first argument of the measured call, for filters that look at
// it: both halves of the register, as for a 64-bit value.
const wanted = 5

// makeFilter builds a filter and gives its entry.
type makeFilter func(*bpf.Builder) bpf.Label

// head is what every real filter begins with: the architecture's test, and the
// load of the number.
func head(b *bpf.Builder, next bpf.Label) bpf.Label {
	number := b.Load(bpf.OffNr, next)
	return b.Load(bpf.OffArch, b.Jeq(abi.Native().Audit(), number, b.Ret(bpf.RetKillProcess)))
}

// allowAll is the smallest filter that there is.
func allowAll(b *bpf.Builder) bpf.Label { return b.Ret(bpf.RetAllow) }

// answering gives one call verdict and allows the others.
func answering(number, verdict uint32) makeFilter {
	return func(b *bpf.Builder) bpf.Label {
		yes := b.Ret(verdict)
		return head(b, b.Jeq(number, yes, b.Ret(bpf.RetAllow)))
	}
}

// argued allows one call by its first argument, and refuses it with another.
func argued(b *bpf.Builder) bpf.Label {
	allow := b.Ret(bpf.RetAllow)
	low := b.Load(bpf.OffArgLow(0), b.Jeq(wanted, allow, b.Ret(bpf.RetErrno|uint32(unix.EPERM))))
	return b.Load(bpf.OffArgHigh(0), b.Jeq(0, low, b.Ret(bpf.RetErrno|uint32(unix.EPERM))))
}

// arguing is a filter of one rule with an argument.
func arguing(number uint32) makeFilter {
	return func(b *bpf.Builder) bpf.Label {
		rule := argued(b)
		return head(b, b.Jeq(number, rule, b.Ret(bpf.RetAllow)))
	}
}

// otherNumbers are where the rules for other calls begin: no system call has
// such numbers, and a filter does not care.
const otherNumbers = 1000

// chain is so many rules one after another. The measured call's is the last.
// With an argument in it the kernel has to run the program; without, it knows
// the answer beforehand (its bitmap of constant actions).
func chain(number uint32, rules int, argument bool) makeFilter {
	return func(b *bpf.Builder) bpf.Label {
		next := b.Ret(bpf.RetAllow)
		if argument {
			rule := argued(b)
			next = b.Jeq(number, rule, b.Ret(bpf.RetAllow))
		}
		for i := rules - 2; i >= 0; i-- {
			next = b.Jeq(uint32(otherNumbers+i), b.Ret(bpf.RetErrno|uint32(unix.EPERM)), next)
		}
		return head(b, next)
	}
}

// tree is the same rules as a balanced tree by number.
func tree(number uint32, rules int) makeFilter {
	numbers := []uint32{number}
	for i := range rules - 1 {
		numbers = append(numbers, uint32(otherNumbers+i))
	}
	return func(b *bpf.Builder) bpf.Label {
		rule := argued(b)
		var grow func(list []uint32) bpf.Label
		grow = func(list []uint32) bpf.Label {
			if half := len(list) / 2; half > 0 {
				above := grow(list[half:])
				return b.Jge(list[half], above, grow(list[:half]))
			}
			if list[0] == number {
				return b.Jeq(number, rule, b.Ret(bpf.RetAllow))
			}
			return b.Jeq(list[0], b.Ret(bpf.RetErrno|uint32(unix.EPERM)), b.Ret(bpf.RetAllow))
		}
		return head(b, grow(numbers))
	}
}

// loading adds the rows that load a filter; flags are those of seccomp(2).
func loading(f makeFilter, flags uint64) func(*script) {
	return func(s *script) {
		b := &bpf.Builder{}
		p, err := b.Finish(f(b))
		if err != nil {
			s.err = err
			return
		}
		list := p.Bind(0, 0)
		var code []byte
		for _, in := range list {
			code = binary.LittleEndian.AppendUint16(code, in.Op)
			code = append(code, in.Jt, in.Jf)
			code = binary.LittleEndian.AppendUint32(code, in.K)
		}
		s.call("PR_SET_NO_NEW_PRIVS", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		// struct sock_fprog: a short count, and at 8 the pointer.
		program := s.words(uint64(len(list)), s.put(code))
		s.call("SECCOMP_SET_MODE_FILTER", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, program)
	}
}
