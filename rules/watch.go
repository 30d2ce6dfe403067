package rules

import (
	"slices"
	"strings"
	"sync"
)

var watching sync.Map // watchKey to *Policy

type watchKey struct {
	policy *Policy
	calls  string
}

// Watching is p with calls that stop (Trace) wherever p lets them run. The same
// p and calls give the same pointer.
func (p *Policy) Watching(calls []string) *Policy {
	if len(calls) == 0 {
		return p
	}
	key := watchKey{p, strings.Join(calls, " ")}
	if q, ok := watching.Load(key); ok {
		return q.(*Policy)
	}
	q := *p
	q.Rules = nil
	for _, r := range p.Rules {
		if r.Action.Kind != Allow && r.Action.Kind != Log {
			q.Rules = append(q.Rules, r)
			continue
		}
		rest := r
		rest.Calls = nil
		traced := r
		traced.Calls, traced.Action = nil, Action{Kind: Trace}
		for _, call := range r.Calls {
			if slices.Contains(calls, call) {
				traced.Calls = append(traced.Calls, call)
			} else {
				rest.Calls = append(rest.Calls, call)
			}
		}
		if len(traced.Calls) > 0 {
			q.Rules = append(q.Rules, traced)
		}
		if len(rest.Calls) > 0 {
			q.Rules = append(q.Rules, rest)
		}
	}
	if p.Default.Kind == Allow || p.Default.Kind == Log {
		q.Rules = append(q.Rules, Rule{Calls: slices.Clone(calls), Action: Action{Kind: Trace}})
	}
	q2, _ := watching.LoadOrStore(key, &q)
	return q2.(*Policy)
}
