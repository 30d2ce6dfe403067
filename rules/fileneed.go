package rules

import (
	"path"
	"slices"
	"strings"

	"warder/abi"
)

// FileNeed is what a call asks of Landlock about one of its paths, in the
// words of policies. Calls that Landlock is not asked about (stat, access,
// chdir, chmod and the like) have none.
type FileNeed struct {
	Arg    int    // the path's index
	Access Access // on what is there, without MayCreate
	// Create says that the directory which holds the path must be in a tree
	// of create: its name is made, removed or moved. With Missing only where
	// nothing has that name yet.
	Create, Missing bool
}

// Flags of open that decide what is asked; the same on x86-64 and arm64.
const (
	oAccmode = 3
	oCreat   = 0o100
	oTrunc   = 0o1000
	oPath    = 0o10000000
	oTmpfile = 0o20000000 // without O_DIRECTORY, whose bit differs
)

// ofNames are the calls that make, remove or move names.
var ofNames = map[string][]int{
	"mkdir": {0}, "mkdirat": {1}, "mknod": {0}, "mknodat": {1}, "unlink": {0}, "unlinkat": {1}, "rmdir": {0},
	"symlink": {1}, "symlinkat": {2}, "rename": {0, 1}, "renameat": {1, 3}, "renameat2": {1, 3}, "link": {0, 1}, "linkat": {1, 3},
}

// FileNeeds lists what a call of that name asks of Landlock. It is false for
// openat2, whose flags are in memory.
func FileNeeds(call string, args *[6]uint64) ([]FileNeed, bool) {
	open := func(arg int, flags uint64) []FileNeed {
		n := FileNeed{Arg: arg}
		switch {
		case flags&oPath != 0:
			return nil
		case flags&oTmpfile != 0:
			// A file without a name, in the directory itself.
			return []FileNeed{{Arg: arg, Access: MayWrite | MayCreate}}
		}
		n.Access = [...]Access{MayRead, MayWrite, MayRead | MayWrite, MayRead | MayWrite}[flags&oAccmode]
		if flags&oTrunc != 0 {
			n.Access |= MayWrite
		}
		if flags&oCreat != 0 {
			n.Create, n.Missing = true, true
		}
		return []FileNeed{n}
	}
	switch call {
	case "open":
		return open(0, args[1]), true
	case "openat":
		return open(1, args[2]), true
	case "openat2":
		return nil, false
	case "creat":
		return open(0, oCreat|oWronly|oTrunc), true
	case "truncate":
		return []FileNeed{{Arg: 0, Access: MayWrite}}, true
	case "execve":
		return []FileNeed{{Arg: 0, Access: MayExecute}}, true
	case "execveat":
		return []FileNeed{{Arg: 1, Access: MayExecute}}, true
	}
	var out []FileNeed
	for _, arg := range ofNames[call] {
		out = append(out, FileNeed{Arg: arg, Create: true})
	}
	return out, true
}

// DirArg is the index of the descriptor from which a call's path argument
// starts where it is relative, or -1: then it starts from the working
// directory.
func DirArg(call string, arg int) int {
	sig, ok := abi.Lookup(call)
	if ok && arg > 0 && arg <= len(sig.Args) && sig.Args[arg-1].Kind == abi.DirFD {
		return arg - 1
	}
	return -1
}

// Advice is what a policy's path rules say of one path of a call. It is
// advice: the kernel decides on what the path leads to when the call is made.
type Advice struct {
	Path    string
	Need    Access // with MayCreate where a name is made, removed or moved
	Granted bool
	// Missing says that it is not granted where nothing has that name yet.
	Missing bool
	// Unknown says why nothing can be said; "" otherwise.
	Unknown string
}

// Advise tells what p's path rules say of the paths of a call in a stage: one
// Advice for each that Landlock would be asked about.
func (p *Policy) Advise(call string, args *[6]uint64, stage Stage, pathOf func(arg int) (string, bool)) []Advice {
	if p.AnyPath {
		return nil
	}
	needs, ok := FileNeeds(call, args)
	if !ok {
		return []Advice{{Unknown: "its flags are in memory"}}
	}
	var out []Advice
	for _, n := range needs {
		a := Advice{Need: n.Access}
		if n.Create && !n.Missing {
			a.Need |= MayCreate
		}
		name, ok := pathOf(n.Arg)
		switch a.Path = name; {
		case !ok || name == "":
			a.Unknown = "the path is not known"
		case !strings.HasPrefix(name, "/"):
			a.Unknown = "the path is relative"
		case slices.Contains(strings.Split(name, "/"), ".."):
			a.Unknown = "the path has .. in it"
		default:
			name = path.Clean(name)
			have := p.AccessTo(name, stage)
			a.Granted = n.Access&^have == 0
			if n.Create {
				held := p.AccessTo(path.Dir(name), stage)&MayCreate != 0
				a.Granted = a.Granted && (held || n.Missing)
				a.Missing = a.Granted && !held
			}
		}
		out = append(out, a)
	}
	return out
}
