package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// Ports says to which TCP ports a program may connect, or which it may bind.
// The zero value is none.
type Ports struct {
	Any    bool // every port
	List   []PortRange
	Line   int    // of the policy's source; 0 for a built-in
	Source string // the file of Line where it is not the policy's own
}

// PortRange is the TCP ports from First to Last, both included. Binding port 0
// asks the kernel for a free port (ip_local_port_range of ip(7)).
type PortRange struct{ First, Last uint16 }

// String gives the range as policies spell it.
func (r PortRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// maxPorts bounds the ports of one key: each is a rule in the kernel, made at
// every launch. More than these are better said by any.
const maxPorts = 1024

func (p *Ports) given() bool { return p.Any || len(p.List) > 0 }

// String gives the ports as policies spell them.
func (p *Ports) String() string {
	if p.Any {
		return "any"
	}
	texts := make([]string, len(p.List))
	for i, r := range p.List {
		texts[i] = r.String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// overlap finds a port that r shares with the list's first n ranges.
func (p *Ports) overlap(r PortRange, n int) (port uint16, ok bool) {
	for _, o := range p.List[:n] {
		if r.First <= o.Last && o.First <= r.Last {
			return max(r.First, o.First), true
		}
	}
	return 0, false
}

func (p *Ports) count() int {
	n := 0
	for _, r := range p.List {
		n += int(r.Last) - int(r.First) + 1
	}
	return n
}

// ports reads connect or bind.
func (d *document) ports(f field) Ports {
	what := f.key.text
	p := Ports{Line: f.key.line}
	if f.value.kind == scalarNode {
		if p.Any = f.value.text == "any"; !p.Any {
			d.at(f.value, "%s: %q is not known: give a list of ports, or any", what, f.value.text)
		}
		return p
	}
	for _, item := range d.list1(f.value, what) {
		text, ok := d.scalar(item, "a port of "+what)
		if !ok {
			continue
		}
		r, ok := parsePorts(text)
		if !ok {
			d.at(item, "%s: unknown port %q: a number from 0 to 65535, or a range such as 8000-8080", what, text)
			continue
		}
		if port, twice := p.overlap(r, len(p.List)); twice {
			d.at(item, "%s: port %d is listed twice", what, port)
			continue
		}
		p.List = append(p.List, r)
		if n := p.count(); n > maxPorts {
			d.at(item, "%s", tooManyPorts(what))
			p.List = p.List[:len(p.List)-1]
			break
		}
	}
	return p
}

func tooManyPorts(what string) string {
	return fmt.Sprintf("%s: more than %d ports: any stands for all", what, maxPorts)
}

// parsePorts reads a port or a range. Numbers are decimal in their one
// spelling: 0080 is eighty to some and no number to others.
func parsePorts(text string) (PortRange, bool) {
	number := func(s string) (uint16, bool) {
		n, err := strconv.ParseUint(s, 10, 16)
		return uint16(n), err == nil && strconv.FormatUint(n, 10) == s
	}
	first, last, isRange := strings.Cut(text, "-")
	a, ok := number(first)
	if !isRange {
		return PortRange{a, a}, ok
	}
	b, okLast := number(last)
	return PortRange{a, b}, ok && okLast && a <= b
}

// checkPorts checks connect and bind.
func (p *Policy) checkPorts(ps *problems) {
	check := func(what string, ports *Ports) {
		if ports.Any && len(ports.List) > 0 {
			ps.line(ports.Line, "%s: any, and yet ports are listed", what)
		}
		for i, r := range ports.List {
			if r.First > r.Last {
				ps.line(ports.Line, "%s: no port is in %s", what, r)
			} else if port, twice := ports.overlap(r, i); twice {
				ps.line(ports.Line, "%s: port %d is listed twice", what, port)
			}
			if i >= maxPorts {
				break
			}
		}
		if ports.count() > maxPorts {
			ps.line(ports.Line, "%s", tooManyPorts(what))
		}
	}
	check("connect", &p.Connect)
	check("bind", &p.Bind)
}
