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

// Watching is p with calls that stop, whatever it says of them: the supervisor
// sees them, those that p refuses too, and then does what p says. The same p
// and calls give the same pointer. What is lowered for an engine without stops
// does not stop.
func (p *Policy) Watching(calls []string) *Policy {
	if len(calls) == 0 {
		return p
	}
	key := watchKey{p, strings.Join(calls, " ")}
	if q, ok := watching.Load(key); ok {
		return q.(*Policy)
	}
	q := *p
	q.Watched = slices.Clone(calls)
	q2, _ := watching.LoadOrStore(key, &q)
	return q2.(*Policy)
}
