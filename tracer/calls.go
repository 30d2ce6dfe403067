package tracer

import (
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap/zapcore"

	"warder/abi"
	"warder/decode"
	"warder/internal/ptrace"
	"warder/memory"
	"warder/rules"
)

// seccompStop is a call that the filter left to the supervisor.
func (s *session) seccompStop(t *task) error {
	if err := ptrace.GetSyscallInfo(t.tid, &s.info); err != nil {
		return &Error{"PTRACE_GET_SYSCALL_INFO", t.tid, err}
	}
	if s.info.Op != ptrace.OpSeccomp {
		// Another stop than the one that was reported. Nothing known makes it
		// so; a call that was not looked at does not run.
		s.fail(fmt.Errorf("thread %d: seccomp-stop turned into a stop of kind %d", t.tid, s.info.Op))
		return s.put(t)
	}
	return s.decide(t)
}

// syscallStop is an entry or an exit under PTRACE_SYSCALL. The kernel says
// which; nothing is counted here.
func (s *session) syscallStop(t *task) error {
	if err := ptrace.GetSyscallInfo(t.tid, &s.info); err != nil {
		return &Error{"PTRACE_GET_SYSCALL_INFO", t.tid, err}
	}
	switch s.info.Op {
	case ptrace.OpEntry:
		t.entry = true
		if s.cfg.Engine == Ptrace {
			return s.decide(t)
		}
	case ptrace.OpExit:
		if t.restore {
			if err := ptrace.SetArg(t.tid, 1, t.saved); err != nil {
				return &Error{"restore argument", t.tid, err}
			}
		}
		s.traceExit(t)
		t.wantExit, t.restore = false, false
	default:
		// Neither entry nor exit: nothing known makes it so, and what was not
		// looked at does not run.
		s.fail(fmt.Errorf("thread %d: syscall-stop of kind %d", t.tid, s.info.Op))
		return s.put(t)
	}
	return s.resume(t, 0)
}

// decide acts on the call in s.info. It decides anew, from registers, with the
// function that the filter was compiled from: what the filter says (its
// return data above all) may have been overlaid by a filter of the program's.
func (s *session) decide(t *task) error {
	arch, _ := abi.ArchOfAudit(s.info.Arch) // unknown: 0, which is foreign
	s.call = rules.Call{Arch: arch, Nr: uint32(s.info.Nr), Args: s.info.Args}
	s.at = t
	if err := s.rename(t); err != nil {
		return err
	}
	s.ctx.Stage = s.stage(t.proc)
	v := s.policy.matcher().Decide(&s.call, &s.ctx)
	if s.cfg.Observer != nil {
		s.cfg.Observer.Call(&s.call, v.Action.Kind)
	}
	if !v.Action.Refuses() && rules.AffinityCall(arch, s.call.Nr) {
		s.placement.over() // before the program can see where it is kept
	}
	if s.cfg.Trace != nil {
		s.traceEntry(t, v)
	}
	if !v.Action.Refuses() {
		if e := s.watchedCall(t); e != nil {
			return s.tell(t, 0, e, nil)
		}
	}
	switch v.Action.Kind {
	case rules.Allow:
		return s.resume(t, 0)
	case rules.Log, rules.Trace:
		s.report(t, v)
		return s.resume(t, 0)
	case rules.Errno:
		if err := ptrace.SkipCall(t.tid, v.Action.Errno); err != nil {
			return &Error{"refuse call", t.tid, err}
		}
		return s.resume(t, 0)
	case rules.Rewrite:
		return s.rewrite(t, v.Action.Twin)
	case rules.Kill:
	}
	return s.violation(t, v)
}

// report shows a traced or logged call to the hook and the log.
func (s *session) report(t *task, v rules.Verdict) {
	if s.cfg.Hooks.Call != nil {
		s.inHook = true
		s.cfg.Hooks.Call(s.tracee(t), &CallStop{s.call, v})
		s.inHook = false
	}
	if v.Action.Kind == rules.Log {
		s.log(zapcore.InfoLevel, "call", func() []zapcore.Field {
			return []zapcore.Field{text("call", s.decoded(t).String()), number("pid", int64(t.proc.tgid)), number("tid", int64(t.tid))}
		})
	}
}

// space is the memory of a thread's process. One that is not in a stop may die
// at any time, and its id be a stranger's; that of the first thread is its own
// until we have reaped it.
func (s *session) space(t *task) *memory.Space {
	if t.loose {
		return memory.Of(s.root)
	}
	return memory.Of(t.tid)
}

func (s *session) decoded(t *task) decode.Call {
	return decode.Decode(s.call.Arch, s.call.Nr, s.call.Args, s.space(t), decode.Options{})
}

// rewrite runs a call's scalar twin. The register that the kernel's calling
// convention promises to keep is put back at the exit.
func (s *session) rewrite(t *task, twin string) error {
	name, _ := s.call.Arch.Name(s.call.Nr)
	tw, ok := rules.TwinOf(name, twin)
	nr, known := s.call.Arch.Number(twin)
	if !ok || !known || len(tw.Args) != 2 || tw.Args[0] != 0 {
		return fmt.Errorf("BUG: no way to rewrite %s to %s", name, twin)
	}
	if err := ptrace.SetCall(t.tid, nr); err != nil {
		return &Error{"rewrite call", t.tid, err}
	}
	if err := ptrace.SetArg(t.tid, 1, s.call.Args[tw.Args[1]]); err != nil {
		return &Error{"rewrite call", t.tid, err}
	}
	t.wantExit, t.restore, t.saved = true, true, s.call.Args[1]
	return s.resume(t, 0)
}

// violation reports the call and ends the session. The call does not run: the
// thread is never resumed from this stop.
func (s *session) violation(t *task, v rules.Verdict) error {
	if s.budget.hasEnded() {
		return s.put(t)
	}
	viol := &Violation{
		Call: s.decoded(t), Arch: s.call.Arch.String(), Args: s.call.Args,
		PID: t.proc.tgid, TID: t.tid, IP: s.info.IP,
		Where: s.where(t, s.info.IP), Rule: s.ruleText(v),
	}
	if s.call.Arch != abi.Native() {
		viol.Arch = "foreign"
	}
	if s.cfg.Hooks.Violation != nil && !t.loose {
		s.inHook = true
		s.cfg.Hooks.Violation(s.tracee(t), viol)
		s.inHook = false
	}
	if s.cfg.Watch.Violation {
		return s.tell(t, 0, &Event{Kind: ViolationEvent, Violation: viol}, func() { s.endFor(viol) })
	}
	s.endFor(viol)
	return nil
}

// endFor ends the session for a violation.
func (s *session) endFor(viol *Violation) {
	if s.budget.end(PolicyViolation, "") {
		s.result.Outcome = PolicyViolation
		s.result.Violation = viol
		s.log(zapcore.InfoLevel, "policy violation", func() []zapcore.Field {
			return []zapcore.Field{
				text("call", viol.Call.String()), number("pid", int64(viol.PID)),
				number("tid", int64(viol.TID)), text("rule", viol.Rule),
			}
		})
	}
	s.killing = true
}

// where names an address by its mapping.
func (s *session) where(t *task, ip uint64) string {
	maps, err := s.space(t).Maps()
	if err != nil {
		return "0x" + strconv.FormatUint(ip, 16)
	}
	text := memory.Locate(maps, ip)
	if base := s.worker.stub.ViewBase(); base != "" && strings.HasPrefix(text, base+"/") {
		return text[len(base):] // as the program has it
	}
	return text
}

// ruleText quotes the rule of a verdict.
func (s *session) ruleText(v rules.Verdict) string {
	p := s.policy.Policy
	if v.Rule < 0 {
		if v.Reason == rules.ReasonDefault {
			return fmt.Sprintf("%s: default %s", p.Source, v.Action)
		}
		return v.Reason
	}
	r := &p.Rules[v.Rule]
	text := fmt.Sprintf("%s: %s", p.WhereRule(r), v.Action)
	if r.Why != "" {
		text += " (" + r.Why + ")"
	}
	return text
}

// unseenViolation is one that the kernel ended without a stop.
func (s *session) unseenViolation() *Violation {
	rule := "a call through a foreign architecture's entry (int 0x80, x32): the kernel ended the program before it ran"
	switch {
	case s.notified:
		return s.unseenPreemption()
	case s.cfg.Engine == Seccomp:
		rule = "the seccomp filter ended the program; the seccomp engine cannot say for which call"
	}
	return &Violation{Arch: "foreign", PID: s.root, TID: s.root, Rule: rule}
}
