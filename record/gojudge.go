package record

import (
	"io"

	"warder/tracer"
)

// goJudge is one result of go-judge's REST interface. Files and procPeak are
// left out: warder copies nothing out and samples no count of processes.
type goJudge struct {
	Status     string `json:"status"`
	ExitStatus int    `json:"exitStatus"` // the exit code, or the signal
	Error      string `json:"error,omitempty"`
	Time       int64  `json:"time"`    // CPU, in nanoseconds
	Memory     int64  `json:"memory"`  // bytes
	RunTime    int64  `json:"runTime"` // wall clock, in nanoseconds
}

// GoJudge writes a result as go-judge's JSON. Its one time limit is both of
// ours; exitStatus is 9 where warder ended the program by a limit, and 31
// (SIGSYS) for a violation.
func GoJudge(w io.Writer, r *tracer.Result) error {
	j := goJudge{
		ExitStatus: sigKill, Error: Clean(r.Message),
		Time: r.CPU().Nanoseconds(), Memory: r.MaxRSS, RunTime: r.Wall.Nanoseconds(),
	}
	switch r.Outcome {
	case tracer.OK:
		j.Status, j.ExitStatus = "Accepted", 0
	case tracer.Exited:
		j.Status, j.ExitStatus = "Nonzero Exit Status", r.ExitCode
	case tracer.Signaled:
		j.Status, j.ExitStatus = "Signalled", r.Signal
	case tracer.CPUTimeLimit, tracer.WallTimeLimit:
		j.Status = "Time Limit Exceeded"
	case tracer.MemoryLimit:
		j.Status = "Memory Limit Exceeded"
	case tracer.OutputLimit:
		j.Status = "Output Limit Exceeded"
	case tracer.PolicyViolation:
		j.Status, j.ExitStatus = "Dangerous Syscall", StatusViolation-128
		j.Error = Clean(violation(r))
	case tracer.Halted:
		j.Status = "Signalled"
	default:
		j.Status, j.ExitStatus = "Internal Error", 0
	}
	return writeJSON(w, j)
}
