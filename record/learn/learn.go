// Package learn makes a policy of what a program was seen to do: the smallest
// one, as far as rules can say it, under which all of that passes.
//
// # What becomes a condition
//
// Registers that choose what a call does, and that take few values: flags and
// enumerations (of open, mmap, mprotect, madvise, socket, futex and the like),
// ioctl and prctl requests, fcntl commands, signals, clocks, user and group
// ids, up to [maxValues] values each. A process id where it is the first
// process's own, 0 or -1. A descriptor where it is always the same, or one of
// the standard three; only the latter where threads or children were seen, for
// there numbers depend on who is first. Never a pointer, a size, an offset, a
// count, a time or an address: they say nothing of what a call does, and differ
// in each run. Conditions of one call are independent of each other: flags that
// were seen with one command may come with another.
//
// # What becomes a path
//
// What Landlock is asked about, by the name that the program used: files that
// were opened, executed, made, removed or renamed. An open that failed because
// nothing was there needs no path: it fails in the same way under the policy.
// A directory that was opened grants what is below it, for rules cannot say
// less; a file that was made grants its directory. What was there and was only
// looked at, by stat and the like, is granted for reading: a held program sees
// nothing that its policy does not name.
//
// # Limits
//
// A policy lets a program do what it was seen to do and nothing else: what it
// does in one run of a hundred has to be seen. Where threads were seen, calls
// that a C library or Go's runtime makes by chance are added. What was seen is
// not looked at for whether it should be: a person has to.
package learn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"warder/abi"
	"warder/record/cases"
	"warder/record/trace"
	"warder/rules"
)

// Options are what a trace does not tell. The zero value knows nothing.
type Options struct {
	// Dir is the working directory of the first process; "": relative paths
	// cannot be followed, unless the program changed to it.
	Dir string
	// Generalise, if above 0, grants a directory instead of so many files or
	// more that were read in it.
	Generalise int
	// Interpreters gives what else is executed with a program: its loader, the
	// interpreter of a script. nil: nothing is known, and the loaders that
	// profiles know are granted.
	Interpreters func(program string) []string
	// Resolve gives a path's own name, without symbolic links; what is written
	// must be granted by it. nil: names are taken to be that.
	Resolve func(path string) string
	// Exists tells whether a path is there; one that is not is granted if it
	// should be. nil: all are.
	Exists func(path string) bool
}

// Bounds of what is remembered of a trace.
const (
	maxValues    = 32
	maxTexts     = 6       // of an argument, in a comment
	maxPaths     = 1 << 16 // of files
	maxProcesses = 1 << 14 // at a time
	maxOpen      = 1 << 12 // descriptors of a process
	maxNotes     = 50
	maxPrograms  = 1 << 10
)

// Learner sees events and makes a policy of them.
type Learner struct {
	opt  Options
	arch abi.Arch

	begun    bool     // a call was seen
	self     int      // the first process
	programs []string // all that were executed
	first    string   // by the first launch
	runs     int

	calls     map[string]*seen
	files     map[string]*file
	made      map[string]bool // what the program made itself
	connect   map[uint16]uint64
	bind      map[uint16]uint64
	sockets   map[string]bool // names in the abstract namespace that the program bound
	processes map[int]*process
	threads   map[int]int // process ids by thread id
	everyone  map[int]bool

	threaded, children bool
	signalsAny         bool
	abstractAny        bool
	notes              []string // what cannot be allowed
}

// New makes a learner for calls of the native architecture.
func New(opt Options) *Learner {
	return &Learner{
		opt: opt, arch: abi.Native(),
		calls: map[string]*seen{}, files: map[string]*file{}, made: map[string]bool{},
		connect: map[uint16]uint64{}, bind: map[uint16]uint64{}, sockets: map[string]bool{},
		processes: map[int]*process{}, threads: map[int]int{}, everyone: map[int]bool{},
	}
}

// Notes lists what was seen and that no policy lets pass, one line each.
func (l *Learner) Notes() []string { return l.notes }

func (l *Learner) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	switch {
	case slices.Contains(l.notes, text):
	case len(l.notes) == maxNotes:
		l.notes = append(l.notes, "and more")
	case len(l.notes) < maxNotes:
		l.notes = append(l.notes, text)
	}
}

// Errors of traces that no policy can be made of.
var (
	errForeign = errors.New("calls of foreign architectures are refused always")
	errPaths   = fmt.Errorf("more than %d files", maxPaths)
	errTasks   = fmt.Errorf("more than %d processes at a time", maxProcesses)
)

// End says that a run has ended: the next event begins another one.
func (l *Learner) End() {
	if l.begun {
		l.runs++
	}
	l.begun, l.self = false, 0
	l.processes, l.threads, l.everyone = map[int]*process{}, map[int]int{}, map[int]bool{}
}

// Add looks at the next event. An error says that the trace is none, or is of a
// program that cannot be held.
func (l *Learner) Add(e *trace.Event) error {
	switch e.Kind {
	case trace.CallKind:
		return l.call(e)
	case trace.BirthKind:
		return l.birth(e)
	case trace.EndKind:
		if e.PID == e.TID {
			delete(l.processes, e.PID)
		}
		delete(l.threads, e.TID)
	case trace.LostKind:
		l.note("%d events are missing in the trace: what they were is not in the policy", e.Count)
	case trace.SignalKind, trace.StopKind, trace.ExecKind:
	}
	return nil
}

// call looks at a call.
func (l *Learner) call(e *trace.Event) error {
	c, err := cases.CallOf(e)
	if err != nil {
		return err
	}
	if c.Call.Arch != l.arch {
		return fmt.Errorf("%s of %s: %w; this is %s", e.Name, c.Call.Arch, errForeign, l.arch)
	}
	p, err := l.process(e)
	if err != nil {
		return err
	}
	if !l.begun {
		l.begun, l.self = true, e.PID
		if (e.Name == "execve" || e.Name == "execveat") && e.Errno == "" {
			name := cmp.Or(c.Paths[0], c.Paths[1])
			l.program(name)
			l.first = cmp.Or(l.first, name)
			return nil // the launch, which needs no rule
		}
	}
	if _, named := l.arch.Number(e.Name); !named {
		l.note("%s: a call without a name cannot be allowed", e.Name)
		return nil
	}
	if refused, err := l.refused(e); refused || err != nil {
		return err
	}
	switch e.Name {
	case "clone3":
		l.clone3(e)
	case "io_uring_setup", "io_uring_enter", "io_uring_register":
		l.answer(e, "ENOSYS")
		if e.Errno == "" {
			l.note("%s: calls made through io_uring are seen by no rule; it is answered ENOSYS", e.Name)
		}
	case "clone":
		if c.Call.Args[0]&cloneUntraced != 0 {
			l.note("clone with CLONE_UNTRACED: such a child is never allowed")
		}
		l.observe(e, &c)
	default:
		l.observe(e, &c)
	}
	if err := l.touch(p, e, &c); err != nil {
		return err
	}
	l.network(p, e, &c)
	p.follow(l, e, &c)
	return nil
}

const cloneUntraced = 0x00800000

// program remembers what a run ran.
func (l *Learner) program(name string) {
	if name != "" && !slices.Contains(l.programs, name) && len(l.programs) < maxPrograms {
		l.programs = append(l.programs, name)
		slices.Sort(l.programs)
	}
}

// refused handles a call that the policy of the recorded run refused.
func (l *Learner) refused(e *trace.Event) (bool, error) {
	if e.Verdict == nil {
		return false, nil
	}
	x, err := rules.ParseExpectation(e.Verdict.Action, "")
	if err != nil || x == nil {
		return false, fmt.Errorf("%s: the verdict %q is none", e.Name, e.Verdict.Action)
	}
	switch x.Action.Kind {
	case rules.Kill:
		l.note("%s: the recorded run was killed for it; it is not allowed", e.Name)
		return true, nil
	case rules.Errno:
		l.answer(e, abi.ErrnoName(x.Action.Errno))
		return true, nil
	case rules.Allow, rules.Log, rules.Trace, rules.Rewrite:
	}
	return false, nil
}

// answer remembers a call that does not run, and fails.
func (l *Learner) answer(e *trace.Event, errno string) {
	l.seen(e.Name).answered[errno]++
}
