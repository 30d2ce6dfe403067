package bench_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"warder/bench"
)

var update = flag.Bool("update", false, "write the golden files of rendered reports")

// figure makes a figure as a run does, from values.
func figure(f bench.Figure, values, base, floor []float64) bench.Figure {
	over := func(of []float64) *bench.Stat {
		var list []float64
		for i := range of {
			list = append(list, values[i]/of[i])
		}
		return bench.Summarize(list)
	}
	f.Values, f.Stat = values, bench.Summarize(values)
	f.Ratio, f.Over = over(base), over(floor)
	return f
}

// machine is one that never was.
var machine = bench.Machine{
	Processor: "Example <CPU> & Co", Cores: 2, One: 1, Other: 0, Kernel: "6.18.0", Arch: "amd64", Clock: "tsc",
	Virtual: true, Go: "go1.26.8", Load: 0.25, Others: 0.031, Stolen: 0.002,
	Spectre: map[string]string{"spectre_v2": "Mitigation: Retpolines", "meltdown": "Not affected"},
}

// mechanisms is a report with a row of each kind.
func mechanisms() *bench.Report {
	native := []float64{100, 101, 102, 103, 104, 105, 106}
	trace := []float64{8000, 8100, 8200, 8300, 8400, 8500, 8600}
	floor := []float64{7900, 8000, 8100, 8200, 8300, 8400, 8500}
	noisy := []float64{20000, 30000, 40000, 50000, 60000, 70000, 80000}
	return &bench.Report{
		Schema: bench.Schema, Kind: bench.KindMechanisms, Version: "warder v1", Machine: machine, Rounds: 7, Seconds: 12.34,
		Figures: []bench.Figure{
			figure(bench.Figure{Group: bench.GroupBare, Name: "native", Text: "nothing", Metric: bench.PerCall, Base: "native"}, native, native, nil),
			figure(bench.Figure{Group: bench.GroupTracer, Name: "trace", Text: "a stop < a page & more", Metric: bench.PerCall, Base: "native", Floor: "c-trace"}, trace, native, floor),
			figure(bench.Figure{Group: bench.GroupFloor, Name: "c-trace", Text: "the same in C", Metric: bench.PerCall, Base: "native"}, floor, native, nil),
			figure(bench.Figure{Group: bench.GroupTracer, Name: "trace-other", Text: "a stop far away", Metric: bench.PerCall, Base: "native", Verdict: bench.TooNoisy}, noisy, native, nil),
			{Group: bench.GroupNotify, Name: "notify", Text: "a listener", Metric: bench.PerCall, Base: "native", Missing: "SECCOMP_SET_MODE_FILTER: invalid argument", Verdict: bench.NotHere},
		},
	}
}

// program is a report of a program that one engine cannot run.
func program() *bench.Report {
	r := &bench.Report{
		Schema: bench.Schema, Kind: bench.KindProgram, Version: "warder v1", Machine: machine, Rounds: 6, Seconds: 60,
		Command: []string{"sort", "-n"}, Partial: true, Notes: []string{"ptrace: do something"},
	}
	r.Machine.Others = 0.5
	bare, hybrid := []float64{10, 11, 12, 13, 14, 15}, []float64{11, 12.1, 13.2, 14.3, 15.4, 16.5}
	add := func(g bench.Group, name string, at int, m bench.Metric, values, base []float64) {
		r.Figures = append(r.Figures, figure(bench.Figure{Group: g, Name: name, At: at, Metric: m, Base: "bare", Text: "text of " + name}, values, base, nil))
	}
	for _, g := range []bench.Group{bench.GroupProgram, bench.GroupStart} {
		for _, m := range []bench.Metric{bench.Wall, bench.CPU, bench.Peak, bench.ProgramCPU, bench.SuperCPU, bench.Stops} {
			add(g, "bare", 0, m, bare, bare)
			add(g, "hybrid", 0, m, hybrid, bare)
		}
		r.Figures = append(r.Figures, bench.Figure{Group: g, Name: "ptrace", Metric: bench.Wall, Base: "bare", Missing: "policy-violation: openat", Verdict: bench.NotHere})
	}
	for _, g := range []bench.Group{bench.GroupThreads, bench.GroupProcesses, bench.GroupSessions} {
		m := bench.PerCall
		if g == bench.GroupSessions {
			m = bench.Rate
		}
		for _, at := range []int{1, 16} {
			add(g, "bare", at, m, bare, bare)
			if g != bench.GroupProcesses {
				add(g, "hybrid", at, m, hybrid, bare)
				continue
			}
			r.Figures = append(r.Figures, bench.Figure{Group: g, Name: "hybrid", At: at, Metric: m, Base: "bare", Missing: "no fork here", Verdict: bench.NotHere})
		}
	}
	return r
}

// forms are what a report can be written as.
var forms = []struct {
	ext   string
	write func(*bench.Report, io.Writer) error
}{
	{"txt", (*bench.Report).WriteText},
	{"json", (*bench.Report).WriteJSON},
	{"csv", (*bench.Report).WriteCSV},
	{"bench", (*bench.Report).WriteGo},
	{"svg", (*bench.Report).WriteSVG},
	{"html", (*bench.Report).WriteHTML},
}

func written(t *testing.T, r *bench.Report, write func(*bench.Report, io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(r, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, r := range map[string]*bench.Report{"mechanisms": mechanisms(), "program": program()} {
		for _, form := range forms {
			file := filepath.Join("testdata", "golden", name+"."+form.ext)
			got := written(t, r, form.write)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (go test ./bench -run Golden -update writes it):\n%s", file, got)
			}
		}
	}
}

// TestFormats: what is written can be read by what it is for.
func TestFormats(t *testing.T) {
	for name, r := range map[string]*bench.Report{
		"mechanisms": mechanisms(), "program": program(),
		"empty": {Schema: bench.Schema, Kind: bench.KindMechanisms}, "empty program": {Schema: bench.Schema, Kind: bench.KindProgram},
	} {
		back, err := bench.ReadJSON(bytes.NewReader(written(t, r, (*bench.Report).WriteJSON)))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(back, r) && len(r.Figures) > 0 {
			t.Errorf("%s: read back %+v", name, back)
		}
		lines, err := csv.NewReader(bytes.NewReader(written(t, r, (*bench.Report).WriteCSV))).ReadAll()
		if err != nil || len(lines) != 1+len(r.Figures) {
			t.Errorf("%s: %d lines of CSV, %v", name, len(lines), err)
		}
		wellFormed(t, name+" svg", written(t, r, (*bench.Report).WriteSVG))
		page := written(t, r, (*bench.Report).WriteHTML)
		wellFormed(t, name+" html", bytes.TrimPrefix(page, []byte("<!DOCTYPE html>\n")))
		if remote := regexp.MustCompile(`(src|href|url)\s*[=(]|@import|https?://`).FindAll(page, -1); len(remote) > 0 {
			for _, r := range remote {
				if !bytes.HasPrefix(r, []byte("http://")) { // the namespace of SVG, which nobody fetches
					t.Errorf("%s: the page refers to %s", name, r)
				}
			}
		}
		for line := range strings.Lines(string(written(t, r, (*bench.Report).WriteGo))) {
			if strings.HasPrefix(line, "Benchmark") && !regexp.MustCompile(`^Benchmark\S+ 1 \S+ \S+\n$`).MatchString(line) {
				t.Errorf("%s: benchmark line %q", name, line)
			}
		}
	}
}

// wellFormed reads a document as XML, which these pages are; entities of HTML
// are not in them.
func wellFormed(t *testing.T, name string, text []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(bytes.ReplaceAll(bytes.ReplaceAll(text,
		[]byte(`<meta charset="utf-8">`), nil), []byte(`<meta name="viewport" content="width=device-width">`), nil)))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestReadJSON(t *testing.T) {
	for _, text := range []string{"", "{}", `{"schema":2}`, "[1]"} {
		if _, err := bench.ReadJSON(strings.NewReader(text)); err == nil {
			t.Errorf("ReadJSON(%q) is no error", text)
		}
	}
	if !json.Valid(written(t, program(), (*bench.Report).WriteJSON)) {
		t.Error("no JSON")
	}
}

func TestSelect(t *testing.T) {
	rows := []bench.Row{{Name: "native", Base: "native"}, {Name: "other"}, {Name: "trace", Base: "native"}, {Name: "stop", Base: "native", Floor: "trace"}}
	var names []string
	for _, row := range bench.Select(rows, func(name string) bool { return name == "stop" }) {
		names = append(names, row.Name)
	}
	if got := strings.Join(names, " "); got != "native trace stop" {
		t.Errorf("selected %q", got)
	}
	if got := bench.Select(rows, func(string) bool { return false }); got != nil {
		t.Errorf("selected %v of nothing", got)
	}
}
