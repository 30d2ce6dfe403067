package learn

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

// seen is what was seen of the calls of one name.
type seen struct {
	count    uint64            // that ran
	failed   map[string]uint64 // of them, by error
	answered map[string]uint64 // that did not run, by the error they got
	args     [6]values
	hand     []string // comments that a person wrote
}

// values are those of an argument.
type values struct {
	set   map[rules.Value]bool // for conditions
	free  bool                 // no condition is made of them
	texts map[string]bool      // for comments
	more  bool                 // than are in texts
}

func (l *Learner) seen(call string) *seen {
	s := l.calls[call]
	if s == nil {
		s = &seen{failed: map[string]uint64{}, answered: map[string]uint64{}}
		l.calls[call] = s
	}
	return s
}

// observe remembers a call that ran.
func (l *Learner) observe(e *trace.Event, c *rules.Case) {
	s := l.seen(e.Name)
	s.count++
	if e.Errno != "" && (s.failed[e.Errno] > 0 || len(s.failed) < maxValues) {
		s.failed[e.Errno]++
	}
	sig, _ := l.arch.Lookup(e.Name)
	for i := range sig.Args {
		if !learnable(sig.Args[i].Kind) {
			continue
		}
		if !c.Known[i] {
			s.args[i].free = true
			continue
		}
		s.args[i].add(l.value(sig.Args[i], c.Call.Args[i]))
		for j := range e.Args {
			if name := e.Args[j].Name; name == sig.Args[i].Name || e.Name == "clone" && name == "flags" && i == 0 {
				s.args[i].text(e.Args[j].Text)
			}
		}
	}
}

// learnable reports whether arguments of a kind may become conditions: see the
// package's comment.
func learnable(k abi.Kind) bool {
	switch k {
	case abi.FD, abi.DirFD, abi.Flags, abi.Enum, abi.IOCTL, abi.ClockID, abi.Signal, abi.PID, abi.UID, abi.GID:
		return true
	case abi.Unknown, abi.Int, abi.Uint, abi.Hex, abi.Ptr, abi.Path, abi.Str, abi.Buf, abi.OutBuf, abi.Size, abi.Off, abi.Mode,
		abi.ArgV, abi.EnvP, abi.Sockaddr, abi.Timespec, abi.Timeval, abi.Iovec, abi.OutIovec, abi.SigSet, abi.Sigaction, abi.Dev:
	}
	return false
}

// value is a register as a condition compares it, and whether one may.
func (l *Learner) value(a abi.Arg, register uint64) (rules.Value, bool) {
	v := register & a.Mask()
	low := int32(v)
	switch a.Kind {
	case abi.PID:
		if low > 0 && int(low) == l.self {
			return rules.Value{Self: true}, true
		}
		return rules.Value{N: v}, low == 0 || low == -1
	case abi.ClockID:
		return rules.Value{N: v}, low >= 0 // others are made from ids
	default:
	}
	return rules.Value{N: v}, true
}

// add remembers a value.
func (v *values) add(value rules.Value, fits bool) {
	if v.free = v.free || !fits; v.free {
		v.set = nil
		return
	}
	if v.set == nil {
		v.set = map[rules.Value]bool{}
	}
	if v.set[value] = true; len(v.set) > maxValues {
		v.free, v.set = true, nil
	}
}

// text remembers how a value reads.
func (v *values) text(text string) {
	text, _, _ = strings.Cut(text, "<") // of a descriptor: the file behind it
	plain := text != "" && len(text) < 80 && !strings.ContainsFunc(text, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '|' || c == '-')
	})
	switch {
	case !plain || v.texts[text]:
	case len(v.texts) == maxTexts:
		v.more = true
	default:
		if v.texts == nil {
			v.texts = map[string]bool{}
		}
		v.texts[text] = true
	}
}

// list gives the texts in order.
func (v *values) list() string {
	// Numbers by their value, and before words.
	number := func(text string) (uint64, int) {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return uint64(n) ^ 1<<63, 0
		}
		if n, err := strconv.ParseUint(text, 0, 64); err == nil {
			return n, 1
		}
		return 0, 2
	}
	texts := slices.SortedFunc(maps.Keys(v.texts), func(a, b string) int {
		x, kindX := number(a)
		y, kindY := number(b)
		return cmp.Or(cmp.Compare(kindX, kindY), cmp.Compare(x, y), strings.Compare(a, b))
	})
	out := strings.Join(texts, ", ")
	if v.more {
		out += " and more"
	}
	return out
}

// alone reports whether descriptors have the same numbers in each run.
func (l *Learner) alone() bool { return !l.threaded && !l.children }

// condition makes a condition of an argument's values, or none.
func (l *Learner) condition(a abi.Arg, index int, v *values) (rules.Cond, bool) {
	if v.free || len(v.set) == 0 {
		return rules.Cond{}, false
	}
	list := slices.SortedFunc(maps.Keys(v.set), func(x, y rules.Value) int {
		switch {
		case x.Self != y.Self && x.Self:
			return -1
		case x.Self != y.Self:
			return 1
		case a.Value(x.N) == a.Value(y.N):
			return 0
		case a.Signed && int64(a.Value(x.N)) < int64(a.Value(y.N)), !a.Signed && x.N < y.N:
			return -1
		}
		return 1
	})
	if a.Kind == abi.FD || a.Kind == abi.DirFD {
		standard := !slices.ContainsFunc(list, func(v rules.Value) bool {
			n := int32(v.N)
			return n > 2 || n < 0 && n != -1 && n != atFDCWD
		})
		if !standard && (len(list) > 1 || !l.alone()) {
			return rules.Cond{}, false
		}
	}
	c := rules.Cond{Arg: a.Name, Index: index, Bits: a.Bits, Signed: a.Signed, Op: rules.In, Values: list}
	if len(list) == 1 {
		c.Op = rules.Eq
	}
	return c, true
}

const atFDCWD = -100
