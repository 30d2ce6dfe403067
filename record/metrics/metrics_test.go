package metrics_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"warder/abi"
	wtest "warder/internal/testutil"
	"warder/record/metrics"
	"warder/rules"
	"warder/tracer"
)

func newMetrics(t testing.TB) (*metrics.Metrics, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	m, err := metrics.New(reg)
	if err != nil {
		t.Fatal(err)
	}
	return m, reg
}

func native(t testing.TB, name string) *rules.Call {
	t.Helper()
	nr, ok := abi.Native().Number(name)
	if !ok {
		t.Fatalf("no call %s", name)
	}
	return &rules.Call{Arch: abi.Native(), Nr: nr}
}

func TestLint(t *testing.T) {
	m, reg := newMetrics(t)
	m.Stop(tracer.SeccompStop, time.Microsecond)
	m.Call(native(t, "openat"), rules.Kill)
	m.End(&tracer.Result{Outcome: tracer.OK})
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestCounts(t *testing.T) {
	m, reg := newMetrics(t)
	for range 3 {
		m.Call(native(t, "openat"), rules.Errno)
	}
	m.Call(native(t, "openat"), rules.Kill)
	m.Call(&rules.Call{Arch: abi.I386, Nr: 5}, rules.Kill)
	m.Call(&rules.Call{Arch: abi.Native(), Nr: 1 << 20}, rules.Kill)
	m.Call(&rules.Call{Arch: abi.Native(), Nr: abi.X32Bit}, rules.Kill)
	m.Call(&rules.Call{Arch: abi.Native(), Nr: ^uint32(0)}, rules.Kill)
	m.Call(native(t, "openat"), 99)
	m.Stop(tracer.SeccompStop, 3*time.Microsecond)
	m.Stop(99, time.Second)
	m.End(&tracer.Result{Outcome: tracer.PolicyViolation, User: time.Second, System: time.Second, Wall: 3 * time.Second, OutputBytes: 7})
	m.End(&tracer.Result{Outcome: 99})
	m.End(&tracer.Result{Outcome: tracer.Failed, OutputBytes: -1, Wall: -1})
	m.End(nil)
	const want = `
# HELP warder_calls_total System calls decided at a stop, by verdict and name.
# TYPE warder_calls_total counter
warder_calls_total{syscall="openat",verdict="errno"} 3
warder_calls_total{syscall="openat",verdict="kill"} 1
warder_calls_total{syscall="other",verdict="kill"} 4
# HELP warder_session_cpu_seconds_total CPU time, user and system, of held programs.
# TYPE warder_session_cpu_seconds_total counter
warder_session_cpu_seconds_total 2
# HELP warder_session_output_bytes_total Bytes that held programs wrote to standard output and error.
# TYPE warder_session_output_bytes_total counter
warder_session_output_bytes_total 7
# HELP warder_session_wall_seconds_total Wall time of held programs.
# TYPE warder_session_wall_seconds_total counter
warder_session_wall_seconds_total 3
# HELP warder_sessions_total Sessions that ended, by outcome.
# TYPE warder_sessions_total counter
warder_sessions_total{outcome="cpu-time-limit"} 0
warder_sessions_total{outcome="error"} 1
warder_sessions_total{outcome="exited"} 0
warder_sessions_total{outcome="memory-limit"} 0
warder_sessions_total{outcome="ok"} 0
warder_sessions_total{outcome="output-limit"} 0
warder_sessions_total{outcome="policy-violation"} 1
warder_sessions_total{outcome="signaled"} 0
warder_sessions_total{outcome="halted"} 0
warder_sessions_total{outcome="wall-time-limit"} 0
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want), "warder_calls_total", "warder_sessions_total",
		"warder_session_cpu_seconds_total", "warder_session_wall_seconds_total", "warder_session_output_bytes_total")
	if err != nil {
		t.Error(err)
	}
}

// TestKinds holds the labels to the tracer's words.
func TestKinds(t *testing.T) {
	if got := (tracer.Notification + 1).String(); got != "unknown" {
		t.Errorf("tracer has a stop kind %q that is not counted", got)
	}
	if got := (tracer.Halted + 1).String(); got != "outcome 10" {
		t.Errorf("tracer has an outcome %q that is not counted", got)
	}
	if got := (rules.Action{Kind: rules.Rewrite + 1}).String(); got != "action 6" {
		t.Errorf("rules has an action %q that is not counted", got)
	}
}

func TestRegisterTwice(t *testing.T) {
	_, reg := newMetrics(t)
	if _, err := metrics.New(reg); err == nil {
		t.Error("the same registry took the metrics twice")
	}
}

func TestNil(*testing.T) {
	var m *metrics.Metrics
	m.Stop(tracer.SeccompStop, time.Second)
	m.Call(&rules.Call{}, rules.Allow)
	m.End(&tracer.Result{})
}

func TestConcurrent(t *testing.T) {
	m, reg := newMetrics(t)
	const sessions, rounds = 16, 500
	var wg sync.WaitGroup
	for range sessions {
		wg.Go(func() {
			for i := range rounds {
				m.Stop(tracer.SyscallStop, time.Duration(i)*time.Microsecond)
				m.Call(&rules.Call{Arch: abi.Native(), Nr: uint32(i)}, rules.Allow)
				m.End(&tracer.Result{Outcome: tracer.OK})
			}
		})
	}
	wg.Wait()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var calls float64
	for _, f := range families {
		if f.GetName() == "warder_calls_total" {
			for _, c := range f.GetMetric() {
				calls += c.GetCounter().GetValue()
			}
		}
	}
	if calls != sessions*rounds {
		t.Errorf("%v calls counted, want %d", calls, sessions*rounds)
	}
}

func TestAllocations(t *testing.T) {
	m, _ := newMetrics(t)
	call, foreign := native(t, "read"), &rules.Call{Arch: abi.I386, Nr: 3}
	var held time.Duration
	for name, f := range map[string]func(){
		"Stop":        func() { held = (held + 777) % time.Millisecond; m.Stop(tracer.SeccompStop, held) },
		"Call":        func() { m.Call(call, rules.Allow) },
		"other calls": func() { m.Call(foreign, rules.Kill) },
	} {
		for range 5000 { // let every bucket of the histogram come to be
			f()
		}
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkStop(b *testing.B) {
	m, _ := newMetrics(b)
	b.ReportAllocs()
	for b.Loop() {
		m.Stop(tracer.SeccompStop, 9*time.Microsecond)
	}
}

// TestLive counts a session of a real program.
func TestLive(t *testing.T) {
	wtest.Require(t, wtest.Ptrace, wtest.Landlock)
	m, reg := newMetrics(t)
	r, err := tracer.Run(t.Context(), &tracer.Config{Path: "/bin/cat", Args: []string{"cat", "/etc/passwd"}, Observer: m})
	tracer.CloseIdle()
	if err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var kills, stops float64
	for _, f := range families {
		for _, s := range f.GetMetric() {
			switch f.GetName() {
			case "warder_stops_total":
				stops += s.GetCounter().GetValue()
			case "warder_calls_total":
				for _, l := range s.GetLabel() {
					if l.GetValue() == "kill" {
						kills += s.GetCounter().GetValue()
					}
				}
			}
		}
	}
	if kills != 1 || stops == 0 {
		t.Errorf("outcome %s: %v kills and %v stops counted", r.Outcome, kills, stops)
	}
}
