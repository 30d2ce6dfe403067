package rules

import (
	"fmt"
	"strings"

	"warder/abi"
)

// Case is one call to try a policy with, without a process.
type Case struct {
	Name  string // the call's
	Call  Call
	Stage Stage  // AnyStage: it is not known
	Self  uint32 // the process id of the session's first process
	// Known are the arguments that are; the others count as 0.
	Known [6]bool
	Paths [6]string // what arguments that are paths point to; "" where that is not known
	// Expect is what should happen; nil for nothing in particular.
	Expect *Expectation
	Line   int // of the file that it is from, from 1
}

// Expectation is what a case expects.
type Expectation struct {
	Action   Action
	AnyErrno bool // any errno will do
	// Files is what the path rules should say: "granted", "refused", or "" for
	// nothing in particular.
	Files string
	given bool // an action is
}

// Trial is what a policy does with a case.
type Trial struct {
	// Loader and Main are the verdicts of the stages; where the case knows its
	// stage both are that one's.
	Loader, Main Verdict
	// Assumed are the arguments that a rule looks at and the case does not
	// know: the verdict is for 0.
	Assumed []string
	// Files is said of the case's stage; where that is not known, of the main
	// stage, or of the loader's if only there the call runs.
	Files []Advice
}

// Same reports whether the policy does the same in both stages.
func (t *Trial) Same() bool { return t.Loader.Action == t.Main.Action }

// Try decides a case.
func (m *Matcher) Try(c *Case) Trial {
	var t Trial
	pathOf := func(i int) (string, bool) { return c.Paths[i], c.Paths[i] != "" }
	decide := func(stage Stage) Verdict {
		return m.Decide(&c.Call, &Context{Stage: stage, Self: c.Self, Path: pathOf})
	}
	stage := c.Stage
	switch c.Stage {
	case AnyStage:
		t.Loader, t.Main, stage = decide(Loader), decide(Main), Main
		if t.Main.Action.Refuses() && !t.Loader.Action.Refuses() {
			stage = Loader
		}
	case Loader, Main:
		t.Main = decide(c.Stage)
		t.Loader = t.Main
	}
	if c.Call.Arch == m.native {
		var asked [6]string
		for _, i := range m.rulesOf(c.Call.Nr) {
			for _, w := range m.policy.Rules[i].When {
				if !c.Known[w.Index] {
					asked[w.Index] = w.Arg
				}
			}
		}
		for _, name := range asked {
			if name != "" {
				t.Assumed = append(t.Assumed, name)
			}
		}
		t.Files = m.policy.Advise(c.Name, &c.Call.Args, stage, pathOf)
	}
	return t
}

// Fails says in what way a trial is not what its case expects, or "".
func (t *Trial) Fails(e *Expectation) string {
	if e == nil {
		return ""
	}
	is := func(v Verdict) bool {
		if e.AnyErrno {
			return v.Action.Kind == Errno
		}
		return v.Action == e.Action
	}
	if e.given && !(is(t.Loader) && is(t.Main)) {
		if e.AnyErrno {
			return "expected an errno"
		}
		return "expected " + e.Action.String()
	}
	if e.Files == "" {
		return ""
	}
	if len(t.Files) == 0 {
		return "expected files " + e.Files + ", and no file is asked for"
	}
	granted := true
	for _, a := range t.Files {
		if a.Unknown != "" {
			return "expected files " + e.Files + ": " + a.Unknown
		}
		granted = granted && a.Granted
	}
	if granted != (e.Files == "granted") {
		return "expected files " + e.Files
	}
	return ""
}

// ParseExpectation reads what a case expects: an action as policies spell it,
// or as traces do (errno EPERM), or errno alone; "" for no action; and granted
// or refused for its files, or "".
func ParseExpectation(action, files string) (*Expectation, error) {
	e := &Expectation{Files: files}
	switch files {
	case "", "granted", "refused":
	default:
		return nil, fmt.Errorf("files: %q is not known: granted or refused", files)
	}
	switch action = strings.TrimSpace(action); {
	case action == "" && files == "":
		return nil, nil
	case action == "":
		return e, nil
	case action == "errno":
		e.AnyErrno, e.given = true, true
		return e, nil
	}
	if name, param, ok := strings.Cut(action, " "); ok && !strings.Contains(action, "(") {
		action = name + "(" + param + ")"
	}
	a, err := parseAction(action)
	if err != nil {
		return nil, fmt.Errorf("expect: %w", err)
	}
	e.Action, e.given = a, true
	return e, nil
}

// somewhere is a pointer that is not NULL, for argument i of a case.
func somewhere(i int) uint64 { return 0x7fff00000000 + uint64(i)<<12 }

// pointer reports whether an argument is an address.
func pointer(kind abi.Kind) bool {
	switch kind {
	case abi.Ptr, abi.Path, abi.Str, abi.Buf, abi.OutBuf, abi.ArgV, abi.EnvP, abi.Sockaddr, abi.Timespec, abi.Timeval,
		abi.Iovec, abi.OutIovec, abi.SigSet, abi.Sigaction:
		return true
	case abi.Unknown, abi.Int, abi.Uint, abi.Hex, abi.FD, abi.DirFD, abi.Size, abi.Off, abi.Mode, abi.PID, abi.UID, abi.GID,
		abi.Signal, abi.Flags, abi.Enum, abi.IOCTL, abi.ClockID, abi.Dev:
	}
	return false
}
