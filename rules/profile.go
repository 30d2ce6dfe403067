package rules

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"warder/abi"
	"warder/rules/bpf"
)

//go:generate go run ../internal/tools/profilegen

//go:embed profiles/*.yaml
var profileFiles embed.FS

// ProfileNames are the built-in profiles.
func ProfileNames() []string {
	entries, err := profileFiles.ReadDir("profiles")
	if err != nil {
		return nil // an embedded directory can be read
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Profile gives a built-in policy for the native architecture. It is shared
// and must not be changed.
func Profile(name string) (*Policy, error) {
	if abi.Native() == abi.X86_64 {
		for i := range builtin {
			if builtin[i].Name == name {
				return &builtin[i], nil
			}
		}
	}
	return parsedProfile(name)
}

// loweredProfile is a built-in profile's seccomp program, compiled when warder
// was built: compiling it takes longer than a whole launch.
type loweredProfile struct {
	name        string
	target      Target
	code, slots string // bpf.Program.Encode
}

// stored finds the program of a built-in profile. It is known by its address:
// what has been changed or widened is a copy.
func stored(p *Policy, arch abi.Arch, target Target) (*bpf.Program, bool) {
	if arch != abi.X86_64 {
		return nil, false
	}
	for i := range builtin {
		if p != &builtin[i] {
			continue
		}
		for _, l := range lowered {
			if l.name == p.Name && l.target == target {
				program, err := bpf.Decode(l.code, l.slots)
				return program, err == nil
			}
		}
	}
	return nil, false
}

var parsed struct {
	sync.Mutex
	policies []*Policy
}

// parsedProfile is for architectures that have no generated form, where
// numbers and flags differ; it parses each once.
func parsedProfile(name string) (*Policy, error) {
	text, err := ProfileText(name)
	if err != nil {
		return nil, err
	}
	parsed.Lock()
	defer parsed.Unlock()
	for _, p := range parsed.policies {
		if p.Name == name {
			return p, nil
		}
	}
	p, err := Parse(name+".yaml", text, ParseOptions{})
	if err != nil {
		return nil, fmt.Errorf("built-in profile %s: %w", name, err)
	}
	parsed.policies = append(parsed.policies, p)
	return p, nil
}

// ProfileText is the source of a built-in policy.
func ProfileText(name string) ([]byte, error) {
	text, err := profileFiles.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no profile %q: there are %s", name, strings.Join(ProfileNames(), ", "))
	}
	return text, nil
}

// Flags of clone(2) that, with cloneUntraced, decide what a new task is to its
// supervisor.
const (
	cloneThread = 0x00010000
	clonePtrace = 0x00002000
	cloneParent = 0x00008000
)

// ThreadsOnly reports whether no rule, nor the default, lets a call run that
// could make a process, or a task that its supervisor would not see born.
func (p *Policy) ThreadsOnly() bool {
	for _, call := range []string{"clone", "clone3", "fork", "vfork"} {
		nr, ok := abi.Native().Number(call)
		if !ok {
			continue
		}
		decided := p.LastKnown != 0 && nr > p.LastKnown
		for i := range p.Rules {
			r := &p.Rules[i]
			if !slices.Contains(r.Calls, call) {
				continue
			}
			if !r.Action.Refuses() && !(call == "clone" && r.threadFlags()) {
				return false
			}
			if len(r.When) == 0 && len(r.Probe) == 0 && r.Stage == AnyStage {
				decided = true
			}
		}
		if !decided && !p.Default.Refuses() {
			return false
		}
	}
	return true
}

// MayRun reports whether a rule for stage, or the default, lets some call of
// that name run. AnyStage asks for either.
func (p *Policy) MayRun(call string, stage Stage) bool {
	for i := range p.Rules {
		r := &p.Rules[i]
		if !slices.Contains(r.Calls, call) || stage != AnyStage && r.Stage != AnyStage && r.Stage != stage {
			continue
		}
		if !r.Action.Refuses() {
			return true
		}
		if r.settles(call, stage) {
			return false
		}
	}
	return !p.Default.Refuses()
}

// threadFlags reports whether a rule for clone demands CLONE_THREAD and
// forbids the flags that hide a task.
func (r *Rule) threadFlags() bool {
	const must = cloneThread | clonePtrace | cloneParent | cloneUntraced
	for _, c := range r.When {
		if c.Index == 0 && c.Op == Masked && c.Mask&must == must && !c.Values[0].Self && c.Values[0].N&must == cloneThread {
			return true
		}
	}
	return false
}
