package rules

import (
	"cmp"
	"fmt"
)

// Reach says how far something of a program reaches.
type Reach uint8

const (
	// ReachDefault confines it to the session, which is the program and all
	// that it started, where the kernel can.
	ReachDefault Reach = iota
	// ReachSession confines it, and is an error on a kernel that cannot.
	ReachSession
	// ReachAny leaves it to the policy's rules and to the user ids.
	ReachAny
)

var reachWords = [...]string{ReachDefault: "", ReachSession: "session", ReachAny: "any"}

// String gives the reach as a policy file spells it; the default is spelt by
// leaving it out.
func (r Reach) String() string {
	if int(r) < len(reachWords) {
		return reachWords[r]
	}
	return fmt.Sprintf("reach %d", uint8(r))
}

// Scope is a Reach with its place in a policy.
type Scope struct {
	Reach  Reach
	Line   int    // of the policy's source; 0 for a built-in
	Source string // the file of Line where it is not the policy's own
}

// scopes are the keys of scope.
var scopes = [...]struct {
	name string
	of   func(*Policy) *Scope
}{
	{"signals", func(p *Policy) *Scope { return &p.Signals }},
	{"abstract-sockets", func(p *Policy) *Scope { return &p.AbstractSockets }},
}

func (d *document) scope(n *node) {
	known := make([]string, len(scopes))
	for i := range scopes {
		known[i] = scopes[i].name
	}
	fs := d.fields(n, "scope", known...)
	if n.kind == mappingNode && len(n.keys) == 0 {
		d.at(n, "scope is empty: leave it out")
	}
	for i := range scopes {
		value := fs.get(scopes[i].name)
		if value == nil {
			continue
		}
		text, ok := d.scalar(value, scopes[i].name)
		s := Scope{Line: value.line}
		switch {
		case text == "any":
			s.Reach = ReachAny
		case text == "session":
			s.Reach = ReachSession
		case ok:
			d.at(value, "%s: %q is not known: session or any", scopes[i].name, text)
		}
		*scopes[i].of(d.policy) = s
	}
}

func (p *Policy) checkScope(ps *problems) {
	for i := range scopes {
		if s := scopes[i].of(p); s.Reach > ReachAny {
			ps.line(s.Line, "%s: unknown %s", scopes[i].name, s.Reach)
		}
	}
}

// scopeText gives scope as a policy file spells it, or "".
func (p *Policy) scopeText() string {
	text := ""
	for i := range scopes {
		if s := scopes[i].of(p); s.Reach != ReachDefault {
			if text != "" {
				text += ", "
			}
			text += scopes[i].name + ": " + s.Reach.String()
		}
	}
	if text == "" {
		return ""
	}
	return "{" + text + "}"
}

// network writes connect, bind and scope.
func (w *writer) network(p *Policy) {
	if p.Connect.given() {
		w.entry(0, "connect", p.Connect.String())
	}
	if p.Bind.given() {
		w.entry(0, "bind", p.Bind.String())
	}
	if text := p.scopeText(); text != "" {
		w.entry(0, "scope", text)
	}
}

// explainNetwork says where connect, bind and scope are enforced.
func (p *Policy) explainNetwork() []Placement {
	var out []Placement
	add := func(line int, what, where, cost string) {
		out = append(out, Placement{Line: line, Setting: what, Where: where, Cost: cost})
	}
	for _, k := range [...]struct {
		name  string
		ports *Ports
	}{{"connect", &p.Connect}, {"bind", &p.Bind}} {
		switch {
		case k.ports.Any:
			add(k.ports.Line, k.name+": any", "Landlock, not handled", costFree)
		case k.ports.given():
			add(k.ports.Line, k.name+": "+k.ports.String(), "Landlock, TCP", "at each "+k.name)
		}
	}
	for i := range scopes {
		switch s := scopes[i].of(p); s.Reach {
		case ReachAny:
			add(s.Line, "scope: "+scopes[i].name+": any", "Landlock, not scoped", costFree)
		case ReachSession:
			add(s.Line, "scope: "+scopes[i].name+": session", "Landlock, scope", "at each use")
		case ReachDefault:
		}
	}
	return out
}

// mergeNetwork takes from base what p does not say.
func (p *Policy) mergeNetwork(base *Policy) {
	ports := func(own *Ports, theirs Ports) {
		if !own.given() && theirs.given() {
			theirs.Source = cmp.Or(theirs.Source, base.Source)
			*own = theirs
		}
	}
	ports(&p.Connect, base.Connect)
	ports(&p.Bind, base.Bind)
	for i := range scopes {
		own, theirs := scopes[i].of(p), *scopes[i].of(base)
		if own.Reach == ReachDefault && theirs.Reach != ReachDefault {
			theirs.Source = cmp.Or(theirs.Source, base.Source)
			*own = theirs
		}
	}
}

// Landlock's ABI by which a right can be refused (kernel:
// Documentation/userspace-api/landlock.rst, "Previous limitations").
const (
	abiFiles    = 1 // Linux 5.13
	abiTruncate = 3 // 6.2; ABI 2, 5.19, lets files move between directories
	abiTCP      = 4 // 6.7
	abiIoctl    = 5 // 6.10
	abiScope    = 6 // 6.12
)

// NeedError says which key of a policy needs more of Landlock than the kernel
// offers.
type NeedError struct {
	Where string // file:line
	Key   string // "write"
	Lack  string // what the kernel cannot do: "files elsewhere can be truncated"
	Need  int    // the ABI that can
	Have  int    // the kernel's; 0 for none
}

func (e *NeedError) Error() string {
	return e.Where + ": " + e.Unavailable() + "; --weaken=landlock runs without"
}

// Unavailable is the message for a session that runs without.
func (e *NeedError) Unavailable() string {
	if e.Have == 0 {
		return fmt.Sprintf("%s needs Landlock (ABI %d), which this kernel does not offer", e.Key, e.Need)
	}
	return fmt.Sprintf("%s needs Landlock ABI %d, have %d: %s", e.Key, e.Need, e.Have, e.Lack)
}

// LandlockNeeds lists what p's document asks for and a kernel of a Landlock
// ABI (0 for none) cannot enforce: one error for each key.
func (p *Policy) LandlockNeeds(abi int) []*NeedError {
	var out []*NeedError
	need := func(want, line int, source, key, lack string) {
		if abi < want {
			from := Policy{Source: cmp.Or(source, p.Source)}
			out = append(out, &NeedError{from.Where(line), key, lack, want, abi})
		}
	}
	for i := range pathKeys {
		k := &pathKeys[i]
		list := *k.list(p)
		switch {
		case len(list) == 0:
		case k.access&(MayWrite|MayCreate) == 0:
			need(abiFiles, list[0].Line, list[0].Source, k.name, "")
		case k.access&MayCreate != 0 && abi == 1:
			need(abiTruncate, list[0].Line, list[0].Source, k.name, "files elsewhere can be truncated, and none can move to another directory")
		default:
			need(abiTruncate, list[0].Line, list[0].Source, k.name, "files elsewhere can be truncated")
		}
	}
	if len(p.Connect.List) > 0 {
		need(abiTCP, p.Connect.Line, p.Connect.Source, "connect", "no port is refused")
	}
	if len(p.Bind.List) > 0 {
		need(abiTCP, p.Bind.Line, p.Bind.Source, "bind", "no port is refused")
	}
	for i := range scopes {
		if s := scopes[i].of(p); s.Reach == ReachSession {
			need(abiScope, s.Line, s.Source, "scope: "+scopes[i].name+": session", "they reach every process")
		}
	}
	return out
}

// LandlockLacks lists what Landlock refuses without being told to, and a
// kernel of an ABI from 1 on cannot refuse: what p itself leaves open, and
// what LandlockNeeds names, is not in it.
func (p *Policy) LandlockLacks(abi int) []string {
	var out []string
	lack := func(need int, what string) {
		out = append(out, fmt.Sprintf("%s (needs ABI %d, have %d)", what, need, abi))
	}
	if !p.AnyPath && abi < abiTruncate && len(p.Write)+len(p.Create) == 0 {
		lack(abiTruncate, "truncation of files is not refused")
	}
	if connect, bind := !p.Connect.given(), !p.Bind.given(); abi < abiTCP {
		switch {
		case connect && bind:
			lack(abiTCP, "TCP connect and bind are not refused")
		case connect:
			lack(abiTCP, "TCP connect is not refused")
		case bind:
			lack(abiTCP, "TCP bind is not refused")
		}
	}
	if !p.AnyPath && abi < abiIoctl {
		lack(abiIoctl, "ioctl on devices is not refused")
	}
	if signals, sockets := p.Signals.Reach == ReachDefault, p.AbstractSockets.Reach == ReachDefault; abi < abiScope {
		switch {
		case signals && sockets:
			lack(abiScope, "abstract sockets and signals are not confined")
		case sockets:
			lack(abiScope, "abstract sockets are not confined")
		case signals:
			lack(abiScope, "signals are not confined")
		}
	}
	return out
}
