package rules

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"warder/abi"
	"warder/internal/guess"
)

// ParseCases reads cases as people write them, a YAML list:
//
//   - call: openat
//     args: [AT_FDCWD, /etc/passwd, O_RDONLY]
//     stage: main
//     expect: kill
//
// Arguments are in the order of registers, or a mapping by the kernel's names;
// what is left out is 0. Values are those of conditions. Where the kernel
// expects an address, a number is the address, NULL and null are 0, and
// anything else is what some address points to: a path, for instance. Beside
// expect there may be files: granted or refused, which is about the path
// rules; and self, the process id behind self, 1000 unless given.
//
// The error joins one *[ParseError] for each problem.
func ParseCases(source string, data []byte, arch abi.Arch) ([]Case, error) {
	ps := problems{source: source}
	if len(data) > maxSource {
		ps.line(0, "%d bytes: a list of cases has at most %d", len(data), maxSource)
		return nil, ps.err()
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		ps.line(lineOfInvalid(data), "not UTF-8 text")
		return nil, ps.err()
	}
	root, perr := readYAML(data)
	if perr != nil {
		perr.Source = source
		ps.put(perr)
		return nil, ps.err()
	}
	d := cases{document{problems: ps, arch: arch}}
	var out []Case
	for _, item := range d.list1(root, "the list of cases") {
		if d.more {
			break
		}
		if c, ok := d.one(item); ok {
			out = append(out, c)
		}
	}
	return out, d.err()
}

type cases struct{ document }

func (d *cases) one(n *node) (Case, bool) {
	before := len(d.list)
	fs := d.fields(n, "the case", "call", "args", "stage", "self", "expect", "files")
	if n.kind != mappingNode {
		return Case{}, false
	}
	c := Case{Line: n.line, Self: anySelf, Call: Call{Arch: d.arch}, Known: [6]bool{true, true, true, true, true, true}}
	name := fs.get("call")
	if name == nil {
		d.at(n, "the case names no call")
		return c, false
	}
	var ok bool
	if c.Name, ok = d.scalar(name, "a call's name"); !ok {
		return c, false
	}
	if c.Call.Nr, ok = d.arch.Number(c.Name); !ok {
		if knownCall(c.Name) {
			d.at(name, "%s is no call of %s", c.Name, d.arch)
		} else {
			d.at(name, "unknown syscall %q%s", c.Name, guess.Hint(c.Name, d.arch.Names()))
		}
		return c, false
	}
	if stage := fs.get("stage"); stage != nil {
		c.Stage = d.stage(stage)
	}
	if self := fs.get("self"); self != nil {
		text, _ := d.scalar(self, "self")
		pid, err := strconv.ParseUint(text, 10, 32)
		if err != nil || pid < 1 || pid > pidLimit {
			d.at(self, "self: %q is no process id", text)
		}
		c.Self = uint32(pid)
	}
	if args := fs.get("args"); args != nil {
		d.args(&c, args)
	}
	d.expect(&c, fs)
	return c, len(d.list) == before
}

func (d *cases) expect(c *Case, fs fields) {
	var action, files string
	at := fs.get("expect")
	if at != nil {
		action, _ = d.scalar(at, "expect")
	}
	if n := fs.get("files"); n != nil {
		files, _ = d.scalar(n, "files")
		if at == nil {
			at = n
		}
	}
	e, err := ParseExpectation(action, files)
	if err != nil {
		d.at(at, "%v", err)
	}
	c.Expect = e
}

func (d *cases) args(c *Case, n *node) {
	sig, _ := d.arch.Lookup(c.Name)
	switch n.kind {
	case sequenceNode:
		if len(n.items) > len(sig.Args) {
			d.at(n, "%s has %d arguments, not %d", c.Name, len(sig.Args), len(n.items))
			return
		}
		for i, item := range n.items {
			d.arg(c, argumentAt(d.arch, c.Name, i), item)
		}
	case mappingNode:
		for _, f := range d.fields(n, "args") {
			a, ok := argumentOf(d.arch, c.Name, f.key.text)
			if !ok {
				d.at(f.key, "%s has no argument %q%s", c.Name, f.key.text, guess.Hint(f.key.text, argumentNames(d.arch, c.Name)))
				continue
			}
			d.arg(c, a, f.value)
		}
	case nullNode, scalarNode:
		d.at(n, "args is %s; it must be a list, or a mapping by names", nodeKinds[n.kind])
	}
}

// arg reads the value of one register.
func (d *cases) arg(c *Case, a argument, n *node) {
	if !pointer(a.Kind) {
		text, ok := d.scalar(n, a.Name)
		if !ok {
			return
		}
		v, err := a.parse(text)
		switch {
		case err != nil:
			d.at(n, "%v", err)
		case v.Self:
			c.Call.Args[a.index] = uint64(c.Self)
		default:
			c.Call.Args[a.index] = v.N
		}
		return
	}
	switch {
	case n.kind == nullNode || n.kind == scalarNode && slices.Contains([]string{"NULL", "null", "~"}, n.text):
		return
	case n.kind == scalarNode:
		if v, err := raw(a.index).parse(n.text); err == nil && n.text[0] >= '0' && n.text[0] <= '9' {
			c.Call.Args[a.index] = v.N
			return
		}
		if a.Kind == abi.Path {
			c.Paths[a.index] = n.text
		}
	case n.kind == sequenceNode, n.kind == mappingNode:
		if a.Kind == abi.Path {
			d.at(n, "%s is %s; it must be a path", a.Name, nodeKinds[n.kind])
		}
	}
	c.Call.Args[a.index] = somewhere(a.index)
}
