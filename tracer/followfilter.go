package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
	"warder/rules"
	"warder/rules/bpf"
)

// wanted is a seccomp program that stops the native calls of a set, and all of
// foreign architectures; nil: every call. The others cost what a constant
// allow costs.
func wanted(calls []bool) ([]unix.SockFilter, error) {
	var b bpf.Builder
	stop := b.Ret(bpf.RetTrace)
	tree := stop
	if calls != nil {
		native := abi.Native()
		allow := b.Ret(bpf.RetAllow)
		// Runs of equal answers, in a balanced tree.
		var first []uint32
		var answer []bpf.Label
		for nr := 0; nr <= len(calls); nr++ {
			l := allow
			if nr < len(calls) && calls[nr] {
				l = stop
			}
			if n := len(answer); n == 0 || answer[n-1] != l {
				first, answer = append(first, uint32(nr)), append(answer, l)
			}
		}
		tree = search(&b, first, answer)
		if native == abi.X86_64 {
			tree = b.Jge(abi.X32Bit, b.Ret(bpf.RetTrace), tree)
		}
		tree = b.Load(bpf.OffNr, tree)
		tree = b.Jeq(native.Audit(), tree, b.Ret(bpf.RetTrace))
		tree = b.Load(bpf.OffArch, tree)
	}
	p, err := b.Finish(tree)
	if err != nil {
		return nil, fmt.Errorf("BUG: the filter of calls to follow: %w", err)
	}
	var out []unix.SockFilter
	for _, in := range p.Bind(0, 0) {
		out = append(out, unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K})
	}
	return out, nil
}

func search(b *bpf.Builder, first []uint32, answer []bpf.Label) bpf.Label {
	if len(first) == 1 {
		return answer[0]
	}
	mid := len(first) / 2
	high := search(b, first[mid:], answer[mid:])
	low := search(b, first[:mid], answer[:mid])
	return b.Jge(first[mid], high, low)
}

// install has a program that stands before its first instruction load the
// filter: below its stack pointer there is nothing yet.
func (f *follower) install(pid int) error {
	if f.filter == nil {
		return nil
	}
	r, err := regs.Read(pid)
	if err != nil {
		return err
	}
	const redZone = 256
	sp := r.SP() &^ 15
	code := sp - redZone - uint64(len(f.filter))*8
	prog := code - 16
	var b []byte
	b = binary.NativeEndian.AppendUint64(b, uint64(len(f.filter))) // unsigned short len, and padding: little-endian
	b = binary.NativeEndian.AppendUint64(b, code)
	for _, in := range f.filter {
		b = binary.NativeEndian.AppendUint16(b, in.Code)
		b = append(b, in.Jt, in.Jf)
		b = binary.NativeEndian.AppendUint32(b, in.K)
	}
	before := make([]byte, len(b))
	mem := memory.Of(pid)
	if _, err := mem.ReadAt(before, int64(prog)); err != nil {
		return &Error{"read the stack", pid, err}
	}
	if _, err := mem.WriteAt(b, int64(prog)); err != nil {
		return &Error{"write the stack", pid, err}
	}
	load := Call{Nr: unix.SYS_SECCOMP, Args: [6]uint64{unix.SECCOMP_SET_MODE_FILTER, 0, prog}}
	g := &guest{tid: pid}
	calls := []Call{load}
	make1 := func(calls []Call) error {
		if err := g.begin(); err != nil {
			return err
		}
		err := g.makeAll(calls)
		return errors.Join(err, g.end())
	}
	if err := make1(calls); err != nil {
		return err
	}
	if calls[0].Result == -int64(unix.EACCES) {
		calls = []Call{{Nr: unix.SYS_PRCTL, Args: [6]uint64{unix.PR_SET_NO_NEW_PRIVS, 1}}, load}
		if err := make1(calls); err != nil {
			return err
		}
	}
	for _, c := range calls {
		if c.Result < 0 {
			return &Error{"load the filter", pid, unix.Errno(-c.Result)}
		}
	}
	if _, err := mem.WriteAt(before, int64(prog)); err != nil {
		return &Error{"write the stack", pid, err}
	}
	return nil
}

// firstCall is the execve that a program which stands before its first
// instruction was started by, as it would be had it been made with the strings
// where the kernel has copied them to: on the stack are argc, argv, NULL, envp
// and NULL, and AT_EXECFN is the file's name (fs/binfmt_elf.c).
func firstCall(pid int) (rules.Call, bool) {
	r, err := regs.Read(pid)
	if err != nil {
		return rules.Call{}, false
	}
	argc, err := ptrace.PeekData(pid, uintptr(r.SP()))
	if err != nil {
		return rules.Call{}, false
	}
	aux, err := procfs.Auxv(pid)
	if err != nil {
		return rules.Call{}, false
	}
	const atExecFn = 31
	name, _ := procfs.AuxValue(aux, atExecFn)
	native := abi.Native()
	nr, ok := native.Number("execve")
	argv := r.SP() + 8
	return rules.Call{Arch: native, Nr: nr, Args: [6]uint64{name, argv, argv + 8*(argc+1)}}, ok
}
