package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"warder/abi"
)

// oci reads an OCI runtime specification's seccomp object, with what Docker
// and Podman add to it (archMap, includes, excludes, comment, name, errno).
// Its meaning is that of runc and libseccomp, so that a profile means the
// same here as in the container that it was written for:
//
//   - names that this architecture does not have are skipped;
//   - an entry whose action is the default's is dropped;
//   - an entry without args decides its calls, wherever it stands, and the
//     first of two such entries wins; entries with args follow in order;
//   - args on different arguments must all hold; if two name the same
//     argument, each arg of the entry becomes a rule of its own;
//   - where the default refuses, calls above the highest one that the profile
//     names answer ENOSYS.
//
// What differs: a held program has no capabilities, foreign architectures are
// always refused, and comparisons are as wide as the kernel reads (see lower).
type oci struct {
	*document
	kernel [2]int
}

// Keys of a profile.
var (
	profileKeys = [...]string{
		"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap",
		"flags", "listenerPath", "listenerMetadata", "syscalls", "comment",
	}
	entryKeys  = [...]string{"names", "name", "action", "errnoRet", "errno", "args", "includes", "excludes", "comment"}
	filterKeys = [...]string{"caps", "arches", "minKernel"}
	archKeys   = [...]string{"architecture", "subArchitectures"}
)

// present is get for JSON, where null is as good as absent.
func present(fs fields, name string) *node {
	if n := fs.get(name); n != nil && n.kind != nullNode {
		return n
	}
	return nil
}

func (o *oci) note(n *node, format string, args ...any) {
	text := o.policy.Where(n.line) + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(o.policy.Notes, text) {
		o.policy.Notes = append(o.policy.Notes, text)
	}
}

func (o *oci) profile(n *node) {
	p := o.policy
	p.AnyPath = true
	fs := o.fields(n, "the profile", profileKeys[:]...)
	if action := fs.get("defaultAction"); action != nil {
		p.DefaultLine = action.line
		p.Default, _ = o.ociAction(action, present(fs, "defaultErrnoRet"), present(fs, "defaultErrno"))
	}
	o.checkArchitectures(fs)
	o.checkFlags(fs)
	syscalls := present(fs, "syscalls")
	if syscalls == nil {
		return
	}
	entries := make([]ociEntry, 0, len(syscalls.items))
	for _, item := range o.list(syscalls, "syscalls") {
		if e, ok := o.entry(item); ok {
			entries = append(entries, e)
		}
	}
	if !p.Default.Refuses() {
		// An author who lists what to refuse means the rest to run, newer
		// calls included.
		p.LastKnown = 0
	}
	o.rules(entries)
}

// list gives the elements of a list that may be empty or null.
func (o *oci) list(n *node, what string) []*node {
	if n == nil || n.kind == sequenceNode && len(n.items) == 0 {
		return nil
	}
	return o.list1(n, what)
}

// strings gives a list of strings that may be absent.
func (o *oci) strings(n *node, what string) []string {
	var out []string
	for _, item := range o.list(n, what) {
		if text, ok := o.scalar(item, what); ok {
			out = append(out, text)
		}
	}
	return out
}

// ociAction reads an action and its errno, by number or by name. Podman
// writes both and takes the name.
func (o *oci) ociAction(n, number, name *node) (Action, bool) {
	text, ok := o.scalar(n, "the action")
	if !ok {
		return Action{}, false
	}
	switch specs.LinuxSeccompAction(text) {
	case specs.ActAllow:
		return Action{Kind: Allow}, true
	case specs.ActLog:
		return Action{Kind: Log}, true
	case specs.ActKill, specs.ActKillThread, specs.ActKillProcess:
		// A session ends as a whole: one thread killed would leave the others
		// in a state that their program never meant.
		return Action{Kind: Kill}, true
	case specs.ActTrace:
		if number != nil || name != nil {
			o.note(n, "the message of SCMP_ACT_TRACE is ignored")
		}
		return Action{Kind: Trace}, true
	case specs.ActErrno:
		return o.ociErrno(number, name)
	case specs.ActTrap, specs.ActNotify:
		o.at(n, "%s cannot be honoured", text)
	default:
		o.at(n, "unknown action %q", text)
	}
	return Action{}, false
}

func (o *oci) ociErrno(number, name *node) (Action, bool) {
	from := name
	if name == nil || name.kind == scalarNode && name.text == "" {
		from = number
	}
	if from == nil {
		return Action{Kind: Errno, Errno: 1}, true // EPERM
	}
	text, ok := o.scalar(from, "the errno")
	if !ok {
		return Action{}, false
	}
	e, err := parseErrno(text)
	if err != nil {
		o.at(from, "%v", err)
		return Action{}, false
	}
	return Action{Kind: Errno, Errno: e}, true
}

// checkArchitectures refuses a profile that was written for other machines.
func (o *oci) checkArchitectures(fs fields) {
	list, archMap := present(fs, "architectures"), present(fs, "archMap")
	var at *node
	var named, foreign []string
	native := false
	add := func(text string) {
		if a, ok := abi.ParseArch(text); ok && a == o.arch {
			native = true
		} else {
			foreign = append(foreign, text)
		}
		named = append(named, text)
	}
	switch {
	case list != nil && len(list.items) > 0 && archMap != nil && len(archMap.items) > 0:
		o.at(archMap, "both architectures and archMap: give one of them")
		return
	case list != nil:
		at = list
		for _, text := range o.strings(list, "architectures") {
			add(text)
		}
	case archMap != nil:
		at = archMap
		for _, item := range o.list(archMap, "archMap") {
			sub := o.fields(item, "archMap", archKeys[:]...)
			main := present(sub, "architecture")
			if main == nil {
				o.at(item, "an entry of archMap names no architecture")
				continue
			}
			text, _ := o.scalar(main, "architecture")
			subs := o.strings(present(sub, "subArchitectures"), "subArchitectures")
			named = append(named, text)
			if a, ok := abi.ParseArch(text); ok && a == o.arch {
				native = true
				foreign = append(foreign, subs...)
			}
		}
	}
	if len(named) == 0 {
		return // libseccomp's default: the native one alone
	}
	if !native {
		o.at(at, "the profile is for %s, not for %s", strings.Join(named, ", "), o.arch)
		return
	}
	if len(foreign) > 0 {
		o.note(at, "calls of %s are refused all the same: foreign architectures always are", strings.Join(foreign, ", "))
	}
}

// flagTsync is in no table of specs-go; runc takes it.
const flagTsync = "SECCOMP_FILTER_FLAG_TSYNC"

func (o *oci) checkFlags(fs fields) {
	for _, item := range o.list(present(fs, "flags"), "flags") {
		text, ok := o.scalar(item, "a flag")
		if !ok {
			continue
		}
		switch specs.LinuxSeccompFlag(text) {
		case flagTsync, specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow:
			o.note(item, "%s is ignored", text)
		default:
			o.at(item, "flag %q cannot be honoured", text)
		}
	}
	for _, key := range [...]string{"listenerPath", "listenerMetadata"} {
		if n := present(fs, key); n != nil && (n.kind != scalarNode || n.text != "") {
			o.at(n, "%s cannot be honoured: no agent is asked", key)
		}
	}
}

// applies decides includes and excludes. Whatever settles it without the
// kernel's version does so first.
func (o *oci) applies(fs fields) bool {
	yes := true
	var versions []func() bool
	for _, key := range [...]string{"includes", "excludes"} {
		n := present(fs, key)
		if n == nil {
			continue
		}
		filter := o.fields(n, key, filterKeys[:]...)
		include := key == "includes"
		caps := o.strings(present(filter, "caps"), "caps")
		if include && len(caps) > 0 {
			yes = false // a held program has none
		}
		arches := o.strings(present(filter, "arches"), "arches")
		if len(arches) > 0 && slices.Contains(arches, dockerArch(o.arch)) != include {
			yes = false
		}
		if v := present(filter, "minKernel"); v != nil && (v.kind != scalarNode || v.text != "") {
			versions = append(versions, func() bool { return o.atLeast(v) == include })
		}
	}
	for _, holds := range versions {
		yes = yes && holds()
	}
	return yes
}

// dockerArch is the name that includes and excludes use: Docker's own.
func dockerArch(a abi.Arch) string {
	switch a {
	case abi.X86_64:
		return "amd64"
	case abi.AArch64:
		return "arm64"
	case abi.I386:
		return "x86"
	}
	return ""
}

// atLeast compares the kernel with a version such as "4.8".
func (o *oci) atLeast(n *node) bool {
	text, ok := o.scalar(n, "minKernel")
	if !ok {
		return false
	}
	major, minor, _ := strings.Cut(text, ".")
	a, errA := strconv.ParseUint(major, 10, 8)
	b, errB := strconv.ParseUint(minor, 10, 8)
	switch {
	case errA != nil || errB != nil || a+b == 0:
		o.at(n, "minKernel %q is no version such as 4.8", text)
	case o.kernel == [2]int{}:
		o.at(n, "minKernel %s: the running kernel's version is not known", text)
	default:
		return o.kernel[0] > int(a) || o.kernel[0] == int(a) && o.kernel[1] >= int(b)
	}
	return false
}
