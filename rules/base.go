package rules

import "slices"

// merge puts a built-in policy behind p: p's own rules come first and so win,
// its trees are added to p's, and its default counts where p gives none.
// Calls that p decides whatever their arguments are taken out of base's rules:
// what is left is what can be reached, and it is checked and printed as one.
func (p *Policy) merge(base *Policy, hasDefault bool) {
	if !hasDefault {
		p.Default, p.DefaultLine = base.Default, 0
	}
	if p.LastKnown == 0 {
		p.LastKnown = base.LastKnown
	}
	if !p.AnyPath {
		for i := range pathKeys {
			own := pathKeys[i].list(p)
			*own = append(*own, fromBase(base, *pathKeys[i].list(base), *own)...)
		}
	}
	p.mergeNetwork(base)
	p.Time.merge(base.Time)
	own := p.Rules
	for _, r := range base.written() {
		r.Calls = slices.DeleteFunc(slices.Clone(r.Calls), func(call string) bool {
			return settled(own, call, r.Stage)
		})
		if len(r.Calls) == 0 {
			continue
		}
		if r.Source == "" {
			r.Source = base.Source
		}
		p.Rules = append(p.Rules, r)
	}
}

// settled reports whether rules decide every call of that name in stage.
func settled(rules []Rule, call string, stage Stage) bool {
	in := func(stage Stage) bool {
		return slices.ContainsFunc(rules, func(r Rule) bool { return r.settles(call, stage) })
	}
	return in(stage) || stage == AnyStage && in(Loader) && in(Main)
}

// settles reports whether r decides every call of that name in stage.
func (r *Rule) settles(call string, stage Stage) bool {
	return len(r.When) == 0 && len(r.Probe) == 0 && (r.Stage == AnyStage || r.Stage == stage) &&
		slices.Contains(r.Calls, call)
}

func fromBase(base *Policy, theirs, own []Path) []Path {
	var out []Path
	for _, g := range theirs {
		if slices.ContainsFunc(own, func(o Path) bool { return o.Name == g.Name && (o.Stage == AnyStage || o.Stage == g.Stage) }) {
			continue
		}
		if g.Source == "" {
			g.Source = base.Source
		}
		out = append(out, g)
	}
	return out
}

// WhereRule names the place of a rule, for messages.
func (p *Policy) WhereRule(r *Rule) string {
	if r.Source == "" {
		return p.Where(r.Line)
	}
	return (&Policy{Source: r.Source}).Where(r.Line)
}
