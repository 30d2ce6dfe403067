package record

import (
	"fmt"
	"io"
	"strings"

	"warder/tracer"
)

// Isolate writes a result as a meta file of isolate(1): "key:value" lines.
// No status means that the program exited with 0. What isolate has no word for
// is told by its nearest: a memory limit is SG by SIGKILL with cg-oom-killed,
// an output limit SG by SIGXFSZ, a violation SG by SIGSYS, each with killed:1
// and a message that says it; warder's own failure is XX.
func Isolate(w io.Writer, r *tracer.Result) error {
	var b strings.Builder
	put := func(key string, value any) { fmt.Fprintf(&b, "%s:%v\n", key, value) }
	fate := func(status, message string) {
		put("status", status)
		put("message", Clean(message))
	}
	killed := func(signal int, message string) {
		put("exitsig", signal)
		put("killed", 1)
		fate("SG", message)
	}
	put("time", fmt.Sprintf("%.3f", seconds(r.CPU())))
	put("time-wall", fmt.Sprintf("%.3f", seconds(r.Wall)))
	put("max-rss", r.MaxRSS/1024)
	switch r.Outcome {
	case tracer.OK:
		put("exitcode", 0)
	case tracer.Exited:
		put("exitcode", r.ExitCode)
		fate("RE", fmt.Sprintf("Exited with error status %d", r.ExitCode))
	case tracer.Signaled:
		put("exitsig", r.Signal)
		fate("SG", fmt.Sprintf("Caught fatal signal %d", r.Signal))
	case tracer.CPUTimeLimit:
		put("killed", 1)
		fate("TO", "Time limit exceeded")
	case tracer.WallTimeLimit:
		put("killed", 1)
		fate("TO", "Time limit exceeded (wall clock)")
	case tracer.MemoryLimit:
		put("cg-oom-killed", 1)
		killed(sigKill, "Memory limit exceeded")
	case tracer.OutputLimit:
		killed(StatusOutputLimit-128, "Output limit exceeded")
	case tracer.PolicyViolation:
		killed(StatusViolation-128, "Policy violation: "+violation(r))
	case tracer.Halted:
		killed(sigKill, r.Message)
	default:
		fate("XX", r.Message)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
