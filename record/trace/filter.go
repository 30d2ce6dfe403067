package trace

import (
	"fmt"
	"strings"

	"warder/internal/guess"
)

// Filter is what strace's -e says, and -z, -Z and -q.
type Filter struct {
	Calls   *Set       // nil: all
	Signals *SignalSet // nil: all
	Status  Status     // 0: all
	Quiet   Quiet
}

// Quiet is what is not told of, as a bit set: strace's -e quiet.
type Quiet uint8

// What can be left out.
const (
	QuietAttach      Quiet = 1 << iota // new threads and processes
	QuietExit                          // +++ exited with 0 +++
	QuietPaths                         // what -P's names resolve to
	QuietPersonality                   // a thread's change to another architecture
	QuietSuperseded                    // +++ superseded by execve in pid 12 +++
	QuietAll         = 1<<iota - 1
)

var quietWords = []struct {
	word  string
	quiet Quiet
}{
	{"attach", QuietAttach},
	{"exit", QuietExit},
	{"path-resolution", QuietPaths},
	{"personality", QuietPersonality},
	{"thread-execve", QuietSuperseded},
	{"superseded", QuietSuperseded},
	{"all", QuietAll},
	{"none", 0},
}

// ParseQuiet reads a set of strace's words.
func ParseQuiet(text string) (Quiet, error) {
	var q Quiet
	body, not := negated(text)
next:
	for _, word := range strings.Split(body, ",") {
		var words []string
		for _, w := range quietWords {
			if w.word == word {
				q |= w.quiet
				continue next
			}
			words = append(words, w.word)
		}
		return 0, fmt.Errorf("nothing to be quiet about is called %q: want attach, exit, path-resolution, personality or superseded%s",
			word, guess.Hint(word, words))
	}
	if not {
		q = QuietAll &^ q
	}
	return q, nil
}

// qualifiers are the words before the = of -e, strace's short ones too.
var qualifiers = map[string]string{
	"trace": "trace", "t": "trace",
	"signal": "signal", "signals": "signal", "s": "signal",
	"status": "status",
	"quiet":  "quiet", "silent": "quiet", "silence": "quiet", "q": "quiet",
}

// strangers are qualifiers that strace has and this does not.
var strangers = []string{
	"abbrev", "a", "verbose", "v", "raw", "x", "read", "reads", "r", "write", "writes", "w", "fault", "inject",
	"decode-fds", "decode-fd", "decode-pids", "decode-pid", "kvm",
}

// Set reads an expression of -e: trace=SET, signal=SET, status=SET, quiet=SET,
// or SET alone, which is trace's. One for the same qualifier replaces what was
// said before.
func (f *Filter) Set(expression string) error {
	word, value, has := strings.Cut(expression, "=")
	if !has {
		word, value = "trace", expression
	}
	kind, ok := qualifiers[word]
	if !ok {
		for _, s := range strangers {
			if s == word {
				return fmt.Errorf("-e %s is strace's alone: here it is trace, signal, status or quiet", word)
			}
		}
		return fmt.Errorf("-e %s: want trace=, signal=, status= or quiet=%s", word, guess.Hint(word, []string{"trace", "signal", "status", "quiet"}))
	}
	var err error
	switch kind {
	case "trace":
		var s *Set
		if s, err = Select(value); err == nil {
			f.Calls = s
		}
	case "signal":
		var s *SignalSet
		if s, err = ParseSignals(value); err == nil {
			f.Signals = s
		}
	case "status":
		var s Status
		if s, err = ParseStatus(value); err == nil {
			f.Status = s
		}
	case "quiet":
		var q Quiet
		if q, err = ParseQuiet(value); err == nil {
			f.Quiet = q
		}
	}
	if err != nil {
		return fmt.Errorf("-e %s: %w", kind, err)
	}
	return nil
}

// Text carries what -q says to the text's options.
func (q Quiet) Text(opt TextOptions) TextOptions {
	opt.Attached = opt.Attached && q&QuietAttach == 0
	opt.NoMode = opt.NoMode || q&QuietPersonality != 0
	opt.NoExit = opt.NoExit || q&QuietExit != 0
	opt.NoSuperseded = opt.NoSuperseded || q&QuietSuperseded != 0
	return opt
}
