package rules

import (
	"errors"
	"fmt"

	"warder/abi"
)

// Tightens reports whether the kernel itself can hold the two stages: by the
// program of LoaderStage first and that of StageChange behind it from the
// entry point on. It cannot where the main stage may execute another program,
// whose loader needs the loader's stage again: programs are never taken off.
// Such a policy's stages are decided at stops.
func (p *Policy) Tightens() bool {
	staged := false
	for i := range p.Rules {
		staged = staged || p.Rules[i].Stage != AnyStage
	}
	return staged && !p.executes()
}

// executes reports whether a program may be executed past the entry point.
func (p *Policy) executes() bool {
	return p.MayRun("execve", Main) || p.MayRun("execveat", Main)
}

// checkStages refuses a path for the loader alone where it cannot be taken
// back: the loader of the next program would need it again.
func (p *Policy) checkStages(ps *problems) {
	if p.AnyPath || !p.StagedPaths() || !p.executes() {
		return
	}
	for i := range pathKeys {
		for _, g := range *pathKeys[i].list(p) {
			if g.Stage == Loader && (g.Source == "" || g.Source == p.Source) {
				ps.line(g.Line, "path %q: stage loader: the policy lets programs be executed past the entry point, whose loaders would need it", g.Name)
			}
		}
	}
}

// CheckStages is the part of Check that is about paths with a stage: what a
// supervisor must not take on trust from a policy that nobody checked.
func (p *Policy) CheckStages() error {
	ps := problems{source: p.Source}
	p.checkStages(&ps)
	return ps.err()
}

// PathStops gives a StopError for each path that is for the loader alone, for
// an engine that has no supervisor at the entry point.
func (p *Policy) PathStops(engine string) error {
	var errs []error
	for i := range pathKeys {
		for _, g := range *pathKeys[i].list(p) {
			if g.Stage == Loader {
				errs = append(errs, &StopError{p.Where(g.Line), fmt.Sprintf("path %q with stage loader", g.Name), engine})
			}
		}
	}
	return errors.Join(errs...)
}

// at is p as it is in one stage.
func (p *Policy) at(stage Stage) *Policy {
	q := *p
	q.Rules = make([]Rule, 0, len(p.Rules))
	for _, r := range p.Rules {
		if r.Stage == AnyStage || r.Stage == stage {
			r.Stage = AnyStage
			q.Rules = append(q.Rules, r)
		}
	}
	return &q
}

// stagedCalls are the numbers of the calls that a rule with a stage names.
func (p *Policy) stagedCalls(arch abi.Arch) map[uint32]bool {
	calls := make(map[uint32]bool)
	for i := range p.Rules {
		if p.Rules[i].Stage == AnyStage {
			continue
		}
		for _, name := range p.Rules[i].Calls {
			if nr, ok := arch.Number(name); ok {
				calls[nr] = true
			}
		}
	}
	return calls
}
