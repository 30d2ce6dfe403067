package record_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"warder/abi"
	"warder/decode"
	"warder/record"
	"warder/tracer"
)

var update = flag.Bool("update", false, "write the golden files anew")

// openat is the call of the violations below.
var openat = decode.Call{Arch: abi.X86_64, Nr: 257, Name: "openat", Args: []decode.Arg{
	{Name: "dfd", Raw: 0xffffff9c, Text: "AT_FDCWD"},
	{Name: "filename", Raw: 0x7ffec8311fc0, Text: `"/etc/passwd"`, Path: "/etc/passwd"},
	{Name: "flags", Text: "O_RDONLY"},
}}

// results has one of each outcome, and what differs within one.
func results() map[string]*tracer.Result {
	base := func(o tracer.Outcome, message string) *tracer.Result {
		return &tracer.Result{
			Outcome: o, ExitCode: -1, Message: message, User: 1200 * time.Millisecond, System: 34567 * time.Microsecond,
			Wall: 2*time.Second + 499*time.Nanosecond, MaxRSS: 1310720, OutputBytes: 42, Stops: 10, Policy: "compute",
		}
	}
	ok := base(tracer.OK, "")
	ok.ExitCode = 0
	exited := base(tracer.Exited, "")
	exited.ExitCode, exited.Engine = 3, tracer.Ptrace
	signaled := base(tracer.Signaled, "")
	signaled.Signal = 11
	violation := base(tracer.PolicyViolation, "")
	violation.Violation = &tracer.Violation{
		Call: openat, Arch: "x86_64", Args: [6]uint64{0xffffff9c, 0x7ffec8311fc0, 0, 0, 0, 0},
		PID: 4286, TID: 4287, IP: 0x7fec900f1011, Where: "/usr/lib/libc.so.6+0xf8011",
		Rule: "compute.yaml:168: kill (nothing may be opened)",
	}
	unseen := base(tracer.PolicyViolation, "")
	unseen.Violation = &tracer.Violation{Arch: "foreign", PID: 5, TID: 5, Rule: "a call through a foreign architecture's entry"}
	unseen.Walls = []tracer.Wall{tracer.WallCaps, tracer.WallLandlock}
	unseen.Unavailable = []string{"uid: needs CAP_SETUID and CAP_SETGID"}
	hostile := base(tracer.PolicyViolation, "")
	hostile.Violation = &tracer.Violation{
		Call: openat, Arch: "x86_64", Where: "\x1b]0;owned\x07/tmp/\u202egpj\u009b2J\n+0x1\xff", Rule: "compute.yaml:168: kill",
	}
	return map[string]*tracer.Result{
		"ok": ok, "exited": exited, "signaled": signaled, "violation": violation, "unseen": unseen, "hostile": hostile,
		"cpu":    base(tracer.CPUTimeLimit, "CPU time 1.002s of 1s"),
		"wall":   base(tracer.WallTimeLimit, "wall time 5s of 5s"),
		"memory": base(tracer.MemoryLimit, "memory 70000000 of 67108864 bytes"),
		"peak":   base(tracer.MemoryLimit, "peak memory over 67108864 bytes"),
		"output": base(tracer.OutputLimit, "output of more than 1000 bytes"),
		"failed": base(tracer.Failed, "wait4: no child processes"),
	}
}

// TestGolden holds every format of every outcome to testdata.
func TestGolden(t *testing.T) {
	for name, r := range results() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			b.WriteString("-- line --\n" + record.Line(r, "/bin/prog\x1b[31m") + "\n-- json --\n")
			if err := record.NewReport(r, "/bin/prog\x1b[31m").WriteJSON(&b); err != nil {
				t.Fatal(err)
			}
			b.WriteString("-- isolate --\n")
			if err := record.Isolate(&b, r); err != nil {
				t.Fatal(err)
			}
			b.WriteString("-- go-judge --\n")
			if err := record.GoJudge(&b, r); err != nil {
				t.Fatal(err)
			}
			b.WriteString("-- prometheus --\n")
			if err := record.Prometheus(&b, r); err != nil {
				t.Fatal(err)
			}
			for _, c := range b.String() {
				if c != '\n' && !unicode.IsPrint(c) {
					t.Errorf("%U would reach a terminal", c)
				}
			}
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLine(t *testing.T) {
	for name, want := range map[string]string{
		"ok": "", "exited": "",
		"signaled":  "warder: killed by SIGSEGV (Segmentation fault)",
		"cpu":       "warder: CPU time limit: 1.002s of 1s used",
		"wall":      "warder: wall time limit: 5s of 5s passed",
		"memory":    "warder: memory limit: 70000000 of 67108864 bytes in use",
		"peak":      "warder: memory limit: peak memory over 67108864 bytes",
		"output":    "warder: output limit: more than 1000 bytes written",
		"failed":    "warder: prog: wait4: no child processes",
		"violation": `warder: policy violation: openat(AT_FDCWD, "/etc/passwd", O_RDONLY) at /usr/lib/libc.so.6+0xf8011 (compute.yaml:168: kill (nothing may be opened))`,
		"unseen":    "warder: policy violation: a call through a foreign architecture's entry",
	} {
		if got := record.Line(results()[name], "prog"); got != want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	}
}

// TestLongCall: a path of 4,095 bytes does not make a line of them.
func TestLongCall(t *testing.T) {
	r := results()["violation"]
	r.Violation.Call.Args = []decode.Arg{{Text: `"/` + strings.Repeat("é", 4000) + `"`}}
	line := record.Line(r, "")
	if len(line) > 800 || !strings.Contains(line, "... at ") || strings.Contains(line, `\x`) {
		t.Errorf("line of %d bytes: %s", len(line), line)
	}
	if p := record.NewReport(r, ""); len(p.Violation.Decoded) < 8000 {
		t.Errorf("the report has only %d bytes of it", len(p.Violation.Decoded))
	}
}

func TestStatus(t *testing.T) {
	for name, want := range map[string][2]int{ // verdict, child
		"ok": {0, 0}, "exited": {3, 3}, "signaled": {139, 139}, "cpu": {124, 137}, "wall": {124, 137},
		"memory": {137, 137}, "output": {153, 137}, "violation": {159, 137}, "failed": {125, 125},
	} {
		r := results()[name]
		if got := [2]int{record.ExitStatus(r), record.ChildStatus(r)}; got != want {
			t.Errorf("%s: statuses %v, want %v", name, got, want)
		}
	}
}

// TestKeys: the report's keys are a promise.
func TestKeys(t *testing.T) {
	var b bytes.Buffer
	if err := record.NewReport(results()["violation"], "p").WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &top); err != nil {
		t.Fatal(err)
	}
	var inner map[string]json.RawMessage
	if err := json.Unmarshal(top["violation"], &inner); err != nil {
		t.Fatal(err)
	}
	check := func(got map[string]json.RawMessage, want string) {
		t.Helper()
		keys := strings.Fields(want)
		for _, k := range keys {
			if _, ok := got[k]; !ok {
				t.Errorf("no key %s", k)
			}
		}
		if len(got) != len(keys) {
			t.Errorf("%d keys, want %d", len(got), len(keys))
		}
	}
	check(top, `schema status exit_code signal cpu_time_s user_time_s system_time_s wall_time_s max_rss_bytes memory_peak_bytes
		output_bytes stops engine policy program message walls unavailable violation`)
	check(inner, "syscall nr arch args decoded pid tid ip where rule")
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain äöü 日本": "plain äöü 日本", "": "",
		"a\tb\r\n": `a\x09b\x0d\x0a`, "\x1b[2J": `\x1b[2J`, "\x7f": `\x7f`, "\xc3": `\xc3`, "\u0085": `\u0085`,
		"\u202e": `\u202e`, "\U000e0001": `\U000e0001`, "\ufffd": "\ufffd", `\x1b`: `\x1b`,
	} {
		if got := record.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range record.Clean(s) {
			if !unicode.IsPrint(r) {
				t.Fatalf("Clean(%q) lets %U through", s, r)
			}
		}
	})
}

// TestPrometheus: the format is as Prometheus's own linter wants it.
func TestPrometheus(t *testing.T) {
	for name, r := range results() {
		var b bytes.Buffer
		if err := record.Prometheus(&b, r); err != nil {
			t.Fatal(err)
		}
		if problems, err := promlint.New(&b).Lint(); err != nil || len(problems) > 0 {
			t.Errorf("%s: %v, %v", name, problems, err)
		}
	}
}
