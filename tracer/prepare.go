package tracer

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"warder/abi"
	"warder/jail"
	"warder/rules"
	rbpf "warder/rules/bpf"
)

// Prepared is a policy compiled for one engine. It is immutable and shared by
// all sessions of that policy and engine.
type Prepared struct {
	Policy *rules.Policy
	// matcher is made at the first stop that asks: most programs under a
	// filter make none.
	matcher func() *rules.Matcher
	// filters are the seccomp programs, by target, compiled when a session asks.
	filters [rules.Targets]func() (*rbpf.Program, error)
	engine  Engine
	// notifies: programs of this engine may be held by notifications.
	notifies bool
	// tightens: under this engine the kernel holds each stage by a program of
	// its own.
	tightens bool
	// perChild: program compares with the child's process id.
	perChild bool
	// threadsOnly: no rule lets a call run that could make a process, so the
	// table of tasks is known to be complete when it is empty.
	threadsOnly bool
	staged      bool // something holds for one stage only
	// opens: some call that opens or executes a file may run past the entry
	// point. Where none may, a static program needs no path rule at all.
	opens    bool
	executes bool // so may one that executes another program
	// files: those calls, or some that change names, have files to work on
	// there, so the root must hold them.
	files bool
	// network, ipc and keys: some call that makes a socket, an object that other
	// processes find by name, or a key, may run.
	network, ipc, keys bool
	// memfds: so may one that makes memory which a descriptor keeps.
	memfds bool
	// reaches: the policy grants something of the host's network.
	reaches bool
}

type preparedKey struct {
	policy *rules.Policy
	engine Engine
}

// preparations are kept because compiling costs more than launching.
var preparations sync.Map // preparedKey to *Prepared

// Prepare compiles policy for engine. The same pointer is compiled once.
func Prepare(policy *rules.Policy, engine Engine) (*Prepared, error) {
	key := preparedKey{policy, engine}
	if p, ok := preparations.Load(key); ok {
		return p.(*Prepared), nil
	}
	arch := abi.Native()
	p := &Prepared{Policy: policy, engine: engine}
	for t := range p.filters {
		p.filters[t] = sync.OnceValues(func() (*rbpf.Program, error) { return rules.Lower(policy, arch, rules.Target(t)) })
	}
	p.matcher = sync.OnceValue(func() *rules.Matcher { return rules.NewMatcher(policy, arch) })
	var err error
	switch engine {
	case Hybrid:
		if p.tightens = policy.Tightens(); !p.tightens {
			_, err = p.filters[rules.Hybrid]()
		}
	case Seccomp:
		_, err = p.filters[rules.FilterOnly]()
		p.perChild = true
	case Ptrace:
	case Strict:
		err = policy.TimeStops("strict")
	default:
		err = errors.New("unknown engine")
	}
	if err = cmp.Or(err, policy.CheckTime(), policy.CheckStages()); err != nil {
		return nil, fmt.Errorf("policy %s, engine %s: %w", policy.Name, engine, err)
	}
	p.staged = policy.Time.TSC == rules.DenyTSC
	p.threadsOnly = engine == Strict || policy.ThreadsOnly()
	for i := range policy.Rules {
		if policy.Rules[i].Stage != rules.AnyStage {
			p.staged = true
		}
	}
	for _, call := range [...]string{"open", "openat", "openat2", "creat", "open_by_handle_at", "execve", "execveat"} {
		p.opens = p.opens || policy.MayRun(call, rules.Main)
	}
	p.notifies = engine == Hybrid && policy.Notifies()
	p.executes = policy.MayRun("execve", rules.Main) || policy.MayRun("execveat", rules.Main)
	changes := false
	for _, call := range [...]string{
		"mkdir", "mkdirat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir",
		"link", "linkat", "symlink", "symlinkat", "truncate", "mknod", "mknodat",
	} {
		changes = changes || policy.MayRun(call, rules.Main)
	}
	p.files = policy.AnyPath || (p.opens || changes) && len(policy.Grants(rules.Main)) > 0
	for _, call := range [...]string{"socket", "socketpair", "io_uring_setup"} {
		p.network = p.network || policy.MayRun(call, rules.AnyStage)
	}
	for _, call := range [...]string{"shmget", "semget", "msgget", "mq_open"} {
		p.ipc = p.ipc || policy.MayRun(call, rules.AnyStage)
	}
	for _, call := range [...]string{"add_key", "request_key", "keyctl"} {
		p.keys = p.keys || policy.MayRun(call, rules.AnyStage)
	}
	p.memfds = policy.MayRun("memfd_create", rules.AnyStage) || policy.MayRun("memfd_secret", rules.AnyStage)
	p.reaches = policy.Connect.Any || policy.Bind.Any || len(policy.Connect.List)+len(policy.Bind.List) > 0 ||
		policy.AbstractSockets.Reach == rules.ReachAny
	preparations.Store(key, p)
	return p, nil
}

// choose gives the seccomp program that the session's child begins with, and
// the one that is loaded behind it at the entry point; nil for none.
func (p *Prepared) choose(prog *program, notified bool) (target rules.Target, first, change *rbpf.Program, err error) {
	switch {
	case p.engine == Seccomp:
		target = rules.FilterOnly
	case p.engine != Hybrid:
		return 0, nil, nil, nil
	case notified:
		target = rules.Notified
	case p.tightens && prog.dynamic:
		target = rules.LoaderStage
		if change, err = p.filters[rules.StageChange](); err != nil {
			return 0, nil, nil, err
		}
	case p.tightens:
		target = rules.MainStage
	}
	first, err = p.filters[target]()
	return target, first, change, err
}

// stubFilter is what stubs for this session load, once for all their children.
func (s *session) stubFilter() jail.Filter {
	if s.filter == nil || s.policy.perChild {
		return nil
	}
	return s.filter.Bind
}

// childFilter is what each child loads by itself: a filter that compares with
// the child's own process id.
func (s *session) childFilter() jail.Filter {
	switch {
	case s.notified && s.guard != nil:
		return s.guard.Bind
	case s.filter == nil || !s.policy.perChild:
		return nil
	}
	return s.filter.Bind
}
