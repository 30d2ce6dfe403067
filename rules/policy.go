// Package rules holds a policy: it parses one, checks it, decides a call by
// it, and lowers it to the cheapest layer that can enforce each rule.
//
// A policy is an ordered list of rules; the first rule that matches a call
// decides it, and the default action decides what no rule matches. The same
// rules are enforced twice: Lower compiles them into a seccomp program that
// settles in the kernel whatever registers can settle, and Decide answers at
// a stop. The two agree by construction and by a differential fuzz test:
// wherever the program settles a call, Decide gives the same verdict.
//
// Limits: the package never sees a process. Conditions look at registers
// only, at the width at which the kernel reads them. Paths are either trees
// for Landlock (Policy.Read and its like), which the kernel enforces on the
// objects themselves, or probes (Rule.Probe), which are read from memory that
// the program can change, and may therefore choose between two refusals and
// never between refusing and allowing.
package rules

import (
	"fmt"

	"warder/abi"
)

// ActionKind is what happens to a call.
type ActionKind uint8

const (
	// Kill refuses the call and ends the session: a violation. It is the zero
	// value, so that a forgotten action fails closed.
	Kill ActionKind = iota
	// Allow lets the kernel run the call.
	Allow
	// Log allows the call and records it (SECCOMP_RET_LOG in the kernel's
	// audit log where no supervisor sees it).
	Log
	// Errno answers -1 with Action.Errno without running the call.
	Errno
	// Trace stops the call for the supervisor, which reports it to the
	// session's handler and then allows it.
	Trace
	// Rewrite runs the call's scalar twin instead (Twins): the same answer
	// without the pointer behind which another call could hide.
	Rewrite
)

// Action is an ActionKind with its parameter.
type Action struct {
	Kind  ActionKind
	Errno uint32 // for Errno: 1 to 4095 (the kernel's MAX_ERRNO)
	Twin  string // for Rewrite: the call that runs instead
}

// Refuses reports whether the call does not run.
func (a Action) Refuses() bool { return a.Kind == Kill || a.Kind == Errno }

// String gives the action as a policy file spells it.
func (a Action) String() string {
	switch a.Kind {
	case Allow:
		return "allow"
	case Log:
		return "log"
	case Errno:
		return "errno(" + abi.ErrnoName(a.Errno) + ")"
	case Trace:
		return "trace"
	case Rewrite:
		return "rewrite(" + a.Twin + ")"
	case Kill:
		return "kill"
	}
	return fmt.Sprintf("action %d", a.Kind)
}

// Stage says when a rule applies.
type Stage uint8

const (
	// AnyStage applies from execve on.
	AnyStage Stage = iota
	// Loader applies from execve to the program's entry point (AT_ENTRY):
	// while the dynamic loader maps libraries. A static program has none.
	Loader
	// Main applies from the entry point on.
	Main
)

// String gives the stage as a policy file spells it.
func (s Stage) String() string {
	switch s {
	case Loader:
		return "loader"
	case Main:
		return "main"
	case AnyStage:
	}
	return "any"
}

// Op compares an argument.
type Op uint8

// The comparisons. Masked is true where argument&Mask equals the value.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
	In
	Masked
)

var opNames = [...]string{"eq", "ne", "lt", "le", "gt", "ge", "in", "masked"}

// String gives the comparison as a policy file spells it.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("op %d", uint8(o))
}

// Value is a number, or one that only the launch knows.
type Value struct {
	N uint64
	// Self stands for the process id of the session's first process, as that
	// process itself sees it.
	Self bool
}

// Cond is one condition on one argument. All conditions of a rule must hold.
type Cond struct {
	Arg    string // the kernel's name of the argument
	Index  int    // 0 to 5
	Bits   uint8  // 16, 32 or 64: what the kernel reads of the register
	Signed bool   // how lt, le, gt and ge order the values
	Op     Op
	Mask   uint64  // for Masked
	Values []Value // one, or for In at least one
}

// Rule is one row of a policy: which calls, under which conditions, what.
type Rule struct {
	Calls  []string
	When   []Cond
	Stage  Stage
	Probe  []string // absolute paths, or trees ending in "/"; "" for no condition
	Action Action
	Why    string // the comment that reports quote
	Line   int    // of the policy's source, from 1; 0 for a built-in
	Source string // the file of Line where it is not the policy's own
}

// Path is one Landlock grant.
type Path struct {
	Name     string // absolute
	Optional bool   // absent on this machine is fine
	// Stage is Loader for what only the program's loader needs: see Grants.
	// Main alone is no stage of a path.
	Stage  Stage
	Line   int
	Source string // the file of Line where it is not the policy's own
}

// Policy is a checked policy: everything Decide and Lower need, nothing that
// depends on the running kernel.
type Policy struct {
	Name    string
	Source  string // file name for messages: "compute.yaml:12"
	Default Action
	// DefaultLine is the line of the default action; 0 for a built-in.
	DefaultLine int
	Rules       []Rule

	// Read and Exec are trees or single files that may be opened for reading,
	// and executed as well (LANDLOCK_ACCESS_FS_READ_FILE, READ_DIR, EXECUTE).
	Read []Path
	Exec []Path
	// Write are trees or single files: files that are there may be opened for
	// writing and truncated (WRITE_FILE, TRUNCATE), and not be read for that.
	Write []Path
	// Create are trees in which files, directories and symbolic links may be
	// made, removed, renamed and linked, and read and written (MAKE_REG,
	// MAKE_DIR, MAKE_SYM, REMOVE_FILE, REMOVE_DIR, REFER).
	Create []Path
	// AnyPath leaves paths to file permissions alone: OCI profiles say
	// nothing of paths. No Landlock ruleset for files is made.
	AnyPath bool

	// Connect and Bind are the TCP ports that may be connected to and bound;
	// others are refused where the kernel can (Landlock ABI 4).
	Connect, Bind Ports
	// Signals and AbstractSockets say whom signals, and connections to Unix
	// sockets in the abstract namespace, may reach (Landlock ABI 6).
	Signals, AbstractSockets Scope

	// LastKnown, where not 0, is the highest number of the native
	// architecture that the policy's author knew; a call above it answers
	// ENOSYS, so that a newer libc falls back instead of failing.
	LastKnown uint32

	// Time says how the program may learn it; the zero value: as always.
	Time Time

	// Notes are what Parse left out of an OCI profile or read in another
	// sense than its author may expect, one line each; see Warnings.
	Notes []string

	// Watched are calls that stop whatever else is said of them; see Watching.
	Watched []string
}

// Where names the place of a rule in its source, for messages.
func (p *Policy) Where(line int) string {
	if line == 0 {
		return p.Source
	}
	return fmt.Sprintf("%s:%d", p.Source, line)
}

// Twin says how a call hides a harmless one behind a pointer: the scalar call
// that runs instead, and where its arguments come from.
type Twin struct {
	From, To string
	Args     []int // argument i of To is argument Args[i] of From
}

// Twins are the rewrites that the supervisor can do.
var Twins = [...]Twin{
	{From: "newfstatat", To: "fstat", Args: []int{0, 2}},
}

// TwinOf finds the rewrite of from to to.
func TwinOf(from, to string) (Twin, bool) {
	for _, t := range Twins {
		if t.From == from && t.To == to {
			return t, true
		}
	}
	return Twin{}, false
}
