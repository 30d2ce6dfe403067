package rules

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"warder/abi"
	"warder/internal/guess"
)

// argument is one argument of one call, as a condition sees it.
type argument struct {
	abi.Arg
	index int
}

// raw is argument i as a bare register.
func raw(i int) argument {
	return argument{abi.Arg{Name: "arg" + strconv.Itoa(i), Kind: abi.Hex, Bits: 64}, i}
}

// argumentOf finds a call's argument by the kernel's name, or by arg0 to
// arg5: the whole register, for what the table does not describe.
func argumentOf(arch abi.Arch, call, name string) (argument, bool) {
	if len(name) == 4 && strings.HasPrefix(name, "arg") && name[3] >= '0' && name[3] <= '5' {
		return raw(int(name[3] - '0')), true
	}
	sig, ok := arch.Lookup(call)
	if !ok {
		return argument{}, false
	}
	i, ok := sig.Arg(name)
	if !ok {
		return argument{}, false
	}
	return argument{sig.Args[i], i}, true
}

// argumentAt is a call's argument by position, raw where the table has none.
func argumentAt(arch abi.Arch, call string, i int) argument {
	if sig, ok := arch.Lookup(call); ok && i < len(sig.Args) && sig.Args[i].Name != "" {
		return argument{sig.Args[i], i}
	}
	return raw(i)
}

// argumentNames lists what conditions on a call may name.
func argumentNames(arch abi.Arch, call string) []string {
	sig, _ := arch.Lookup(call)
	names := make([]string, 0, len(sig.Args))
	for i := range sig.Args {
		names = append(names, sig.Args[i].Name)
	}
	return names
}

// parse reads a value as a policy writes it: numbers and names joined by |.
func (a argument) parse(text string) (Value, error) {
	if text == "self" {
		return Value{Self: true}, nil
	}
	var v uint64
	parts := strings.Split(text, "|")
	for _, part := range parts {
		part = strings.TrimSpace(part)
		n, err := a.parsePart(part, len(parts) > 1)
		if err != nil {
			return Value{}, err
		}
		v |= n
	}
	return Value{N: v}, nil
}

func (a argument) parsePart(part string, ored bool) (uint64, error) {
	if part == "" {
		return 0, fmt.Errorf("a value is missing")
	}
	if part == "self" {
		return 0, fmt.Errorf("self stands alone, not beside |")
	}
	negative := part[0] == '-'
	if digits := strings.TrimPrefix(part, "-"); digits != "" && digits[0] >= '0' && digits[0] <= '9' {
		n, err := strconv.ParseUint(digits, 0, 64)
		if err != nil || strings.Contains(digits, "_") {
			return 0, fmt.Errorf("%q is not a number of at most 64 bits", part)
		}
		switch {
		case negative && ored:
			return 0, fmt.Errorf("a negative number beside |")
		case negative && !a.Signed && a.Bits == 64:
			return 0, fmt.Errorf("%s is unsigned: %s does not fit", a.Name, part)
		case negative && n > 1<<(a.Bits-1), !negative && bits.Len64(n) > int(a.Bits):
			return 0, a.tooWide(part)
		case negative:
			return -n & a.Mask(), nil
		}
		return n, nil
	}
	n, ok := a.Flags.Parse(part)
	if !ok {
		n, ok = abi.ParseConstant(part)
	}
	if !ok {
		var sig int
		sig, ok = abi.ParseSignal(part)
		n = uint64(sig)
	}
	if !ok {
		return 0, fmt.Errorf("unknown constant %q%s", part, guess.Hint(part, append(a.Flags.Names(), "self", "AT_FDCWD")))
	}
	narrowed, ok := fit(n, a.Bits)
	if !ok {
		return 0, a.tooWide(fmt.Sprintf("%s (%#x)", part, n))
	}
	return narrowed, nil
}

func (a argument) tooWide(value string) error {
	return fmt.Errorf("%s is read as %d bits by the kernel: %s does not fit", a.Name, a.Bits, value)
}

// fit cuts v to width bits if nothing is lost: v fits, or is the sign
// extension of a negative number that does.
func fit(v uint64, width uint8) (uint64, bool) {
	cut := narrow(v, width)
	if cut == v {
		return v, true
	}
	unused := 64 - width
	return cut, uint64(int64(v<<unused)>>unused) == v
}

// format writes a value so that parse reads it back.
func (a argument) format(v Value) string {
	if v.Self {
		return "self"
	}
	if a.Flags != 0 {
		// What the set prints of odd values may be a name that it does not
		// parse, or a number in its own notation.
		text := a.Flags.Format(v.N)
		if back, err := a.parse(text); err == nil && back == v {
			return text
		}
	}
	if a.Kind == abi.Signal && v.N > 0 {
		name := abi.SignalName(int(min(v.N, 1<<16)))
		if back, err := a.parse(name); err == nil && back == v {
			return name
		}
	}
	if a.Kind == abi.DirFD && narrow(v.N, 32) == atFDCWD && a.Bits == 32 {
		return "AT_FDCWD"
	}
	if a.Signed && a.Bits > 0 && v.N == narrow(v.N, a.Bits) && v.N>>(a.Bits-1) == 1 {
		unused := 64 - a.Bits
		return strconv.FormatInt(int64(v.N<<unused)>>unused, 10)
	}
	if v.N > 0xffff {
		return fmt.Sprintf("%#x", v.N)
	}
	return strconv.FormatUint(v.N, 10)
}

// atFDCWD is AT_FDCWD as the kernel reads it, -100 in 32 bits.
const atFDCWD = 0xffffff9c

// parseAction reads an action as a policy writes it.
func parseAction(text string) (Action, error) {
	switch text {
	case "allow":
		return Action{Kind: Allow}, nil
	case "log":
		return Action{Kind: Log}, nil
	case "kill":
		return Action{Kind: Kill}, nil
	case "trace":
		return Action{Kind: Trace}, nil
	case "errno", "rewrite":
		return Action{}, fmt.Errorf("%s needs to say which: %s", text, actionForms)
	}
	name, rest, ok := strings.Cut(text, "(")
	param, tail, closed := strings.Cut(rest, ")")
	if ok && closed && tail == "" {
		switch name {
		case "errno":
			e, err := parseErrno(param)
			return Action{Kind: Errno, Errno: e}, err
		case "rewrite":
			for _, t := range Twins {
				if t.To == param {
					return Action{Kind: Rewrite, Twin: param}, nil
				}
			}
			return Action{}, fmt.Errorf("there is no rewrite to %q", param)
		}
	}
	return Action{}, fmt.Errorf("unknown action %q%s; actions are %s", text,
		guess.Hint(name, []string{"allow", "log", "errno", "kill", "trace", "rewrite"}), actionForms)
}

const actionForms = "allow, log, errno(EPERM), kill, trace, rewrite(fstat)"

// maxErrno is the largest error the kernel passes on (MAX_ERRNO).
const maxErrno = 4095

func parseErrno(text string) (uint32, error) {
	if e, ok := abi.ParseErrno(text); ok {
		return e, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("unknown error %q: write a name such as EPERM, or a number", text)
	}
	if n < 1 || n > maxErrno {
		return 0, errnoRange(n)
	}
	return uint32(n), nil
}

func errnoRange(n uint64) error {
	return fmt.Errorf("errno %d is out of range: 1 to %d", n, maxErrno)
}

// formatAction writes an action so that parseAction reads it back: unlike
// String it knows that some errors have a name only inside the kernel.
func formatAction(a Action) string {
	if a.Kind == Errno {
		if e, ok := abi.ParseErrno(abi.ErrnoName(a.Errno)); !ok || e != a.Errno {
			return fmt.Sprintf("errno(%d)", a.Errno)
		}
	}
	return a.String()
}
