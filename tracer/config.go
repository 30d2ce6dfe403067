package tracer

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.uber.org/zap/zapcore"

	"warder/rules"
)

// Engine says who decides.
type Engine uint8

const (
	// Hybrid settles in a seccomp filter what registers can settle and stops
	// for the rest, or is notified of it. The default.
	Hybrid Engine = iota
	// Ptrace stops every call at entry and exit; no filter.
	Ptrace
	// Seccomp is the filter alone, with no tracer.
	Seccomp
	// Strict is seccomp mode 1: read, write, exit and rt_sigreturn.
	Strict
)

var engineNames = [...]string{"hybrid", "ptrace", "seccomp", "strict"}

// String gives the engine as --engine spells it.
func (e Engine) String() string {
	if int(e) < len(engineNames) {
		return engineNames[e]
	}
	return fmt.Sprintf("engine %d", uint8(e))
}

// ParseEngine is the inverse of String.
func ParseEngine(s string) (Engine, error) {
	for i, n := range engineNames {
		if n == s {
			return Engine(i), nil
		}
	}
	return 0, fmt.Errorf("unknown engine %q: want hybrid, ptrace, seccomp or strict", s)
}

// Unlimited switches one budget off.
const Unlimited = -1

// Limits are the budgets of a session. A zero field takes the value of
// DefaultLimits, so that a forgotten one is still a limit; Unlimited is none.
type Limits struct {
	CPU  time.Duration // user plus system time of the whole tree
	Wall time.Duration // from the first instruction

	// Memory, in bytes: anonymous and shared memory, page tables and swap,
	// over all processes. Address space that is reserved and not touched does
	// not count.
	Memory   int64
	Stack    int64 // RLIMIT_STACK, bytes
	Output   int64 // standard output and error together, bytes
	FileSize int64 // RLIMIT_FSIZE, bytes

	Processes int64 // tasks, threads included (RLIMIT_NPROC)
	OpenFiles int64 // RLIMIT_NOFILE
}

// DefaultLimits are what a zero Limits means.
var DefaultLimits = Limits{
	CPU: 10 * time.Second, Wall: 30 * time.Second,
	Memory: 512 << 20, Stack: 64 << 20, Output: 64 << 20, FileSize: 64 << 20,
	Processes: 64, OpenFiles: 64,
}

// withDefaults replaces zeros.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits
	pick := func(v, d int64) int64 {
		if v == 0 {
			return d
		}
		return v
	}
	l.CPU = time.Duration(pick(int64(l.CPU), int64(d.CPU)))
	l.Wall = time.Duration(pick(int64(l.Wall), int64(d.Wall)))
	l.Memory = pick(l.Memory, d.Memory)
	l.Stack = pick(l.Stack, d.Stack)
	l.Output = pick(l.Output, d.Output)
	l.FileSize = pick(l.FileSize, d.FileSize)
	l.Processes = pick(l.Processes, d.Processes)
	l.OpenFiles = pick(l.OpenFiles, d.OpenFiles)
	return l
}

// EmptyRoot is Config.Root for a directory in which there is nothing, and in
// which nothing can be made.
const EmptyRoot = "empty"

// Config describes one session.
type Config struct {
	Path string   // the program's file
	Args []string // argv, argv[0] included; nil: Path alone
	Env  []string // the whole environment; nothing is inherited
	Dir  string   // working directory; "": the caller's

	// Root is the root directory that the program has: a directory that it
	// lives in, Path, Dir and its interpreter looked up there; EmptyRoot, from
	// its entry point on, whatever its policy lets it open; or "", which is
	// EmptyRoot where the policy gives it nothing to open, and else the
	// caller's own.
	Root string

	// Stdin is passed to the program for reading only; nil is /dev/null.
	Stdin *os.File
	// Stdout and Stderr receive what the program writes, through pipes that
	// count it: through one where the two are equal. Nil discards it. A
	// *os.File of /dev/null is passed as it is.
	Stdout, Stderr io.Writer

	// Keep, where not nil, is open in the program besides: as its last
	// descriptor but one, which Frozen.Kept tells.
	Keep *os.File

	Policy *rules.Policy // nil: the compute profile
	Engine Engine
	Limits Limits

	// WithoutLandlock runs a policy although this kernel's Landlock, of whatever
	// ABI, cannot enforce some of its paths, ports or scopes. The Result says
	// which.
	WithoutLandlock bool

	// IDs is where the session's own user and group id come from; zero is
	// DefaultIDs. UID and GID, where not 0, are taken instead.
	IDs      IDs
	UID, GID uint32

	// Without names walls that are not put up, of those that are optional.
	// Require names walls without which nothing is run: *RequireError.
	Without, Require []Wall

	// Once says that no other session follows soon: nothing is kept warm for
	// it, and nothing of the session's set-up is left when Run returns.
	Once bool

	// Watch names events that Hooks.Event is called for.
	Watch Watch

	// Renames has the calls stop by which a program signals threads of its own,
	// for Frozen.Renamed. It is for engines that stop.
	Renames bool

	// Trace tells a witness of calls, those that the policy refuses too.
	Trace *Tracing

	Hooks    Hooks
	Observer Observer
	// Log gets one entry at a session's end and at a violation, and each call
	// that the policy logs; nil: none. A *zap.Logger's Core() is one.
	Log zapcore.Core
}

// Hooks are called on the session's thread with a stopped tracee, which is
// valid only until the hook returns. They must not block: the budgets go on.
type Hooks struct {
	// Entry is called once, before the program's first instruction.
	Entry func(*Tracee)
	// Call is called for each call that the policy says to trace or log.
	Call func(*Tracee, *CallStop)
	// Event is called for what Config.Watch names, with the whole program
	// stopped.
	Event func(*Frozen, *Event)
	// Violation is called before the session is ended for it.
	Violation func(*Tracee, *Violation)
}

// CallStop is a call seen at a stop.
type CallStop struct {
	Call    rules.Call
	Verdict rules.Verdict
}

// Observer is told what a session does, on the session's thread: it must not
// block. A nil Observer costs nothing.
type Observer interface {
	// Stop is called after each stop with how long the supervisor held it.
	Stop(kind StopKind, held time.Duration)
	// Call is called for each call that was decided at a stop.
	Call(c *rules.Call, action rules.ActionKind)
	// End is called once, with the session's result.
	End(*Result)
}
