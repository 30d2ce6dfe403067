package rules

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"warder/abi"
	"warder/internal/guess"
)

// maxSource bounds a policy document, in bytes.
const maxSource = 1 << 20

// ParseOptions are what a document may depend on beside its own text.
type ParseOptions struct {
	// Kernel is the running kernel's major and minor number, for an OCI
	// profile's minKernel. Zero is unknown: an entry that asks is an error.
	Kernel [2]int
	// Arch is the architecture whose calls are decided; 0 is [abi.Native].
	Arch abi.Arch
}

// Parse reads a policy document: warder's own YAML, or an OCI or Docker
// seccomp profile, recognised by its key defaultAction. JSON is read either
// way. The policy has passed [Policy.Check].
//
// The error joins one *[ParseError] for each problem, in the order of lines;
// source is the file's name in them.
func Parse(source string, data []byte, opt ParseOptions) (*Policy, error) {
	ps := problems{source: source}
	if opt.Arch == 0 {
		opt.Arch = abi.Native()
	}
	if len(data) > maxSource {
		ps.line(0, "%d bytes: a policy has at most %d", len(data), maxSource)
		return nil, ps.err()
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		ps.line(lineOfInvalid(data), "not UTF-8 text")
		return nil, ps.err()
	}
	root, perr := read(data)
	if perr != nil {
		perr.Source = source
		ps.put(perr)
		return nil, ps.err()
	}
	d := document{problems: ps, arch: opt.Arch, policy: &Policy{Source: source}}
	if root.kind == mappingNode && slices.ContainsFunc(root.keys, func(k *node) bool { return k.text == "defaultAction" }) {
		o := oci{document: &d, kernel: opt.Kernel}
		o.profile(root)
	} else {
		d.root(root)
	}
	d.policy.check(&d.problems)
	if err := d.err(); err != nil {
		return nil, err
	}
	return d.policy, nil
}

// read picks the syntax. A document that begins like JSON and is none may be
// YAML in its flow style, unless it is plainly a broken profile.
func read(data []byte) (*node, *ParseError) {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return readYAML(data)
	}
	root, err := readJSON(data)
	if err != nil && !bytes.Contains(data, []byte(`"defaultAction"`)) {
		return readYAML(data)
	}
	return root, err
}

func lineOfInvalid(data []byte) int {
	line := 1
	for len(data) > 0 {
		c, size := utf8.DecodeRune(data)
		if c == utf8.RuneError && size == 1 {
			break
		}
		if c == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}

// document reads warder's own schema.
type document struct {
	problems
	arch   abi.Arch
	policy *Policy
}

func (d *document) root(n *node) {
	p := d.policy
	fs := d.fields(n, "the policy", "name", "base", "default", "newest", "read", "exec", "write", "create", "paths",
		"connect", "bind", "scope", "time", "tsc", "syscalls")
	if n.kind == mappingNode && fs.get("default") == nil && fs.get("base") == nil {
		d.at(n, "the policy does not say its default action: default: kill")
	}
	var base *Policy
	for _, f := range fs {
		switch f.key.text {
		case "name":
			p.Name, _ = d.words(f.value, "name")
		case "base":
			base = d.base(f.value)
		case "default":
			p.DefaultLine = f.key.line
			p.Default, _ = d.action(f.value, "default")
		case "newest":
			p.LastKnown = d.newest(f.value)
		case "read", "exec", "write", "create":
			for i := range pathKeys {
				if pathKeys[i].name == f.key.text {
					*pathKeys[i].list(p) = d.grants(f.value, f.key.text)
				}
			}
		case "paths":
			d.paths(f, fs)
		case "connect":
			p.Connect = d.ports(f)
		case "bind":
			p.Bind = d.ports(f)
		case "scope":
			d.scope(f.value)
		case "time", "tsc":
			d.time(f)
		case "syscalls":
			for _, item := range d.list1(f.value, "syscalls") {
				if d.more {
					break // nobody reads the rest
				}
				d.rule(item)
			}
		}
	}
	if base != nil {
		p.merge(base, fs.get("default") != nil)
	}
	p.keepTSC()
}

// base reads the name of the built-in policy that this one stands on.
func (d *document) base(n *node) *Policy {
	name, ok := d.scalar(n, "base")
	if !ok {
		return nil
	}
	text, err := ProfileText(name)
	if err != nil {
		d.at(n, "base: %v%s", err, guess.Hint(name, ProfileNames()))
		return nil
	}
	// Built-in policies stand on each other without a circle, and are valid:
	// a test parses them all.
	p, err := Parse(name+".yaml", text, ParseOptions{Arch: d.arch})
	if err != nil {
		d.at(n, "base: %v", err)
		return nil
	}
	return p
}

// newest reads the highest call that the author knew, by name or number.
func (d *document) newest(n *node) uint32 {
	text, ok := d.scalar(n, "newest")
	if !ok {
		return 0
	}
	if nr, ok := d.arch.Number(text); ok {
		return nr
	}
	nr, err := strconv.ParseUint(text, 10, 32)
	if err != nil || nr == 0 || nr >= abi.X32Bit {
		d.at(n, "newest: %q is no call of %s, and no number above 0%s", text, d.arch, guess.Hint(text, d.arch.Names()))
		return 0
	}
	return uint32(nr)
}

// words reads text that people read: one printable line, since reports and
// terminals repeat it.
func (d *document) words(n *node, what string) (string, bool) {
	text, ok := d.scalar(n, what)
	if ok && !printable(text) {
		d.at(n, "%s must be one line of printable text", what)
		return "", false
	}
	return text, ok
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

func (d *document) action(n *node, what string) (Action, bool) {
	text, ok := d.scalar(n, what)
	if !ok {
		return Action{}, false
	}
	a, err := parseAction(text)
	if err != nil {
		d.at(n, "%v", err)
		return Action{}, false
	}
	return a, true
}

func (d *document) rule(n *node) {
	before := len(d.list)
	fs := d.fields(n, "the rule", "call", "calls", "action", "when", "stage", "probe", "why")
	if n.kind != mappingNode {
		return
	}
	r := Rule{Line: n.line, Calls: d.calls(n, fs)}
	if action := fs.get("action"); action != nil {
		r.Action, _ = d.action(action, "action")
	} else {
		d.at(n, "the rule has no action")
	}
	if stage := fs.get("stage"); stage != nil {
		r.Stage = d.stage(stage)
	}
	if probe := fs.get("probe"); probe != nil {
		r.Probe = d.probes(probe)
	}
	if why := fs.get("why"); why != nil {
		r.Why, _ = d.words(why, "why")
	}
	when := fs.get("when")
	if when == nil {
		if len(d.list) == before {
			d.policy.Rules = append(d.policy.Rules, r)
		}
		return
	}
	// One rule for each group of calls whose conditions come out alike: the
	// same name may be another register, or another width, in the next call.
	first := len(d.policy.Rules)
	good := len(r.Calls) > 0
	expanded := make([]Rule, 0, 1)
	for _, call := range r.Calls {
		conds, ok := d.when(when, call)
		good = good && ok
		expanded = addAlike(expanded, 0, r, call, conds)
	}
	if good && len(d.list) == before {
		d.policy.Rules = append(d.policy.Rules[:first], expanded...)
	}
}

// addAlike adds call to the rule, from index from on, whose conditions are
// conds, or appends a rule like r for it.
func addAlike(list []Rule, from int, r Rule, call string, conds []Cond) []Rule {
	for i := from; i < len(list); i++ {
		if reflect.DeepEqual(list[i].When, conds) {
			list[i].Calls = append(list[i].Calls, call)
			return list
		}
	}
	r.Calls, r.When = []string{call}, conds
	return append(list, r)
}

// calls reads call or calls.
func (d *document) calls(n *node, fs fields) []string {
	one, several := fs.get("call"), fs.get("calls")
	var items []*node
	switch {
	case one != nil && several != nil:
		d.at(n, "the rule has both call and calls: give one of them")
		return nil
	case one != nil:
		items = []*node{one}
	case several != nil:
		items = d.list1(several, "calls")
	default:
		d.at(n, "the rule names no call: give call or calls")
		return nil
	}
	var names []string
	for _, item := range items {
		name, ok := d.scalar(item, "a call's name")
		switch {
		case !ok || d.more:
		case !knownCall(name):
			d.at(item, "unknown syscall %q%s", name, guess.Hint(name, allCalls()))
		case slices.Contains(names, name):
			d.at(item, "%s is named twice", name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// architectures are all that a policy may name calls of: one text serves
// several machines.
var architectures = [...]abi.Arch{abi.X86_64, abi.AArch64, abi.I386}

func knownCall(name string) bool {
	for _, a := range architectures {
		if _, ok := a.Number(name); ok {
			return true
		}
	}
	return false
}

func allCalls() []string {
	var names []string
	for _, a := range architectures {
		names = append(names, a.Names()...)
	}
	return names
}

func (d *document) stage(n *node) Stage {
	text, ok := d.scalar(n, "stage")
	switch {
	case text == "loader":
		return Loader
	case text == "main":
		return Main
	case ok:
		d.at(n, "unknown stage %q: loader or main; without stage a rule holds in both", text)
	}
	return AnyStage
}

func (d *document) probes(n *node) []string {
	var probes []string
	for _, item := range d.list1(n, "probe") {
		text, ok := d.scalar(item, "a path of probe")
		if !ok {
			continue
		}
		if msg := badProbe(text); msg != "" {
			d.at(item, "%s", msg)
			continue
		}
		probes = append(probes, text)
	}
	return probes
}

// badProbe is badPath for a path that may end in a slash, meaning a tree.
func badProbe(name string) string {
	if len(name) > 1 {
		name = strings.TrimSuffix(name, "/")
	}
	return badPath(name)
}
