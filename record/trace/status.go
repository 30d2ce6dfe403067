package trace

import (
	"fmt"
	"strings"

	"warder/abi"
	"warder/internal/guess"
)

// Status is how a call ended, as a bit set: strace's -e status. The zero value
// stands for all.
type Status uint8

// The statuses.
const (
	Successful Status = 1 << iota // returned, and no error; strace's -z
	Failed                        // returned an error, the kernel's own ones too; strace's -Z
	Unfinished                    // did not return, or nobody waited for it
)

var statusWords = []string{"successful", "failed", "unfinished"}

// wants reports whether a call that is over is one of those asked for.
func (s Status) wants(c *Call) bool {
	switch {
	case s == 0:
		return true
	case !c.Returned:
		return s&Unfinished != 0
	case c.Failed:
		return s&Failed != 0
	}
	return s&Successful != 0
}

// ParseStatus reads a set of successful, failed and unfinished, separated by
// commas, with a leading ! for all others; "all", or "none".
func ParseStatus(text string) (Status, error) {
	const every = Successful | Failed | Unfinished
	var s Status
	body, not := negated(text)
	for _, word := range strings.Split(body, ",") {
		switch word {
		case "successful":
			s |= Successful
		case "failed":
			s |= Failed
		case "unfinished":
			s |= Unfinished
		case "all":
			s |= every
		case "none":
		case "unavailable", "detached": // strace's: no call here ends so
		default:
			return 0, fmt.Errorf("no status %q: want successful, failed or unfinished%s", word, guess.Hint(word, statusWords))
		}
	}
	if not {
		s = every &^ s
	}
	if s == 0 {
		return 0, fmt.Errorf("status %q is no call's", text)
	}
	if s == every {
		s = 0
	}
	return s, nil
}

// SignalSet is a set of signals. A nil set has all.
type SignalSet struct {
	bits uint64
}

// Has reports whether a signal is in the set.
func (s *SignalSet) Has(signal int) bool {
	if s == nil {
		return true
	}
	return signal > 0 && signal <= 64 && s.bits>>(signal-1)&1 != 0
}

// ParseSignals reads a set of signals, strace's -e signal: names with or
// without SIG in any case, or numbers, separated by commas, with a leading !
// for all others; "all", or "none".
func ParseSignals(text string) (*SignalSet, error) {
	s := new(SignalSet)
	body, not := negated(text)
	for _, word := range strings.Split(body, ",") {
		switch word {
		case "all":
			s.bits = ^uint64(0)
			continue
		case "none":
			continue
		}
		sig, ok := abi.ParseSignal(strings.ToUpper(word))
		if !ok {
			if sig, ok = decimal(word); !ok || sig < 1 || sig > 64 {
				return nil, fmt.Errorf("no signal %q%s", word, guess.Hint(strings.ToUpper(word), signalNames()))
			}
		}
		s.bits |= 1 << (sig - 1)
	}
	if not {
		s.bits = ^s.bits
	}
	return s, nil
}

func signalNames() []string {
	var names []string
	for sig := 1; sig < 32; sig++ {
		names = append(names, abi.SignalName(sig))
	}
	return names
}
