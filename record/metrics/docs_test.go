package metrics_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"warder/abi"
	"warder/record/metrics"
	"warder/rules"
	"warder/tracer"
)

// family is a metric, with the labels of its series.
type family struct {
	name, kind, help string
	labels           []string
	values           map[string]bool // label=value
}

// families gathers all metrics, each with at least one series.
func families(t *testing.T) []family {
	t.Helper()
	m, reg := newMetrics(t)
	m.Stop(tracer.SeccompStop, time.Microsecond)
	m.Call(native(t, "openat"), rules.Kill)
	m.End(&tracer.Result{Outcome: tracer.OK})
	m.Lost(3)
	gathered, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var list []family
	for _, g := range gathered {
		f := family{name: g.GetName(), kind: strings.ToLower(g.GetType().String()), help: g.GetHelp(), values: map[string]bool{}}
		for i, series := range g.GetMetric() {
			for _, l := range series.GetLabel() {
				if i == 0 {
					f.labels = append(f.labels, l.GetName())
				}
				f.values[l.GetName()+"="+l.GetValue()] = true
			}
		}
		list = append(list, f)
	}
	return list
}

// row is a metric's line in docs/records.md.
func (f *family) row() string {
	var labels []string
	for _, l := range f.labels {
		labels = append(labels, "`"+l+"`")
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", f.name, f.kind, strings.Join(labels, ", "), f.help)
}

// TestDocs: the table in docs/records.md is what the code registers.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/records.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range families(t) {
		want = append(want, f.row())
	}
	got := regexp.MustCompile("(?m)^\\| `warder_.*$").FindAllString(string(b), -1)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("docs/records.md should have:\n%s\nit has:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// TestDashboard: every metric that docs/grafana.json asks for exists, with the
// labels and label values that it names.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title  string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	names, labels, values := map[string]bool{}, map[string]bool{"instance": true, "le": true}, map[string]bool{}
	for _, f := range families(t) {
		names[f.name] = true
		if f.kind == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				names[f.name+suffix] = true
			}
		}
		for _, l := range f.labels {
			labels[l] = true
		}
		maps.Copy(values, f.values)
	}
	for a := range rules.Rewrite + 1 {
		word, _, _ := strings.Cut((rules.Action{Kind: a}).String(), "(")
		values["verdict="+word] = true
	}
	metric, by := regexp.MustCompile(`\bwarder_[a-z_]+`), regexp.MustCompile(`by \(([a-z, ]+)\)`)
	matcher := regexp.MustCompile(`([a-z]+)=(~?)"([^"]*)"`)
	asked := map[string]bool{}
	for _, p := range board.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("panel %s asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			for _, name := range metric.FindAllString(target.Expr, -1) {
				asked[name] = true
				if !names[name] {
					t.Errorf("panel %s: no metric %s", p.Title, name)
				}
			}
			for _, m := range by.FindAllStringSubmatch(target.Expr, -1) {
				for _, l := range strings.Split(m[1], ", ") {
					if !labels[l] {
						t.Errorf("panel %s: no label %s", p.Title, l)
					}
				}
			}
			for _, m := range matcher.FindAllStringSubmatch(target.Expr, -1) {
				for _, v := range strings.Split(m[3], "|") {
					if !labels[m[1]] || m[1] != "instance" && !values[m[1]+"="+v] {
						t.Errorf("panel %s: no series has %s=%q", p.Title, m[1], v)
					}
				}
			}
		}
	}
	for name := range names {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !asked[base] && !asked[base+"_bucket"] {
			t.Errorf("no panel shows %s", base)
		}
	}
}

// TestCardinality: whatever programs call, there are no more series than calls
// in the native table and one more, for each verdict.
func TestCardinality(t *testing.T) {
	m, reg := newMetrics(t)
	for nr := range uint32(5000) {
		for _, arch := range []abi.Arch{abi.X86_64, abi.AArch64, abi.I386, 99} {
			for a := range rules.Rewrite + 3 {
				m.Call(&rules.Call{Arch: arch, Nr: nr << 3}, a)
				m.Call(&rules.Call{Arch: arch, Nr: nr}, a)
			}
		}
		m.Stop(tracer.StopKind(nr), time.Duration(nr)*time.Millisecond)
		m.End(&tracer.Result{Outcome: tracer.Outcome(nr), MaxRSS: int64(nr) << 20})
	}
	list, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	bound := map[string]int{
		"warder_calls_total": (int(rules.Rewrite) + 1) * (len(abi.Native().Names()) + 1),
		"warder_stops_total": int(tracer.Notification) + 1, "warder_sessions_total": int(tracer.Halted) + 1,
	}
	for _, f := range list {
		if n, most := len(f.GetMetric()), max(bound[f.GetName()], 1); n > most {
			t.Errorf("%s has %d series, more than %d", f.GetName(), n, most)
		}
	}
}

// TestWriteFile: the text format, in the place of what was there.
func TestWriteFile(t *testing.T) {
	m, reg := newMetrics(t)
	m.Lost(7)
	path := filepath.Join(t.TempDir(), "warder.prom")
	for range 2 {
		if err := metrics.WriteFile(path, reg); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(b), "\nwarder_trace_lost_lines_total 7\n") {
			t.Errorf("%v: %s", err, b)
		}
		m.Lost(0)
	}
	if err := metrics.WriteFile(filepath.Join(path, "x"), reg); err == nil || !strings.Contains(err.Error(), "write metrics to ") {
		t.Error(err)
	}
	var none *metrics.Metrics
	none.Lost(1)
}
