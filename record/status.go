package record

import "warder/tracer"

// Exit statuses of warder beside the program's own and 128+N for signals.
const (
	StatusTimeLimit     = 124 // CPU or wall time, as timeout(1) has it
	StatusFailed        = 125 // warder itself failed, or was used wrongly
	StatusNotExecutable = 126 // the program was found and cannot be run
	StatusNotFound      = 127 // there is no such program
	StatusMemoryLimit   = 137 // as 128+SIGKILL, which ends a program without memory
	StatusOutputLimit   = 153 // as 128+SIGXFSZ
	StatusViolation     = 159 // as 128+SIGSYS
)

const sigKill = 9

// ExitStatus is the status that tells a result to a shell: the program's own,
// 128 and its signal, or one of the Status constants. Some of those a program
// can choose for itself; the report is authoritative.
func ExitStatus(r *tracer.Result) int {
	switch r.Outcome {
	case tracer.OK, tracer.Exited:
		return r.ExitCode
	case tracer.Signaled:
		return 128 + r.Signal
	case tracer.CPUTimeLimit, tracer.WallTimeLimit:
		return StatusTimeLimit
	case tracer.MemoryLimit:
		return StatusMemoryLimit
	case tracer.OutputLimit:
		return StatusOutputLimit
	case tracer.PolicyViolation:
		return StatusViolation
	case tracer.Halted:
		return 0 // as the caller wanted it
	case tracer.Failed:
	}
	return StatusFailed
}

// ChildStatus is the status that a shell would show for the program itself:
// its own, or 128 and its signal. One that warder ended was killed: 137.
// Failed is warder's own, 125.
func ChildStatus(r *tracer.Result) int {
	switch r.Outcome {
	case tracer.OK, tracer.Exited, tracer.Signaled, tracer.Failed:
		return ExitStatus(r)
	case tracer.CPUTimeLimit, tracer.WallTimeLimit, tracer.MemoryLimit, tracer.OutputLimit, tracer.PolicyViolation, tracer.Halted:
	}
	return 128 + sigKill
}
