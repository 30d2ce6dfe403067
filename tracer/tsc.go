package tracer

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/memory"
	"warder/regs"
	"warder/rules"
)

// tscStep is what each reading adds to a process's counter. A reading takes
// some 10 us, so a program that only reads sees a counter of about 1 GHz, and
// one that waits for a number of ticks does not wait for ever.
const tscStep = 10_000

// noTSC reports whether the processor is not to answer.
func (p *Prepared) noTSC() bool { return p.Policy.Time.TSC != rules.NativeTSC }

// timeStamp takes a SIGSEGV that is a reading of the time stamp counter, which
// the policy has switched off (PR_SET_TSC, made in the child's set-up and kept
// over fork and execve): it answers for the processor, and the program goes on
// behind the instruction. Every other SIGSEGV is the program's.
//
// The fault is the kernel's general protection (SI_KERNEL), which no process
// can put on a signal to another. One can on a signal to itself, with
// rt_sigqueueinfo: it then gets an answer for an instruction that it might as
// well have run, and not its signal.
//
// The kernel forces this signal: where a thread has blocked or ignored SIGSEGV,
// the block and the handler are gone by the time of the stop, and what they
// were is not to be had. That is a difference that a program can see.
func (s *session) timeStamp(t *task) (handled bool, err error) {
	if !s.policy.noTSC() {
		return false, nil
	}
	var info ptrace.SigInfo
	if err := ptrace.GetSigInfo(t.tid, &info); err != nil {
		return true, &Error{"PTRACE_GETSIGINFO", t.tid, err}
	}
	if info.Code != siKernel {
		return false, nil
	}
	var r regs.Regs
	if err := regs.ReadInto(t.tid, &r); err != nil {
		return true, err
	}
	in, err := readTSCInstruction(t.tid, r.PC())
	if in == nil || err != nil {
		return err != nil, err
	}
	if s.policy.Policy.Time.TSC == rules.DenyTSC && s.stage(t.proc) == rules.Main {
		s.deniedTSC(t, in, r.PC())
		return false, nil
	}
	t.proc.ticks += tscStep
	r.SetPC(r.PC() + uint64(len(in.code)))
	err = errors.Join(r.Set("rax", t.proc.ticks&0xffffffff), r.Set("rdx", t.proc.ticks>>32))
	if in.aux {
		err = errors.Join(err, r.Set("rcx", 0))
	}
	if err != nil {
		return true, fmt.Errorf("BUG: %w", err)
	}
	if err := r.Write(t.tid); err != nil {
		return true, err
	}
	return true, s.resume(t, 0)
}

// deniedTSC notes why the program is about to die, if it is: a handler of its
// own may have other ideas.
func (s *session) deniedTSC(t *task, in *tscInstruction, pc uint64) {
	if t.proc.tgid == s.root && s.result.Message == "" && fatal(t.tid, unix.SIGSEGV) {
		p := s.policy.Policy
		s.result.Message = fmt.Sprintf("%s at %s: %s: tsc: deny", in.name, s.where(t, pc), p.Where(p.Time.TSCLine))
	}
}

// tscInstruction is one that PR_TSC_SIGSEGV makes fault, as it is encoded
// without prefixes, which have no meaning on it.
type tscInstruction struct {
	name string
	code []byte
	aux  bool // answers in rcx as well: IA32_TSC_AUX, where Linux keeps node and core
}

var tscInstructions = [...]tscInstruction{
	{"rdtsc", []byte{0x0f, 0x31}, false},
	{"rdtscp", []byte{0x0f, 0x01, 0xf9}, true},
}

// readTSCInstruction looks at the instruction at pc; nil is another one, or
// none that is mapped: a thread may unmap what another has just executed.
func readTSCInstruction(tid int, pc uint64) (*tscInstruction, error) {
	code := make([]byte, 3)
	n, err := memory.Of(tid).ReadAt(code, int64(pc))
	if n == 0 && errors.Is(err, unix.EFAULT) {
		// A page that may be executed and not read.
		n, err = memory.Of(tid).ReadForce(code, int64(pc))
	}
	if err != nil && !errors.Is(err, unix.EFAULT) {
		return nil, err
	}
	for i := range tscInstructions {
		// A short instruction may be the last thing on the last page.
		if in := &tscInstructions[i]; n >= len(in.code) && string(code[:len(in.code)]) == string(in.code) {
			return in, nil
		}
	}
	return nil, nil
}
