package tracer_test

import (
	"slices"
	"testing"

	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveLog: a session that a violation ends is two lines, structured, at
// info; its calls are none.
func TestLiveLog(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	core, logs := observer.New(zapcore.DebugLevel)
	r, err := tracer.Run(t.Context(), &tracer.Config{Path: "/bin/cat", Args: []string{"cat", "/etc/passwd"}, Log: core})
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != tracer.PolicyViolation {
		t.Fatalf("outcome %s: %s", r.Outcome, r.Message)
	}
	want := map[string][]string{
		"policy violation": {"call", "pid", "tid", "rule"},
		"session end": {
			"status", "program", "pid", "exit_code", "signal", "cpu_time", "wall_time", "max_rss_bytes", "output_bytes", "stops",
		},
	}
	for _, e := range logs.All() {
		var keys []string
		for _, f := range e.Context {
			keys = append(keys, f.Key)
		}
		if e.Level != zapcore.InfoLevel || !slices.Equal(keys, want[e.Message]) {
			t.Errorf("%s %q has %q", e.Level, e.Message, keys)
		}
		delete(want, e.Message)
	}
	if len(want) != 0 {
		t.Errorf("not told: %v", want)
	}
	if n := logs.Len(); n != 2 {
		t.Errorf("%d lines", n)
	}
}
