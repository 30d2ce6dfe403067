package tracer

import (
	"fmt"
	"time"

	"warder/decode"
)

// Outcome says how a session ended; the first cause wins.
type Outcome uint8

// The outcomes, as reports name them.
const (
	OK              Outcome = iota // exit status 0
	Exited                         // another exit status
	Signaled                       // a signal that warder did not send
	CPUTimeLimit                   // Limits.CPU used up
	WallTimeLimit                  // Limits.Wall passed
	MemoryLimit                    // more than Limits.Memory in use
	OutputLimit                    // more than Limits.Output written
	PolicyViolation                // a call that the policy kills for
	Failed                         // the supervisor could not go on; see Result.Message
	Halted                         // by a hook: Frozen.End
)

var outcomeNames = [...]string{
	"ok", "exited", "signaled", "cpu-time-limit", "wall-time-limit",
	"memory-limit", "output-limit", "policy-violation", "error", "halted",
}

// String gives the report's status word.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Result is the fate of a held program.
type Result struct {
	Outcome  Outcome
	ExitCode int // 0 to 255; -1 where the program did not exit
	Signal   int // that ended the program, or 0

	User, System time.Duration // CPU time of the whole tree
	Wall         time.Duration // from the first instruction to the last death
	MaxRSS       int64         // bytes: the largest resident set of one process
	MemoryPeak   int64         // bytes charged to the control group at most; -1: there was none
	OutputBytes  int64         // read from standard output and error
	Stops        uint64        // ptrace-stops and notifications answered after the launch

	Violation *Violation // for PolicyViolation
	Message   string     // for Failed, and details of other outcomes

	Engine Engine
	Policy string
	// Walls lists those that stood, Unavailable those that this machine, user
	// or policy could not give, with the reason: "root: needs …".
	Walls       []Wall
	Unavailable []string
}

// CPU is the time that Limits.CPU bounds.
func (r *Result) CPU() time.Duration { return r.User + r.System }

// Violation is the call that ended a session.
type Violation struct {
	// Call is the decoded call. Call.Name is empty where the kernel ended the
	// program without a stop: a foreign architecture, the seccomp engine, or a
	// SIGURG that a program of Go's sends to another process.
	Call     decode.Call
	Arch     string // "x86_64", or "foreign"
	Args     [6]uint64
	PID, TID int
	IP       uint64 // the instruction after the call's
	Where    string // IP by its mapping: "/tmp/a.out+0x1234"
	Rule     string // "compute.yaml:12: kill", or why no rule was needed
	// Backtrace is what Hooks.Violation puts here for those who publish the
	// result: one frame each, innermost first.
	Backtrace []string
}

// String is the violation in one line.
func (v *Violation) String() string {
	if v.Call.Name == "" {
		return v.Rule
	}
	return fmt.Sprintf("%s at %s: %s", v.Call, v.Where, v.Rule)
}
