package bench

import "fmt"

// Schema is the version of a report's JSON form.
const Schema = 1

// Kinds of reports.
const (
	KindMechanisms = "mechanisms" // what mechanisms cost a call
	KindProgram    = "program"    // what a program costs under engines
)

// Metric is a quantity of a figure, with its unit.
type Metric struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
}

// The metrics.
var (
	PerCall    = Metric{"call", "ns"}
	Wall       = Metric{"wall", "ms"}
	CPU        = Metric{"cpu", "ms"}            // program and supervisor together
	ProgramCPU = Metric{"program cpu", "ms"}    // of the program alone
	SuperCPU   = Metric{"supervisor cpu", "ms"} // of the supervisor alone
	Stops      = Metric{"stops", "stops"}
	Peak       = Metric{"peak memory", "MiB"}
	Rate       = Metric{"rate", "1/s"}
)

// Figure is one quantity of one thing that was measured.
type Figure struct {
	Group  Group  `json:"group"`
	Name   string `json:"name"`
	Text   string `json:"text,omitempty"`
	Metric Metric `json:"metric"`
	// At is the number of threads, processes or sessions, where figures of
	// several belong together; else 0.
	At int `json:"at,omitempty"`

	Stat  *Stat  `json:"stat,omitempty"`
	Base  string `json:"base,omitempty"` // what Ratio is of
	Ratio *Stat  `json:"ratio,omitempty"`
	// Floor names the figure of what does the same with nothing around it, and
	// Over is the ratio to it.
	Floor string `json:"floor,omitempty"`
	Over  *Stat  `json:"over_floor,omitempty"`

	Missing string    `json:"missing,omitempty"` // why there is none
	Verdict string    `json:"verdict,omitempty"` // of Stat
	Values  []float64 `json:"values,omitempty"`  // one a round
}

// Report is a run's figures.
type Report struct {
	Schema  int      `json:"schema"`
	Kind    string   `json:"kind"`
	Version string   `json:"version,omitempty"` // of warder
	Command []string `json:"command,omitempty"`
	// Partial says that the run was ended before it was done.
	Partial bool     `json:"partial"`
	Notes   []string `json:"notes,omitempty"`
	Machine Machine  `json:"machine"`
	Rounds  int      `json:"rounds"`
	Seconds float64  `json:"seconds"`
	Figures []Figure `json:"figures"`
}

// Figure finds a figure, or nil.
func (r *Report) Figure(group Group, name string, metric Metric, at int) *Figure {
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Group == group && f.Name == name && f.Metric == metric && f.At == at {
			return f
		}
	}
	return nil
}

// Groups lists the groups of figures in their order.
func (r *Report) Groups() []Group {
	var list []Group
	seen := make(map[Group]bool)
	for _, f := range r.Figures {
		if !seen[f.Group] {
			seen[f.Group] = true
			list = append(list, f.Group)
		}
	}
	return list
}

// In lists the figures of a group.
func (r *Report) In(g Group) []Figure {
	var list []Figure
	for _, f := range r.Figures {
		if f.Group == g {
			list = append(list, f)
		}
	}
	return list
}

// warnings are what a reader must know before any figure.
func (r *Report) warnings() []string {
	var list []string
	if r.Partial {
		list = append(list, fmt.Sprintf("partial: the run was ended after %d rounds", r.Rounds))
	}
	if r.Machine.Busy() {
		list = append(list, fmt.Sprintf(
			"the machine was too busy to tell: %.0f%% of its processors ran something else, and %.0f%% were taken by the hypervisor",
			100*r.Machine.Others, 100*r.Machine.Stolen))
	}
	return append(list, r.Notes...)
}
