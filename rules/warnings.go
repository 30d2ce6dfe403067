package rules

import (
	"cmp"
	"slices"
)

// Warnings lists what p lets a program do that deserves a second look, and
// what Parse left out of an OCI profile: one line each, with its place. None
// is an error, for some programs need some of it.
func (p *Policy) Warnings() []string {
	w := warnings{policy: p, lines: slices.Clone(p.Notes)}
	for _, s := range &suspects {
		w.suspect(s)
	}
	w.exec("execve")
	w.exec("execveat")
	if p.AnyPath {
		w.writing()
	}
	w.vain()
	w.writtenAndExecuted()
	for _, h := range p.tcpHoles() {
		if !h.ports.given() {
			w.add(h.line, "allows "+h.what)
		}
	}
	return w.lines
}

// suspect is a call worth a warning if it may run with all of bits set in
// argument arg; with bits 0, if it may run whatever its arguments.
type suspect struct {
	call string
	arg  int
	bits uint64
	what string
}

// Flags that the warnings look for (linux/sched.h, fcntl.h); the same on
// every architecture.
const (
	cloneUntraced = 0x00800000
	cloneNewUser  = 0x10000000
	oWronly       = 1
	oRdwr         = 2
)

var suspects = [...]suspect{
	{"clone", 0, cloneUntraced, "with CLONE_UNTRACED, whose child no tracer sees"},
	{"clone", 0, cloneNewUser, "with CLONE_NEWUSER, which gives a child every capability in a namespace of its own"},
	{"clone3", 0, 0, "whose flags are in memory where no rule sees them"},
	{"unshare", 0, cloneNewUser, "with CLONE_NEWUSER, which gives every capability in a namespace of its own"},
	{"seccomp", 0, 0, "without a condition"},
	{"prctl", 0, 0, "without a condition"},
	{"io_uring_setup", 0, 0, "and so calls that no filter sees"},
	{"ptrace", 0, 0, "and so control over other processes"},
	{"process_vm_writev", 0, 0, "and so writing to other processes"},
	{"kexec_load", 0, 0, "which replaces the kernel"},
	{"kexec_file_load", 0, 0, "which replaces the kernel"},
	{"userfaultfd", 0, 0, "with which a program holds the kernel up inside its copies"},
	{"bpf", 0, 0, "which loads programs into the kernel"},
}

type warnings struct {
	policy *Policy
	lines  []string
}

func (w *warnings) add(line int, text string) {
	text = w.policy.Where(line) + ": " + text
	if !slices.Contains(w.lines, text) {
		w.lines = append(w.lines, text)
	}
}

// addAt is add for what may come from another file.
func (w *warnings) addAt(line int, source, text string) {
	from := warnings{policy: &Policy{Source: cmp.Or(source, w.policy.Source)}, lines: w.lines}
	from.add(line, text)
	w.lines = from.lines
}

func (w *warnings) addPath(g *Path, text string) { w.addAt(g.Line, g.Source, text) }

func (w *warnings) suspect(s suspect) {
	// prctl and seccomp are harmless in some of their forms; the others in
	// none.
	conditioned := s.call == "prctl" || s.call == "seccomp"
	if line, ok := w.policy.mayRun(s.call, s.arg, s.bits, conditioned); ok {
		w.add(line, "allows "+s.call+" "+s.what)
	}
}

func (w *warnings) exec(call string) {
	line, ok := w.policy.mayRun(call, 0, 0, false)
	switch {
	case !ok:
	case w.policy.AnyPath:
		w.add(line, "allows "+call+" of any file: paths are unrestricted")
	case len(w.policy.Exec) == 0:
		w.add(line, "allows "+call+", but exec lists no file that may be executed")
	}
}

// writers are calls that open files for writing.
var writers = [...]suspect{
	{"open", 1, oWronly, ""},
	{"open", 1, oRdwr, ""},
	{"openat", 2, oWronly, ""},
	{"openat", 2, oRdwr, ""},
	{"openat2", 0, 0, ""},
	{"creat", 0, 0, ""},
}

// writing warns of files opened for writing where no path is out of reach.
func (w *warnings) writing() {
	for _, s := range writers {
		if line, ok := w.policy.mayRun(s.call, s.arg, s.bits, false); ok {
			w.add(line, "allows "+s.call+" for writing, and paths are unrestricted")
		}
	}
}

// vain warns of what Landlock grants and no rule lets a program use.
func (w *warnings) vain() {
	p := w.policy
	runs := func(s suspect) bool { _, ok := p.mayRun(s.call, s.arg, s.bits, false); return ok }
	some := func(calls ...string) bool {
		return slices.ContainsFunc(calls, func(call string) bool { return runs(suspect{call: call}) })
	}
	writes := slices.ContainsFunc(writers[:], runs)
	if len(p.Write) > 0 && !writes && !some("truncate") {
		w.addPath(&p.Write[0], "write grants files, but no rule lets one be opened for writing")
	}
	if len(p.Create) > 0 && !writes && !some("truncate", "mkdir", "mkdirat", "mknod", "mknodat", "unlink", "unlinkat", "rmdir",
		"rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat") {
		w.addPath(&p.Create[0], "create grants files, but no rule lets one be opened for writing, made, removed, renamed or linked")
	}
	if p.Connect.given() && !(some("socket") && some("connect", "sendto", "sendmsg", "sendmmsg")) {
		w.addAt(p.Connect.Line, p.Connect.Source, "connect opens ports, but no rule lets a socket be made and connected")
	}
	if p.Bind.given() && !(some("socket") && some("bind")) {
		w.addAt(p.Bind.Line, p.Bind.Source, "bind opens ports, but no rule lets a socket be made and bound")
	}
}

// writtenAndExecuted warns of places whose files the program may make and then
// execute: what it is then, no one has looked at.
func (w *warnings) writtenAndExecuted() {
	for _, list := range [...][]Path{w.policy.Write, w.policy.Create} {
		for i := range list {
			for _, x := range w.policy.Exec {
				if g := &list[i]; within(g.Name, x.Name) || within(x.Name, g.Name) {
					w.addPath(g, "what is written below "+g.Name+" may be executed: exec lists "+x.Name)
				}
			}
		}
	}
}

// mayRun reports whether a call with all of bits in argument arg, and
// anything elsewhere, may run, and by which line. With bare, rules with
// conditions are taken to be harmless. It errs towards yes: an earlier rule
// counts as refusing only if it plainly refuses every such call.
func (p *Policy) mayRun(call string, arg int, bits uint64, bare bool) (line int, ok bool) {
	open := inAny
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Stage.set()&open == 0 || !slices.Contains(r.Calls, call) {
			continue
		}
		all := len(r.Probe) == 0
		never := false
		for j := range r.When {
			never = never || bits != 0 && r.When[j].excludes(arg, bits)
			all = all && bits != 0 && r.When[j].includes(arg, bits)
		}
		switch {
		case never:
		case !r.Action.Refuses() && r.Action.Kind != Rewrite && (len(r.When) == 0 || !bare):
			return r.Line, true
		case all:
			if open &^= r.Stage.set(); open == 0 {
				return 0, false
			}
		}
	}
	return p.DefaultLine, !p.Default.Refuses()
}

// includes reports whether c holds for every value that has all of bits.
func (c *Cond) includes(index int, bits uint64) bool {
	return c.Index == index && c.Op == Masked && c.Mask&^bits == 0 && c.Values[0].N == c.Mask
}
