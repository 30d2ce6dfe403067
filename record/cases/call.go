package cases

import (
	"fmt"
	"strconv"
	"strings"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

// maxPath is the longest path there can be, with its NUL (PATH_MAX).
const maxPath = 4096

// CallOf is the call of an event as a policy sees it. It fails where the event
// is no call, or is none that a kernel of this time has.
func CallOf(e *trace.Event) (rules.Case, error) {
	if e.Kind != trace.CallKind {
		return rules.Case{}, fmt.Errorf("event %q is no call", e.Kind)
	}
	c := rules.Case{Name: e.Name, Call: rules.Call{Nr: e.Number}}
	arch, ok := abi.ParseArch(e.Arch)
	if !ok {
		return c, fmt.Errorf("unknown architecture %q", e.Arch)
	}
	c.Call.Arch = arch
	name, named := arch.Name(e.Number)
	switch {
	case e.Name == "":
		return c, fmt.Errorf("the call has no name")
	case named && name != e.Name:
		return c, fmt.Errorf("call %d of %s is %s, not %q", e.Number, arch, name, e.Name)
	case !named && !strings.HasPrefix(e.Name, "syscall_0x"):
		return c, fmt.Errorf("call %d of %s has no name, and here it is %q", e.Number, arch, e.Name)
	}
	sig, _ := arch.Lookup(name)
	for i := len(sig.Args); named && i < len(c.Known); i++ {
		c.Known[i] = true // the kernel does not read it
	}
	for i := range e.Args {
		a := &e.Args[i]
		if named && len(sig.Args) == 0 {
			continue // rt_sigreturn's frame, restart_syscall's call: told, and in no register
		}
		at, ok := position(sig, name, a.Name)
		if !ok {
			return c, fmt.Errorf("%s has no argument %q", e.Name, a.Name)
		}
		v, err := strconv.ParseUint(strings.TrimPrefix(a.Raw, "0x"), 16, 64)
		if err != nil {
			return c, fmt.Errorf("%s: %q is no hexadecimal register", a.Name, a.Raw)
		}
		if len(a.Path) >= maxPath {
			return c, fmt.Errorf("%s: a path of %d bytes", a.Name, len(a.Path))
		}
		c.Call.Args[at], c.Known[at], c.Paths[at] = v, true, a.Path
	}
	return c, nil
}

// position finds an argument by the name that a trace gives it: the kernel's,
// but for clone's, which are strace's; arg1 to arg6 where nothing is known.
func position(sig abi.Signature, call, name string) (int, bool) {
	if i, ok := sig.Arg(name); ok {
		return i, i < 6
	}
	if call == "clone" {
		for i := range sig.Args {
			if cloneNames[sig.Args[i].Name] == name {
				return i, true
			}
		}
	}
	if digit, ok := strings.CutPrefix(name, "arg"); ok && len(digit) == 1 && digit[0] >= '1' && digit[0] <= '6' {
		return int(digit[0] - '1'), true
	}
	return 0, false
}

var cloneNames = map[string]string{"clone_flags": "flags", "newsp": "child_stack", "parent_tidptr": "parent_tid"}
