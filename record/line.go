package record

import (
	"fmt"
	"strings"

	"warder/abi"
	"warder/tracer"
)

// maxCall bounds the decoded call in a line: paths may have 4,095 bytes. The
// report has all of it.
const maxCall = 512

// Line is the one line that an operator reads when a program did not simply
// exit, without a line break; "" for OK and Exited. program names the file
// where the reason is its own.
func Line(r *tracer.Result, program string) string {
	var s string
	switch r.Outcome {
	case tracer.OK, tracer.Exited:
		return ""
	case tracer.Signaled:
		s = fmt.Sprintf("killed by %s (%s)", abi.SignalName(r.Signal), abi.SignalText(r.Signal))
		if r.Message != "" {
			s += ": " + r.Message
		}
	case tracer.CPUTimeLimit:
		s = limit("CPU time limit", r.Message, "CPU time ", " used")
	case tracer.WallTimeLimit:
		s = limit("wall time limit", r.Message, "wall time ", " passed")
	case tracer.MemoryLimit:
		s = limit("memory limit", r.Message, "memory ", " in use")
	case tracer.OutputLimit:
		s = limit("output limit", r.Message, "output of ", " written")
	case tracer.PolicyViolation:
		s = "policy violation: " + violation(r)
	default:
		s = r.Message
		if s == "" {
			s = r.Outcome.String()
		}
		if program != "" {
			s = program + ": " + s
		}
	}
	return "warder: " + Clean(s)
}

// limit turns the tracer's words for a budget into a sentence of its own.
func limit(what, message, prefix, suffix string) string {
	if message == "" {
		return what
	}
	if used, ok := strings.CutPrefix(message, prefix); ok {
		message = used + suffix
	}
	return what + ": " + message
}

func violation(r *tracer.Result) string {
	v := r.Violation
	switch {
	case v == nil:
		return r.Message
	case v.Call.Name == "":
		return v.Rule
	}
	return fmt.Sprintf("%s at %s (%s)", cut(v.Call.String(), maxCall), v.Where, v.Rule)
}
