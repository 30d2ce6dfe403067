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
	program *rbpf.Program // nil where the engine has no filter
	// perChild: program compares with the child's process id.
	perChild bool
	// threadsOnly: no rule lets a call run that could make a process, so the
	// table of tasks is known to be complete when it is empty.
	threadsOnly bool
	staged      bool // something holds for one stage only
	// opens: some call that opens or executes a file may run past the entry
	// point. Where none may, a static program needs no path rule at all.
	opens bool
	// files: those calls, or some that change names, have files to work on
	// there, so the root must hold them.
	files bool
	// network, ipc and keys: some call that makes a socket, an object that other
	// processes find by name, or a key, may run.
	network, ipc, keys bool
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
	p := &Prepared{Policy: policy}
	p.matcher = sync.OnceValue(func() *rules.Matcher { return rules.NewMatcher(policy, arch) })
	var err error
	switch engine {
	case Hybrid:
		p.program, err = rules.Lower(policy, arch, rules.Hybrid)
	case Seccomp:
		p.program, err = rules.Lower(policy, arch, rules.FilterOnly)
		p.perChild = true
	case Ptrace:
	case Strict:
		err = policy.TimeStops("strict")
	default:
		err = errors.New("unknown engine")
	}
	if err = cmp.Or(err, policy.CheckTime()); err != nil {
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
	p.reaches = policy.Connect.Any || policy.Bind.Any || len(policy.Connect.List)+len(policy.Bind.List) > 0 ||
		policy.AbstractSockets.Reach == rules.ReachAny
	preparations.Store(key, p)
	return p, nil
}

// stubFilter is what stubs for this policy load, once for all their children.
func (p *Prepared) stubFilter() jail.Filter {
	if p.program == nil || p.perChild {
		return nil
	}
	return p.program.Bind
}

// childFilter is what each child loads by itself: a filter that compares with
// the child's own process id.
func (p *Prepared) childFilter() jail.Filter {
	if p.program == nil || !p.perChild {
		return nil
	}
	return p.program.Bind
}
