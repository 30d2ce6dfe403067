package rules

import "slices"

// tcpHole is a way to a TCP port that a policy's rules let a program go and
// Landlock does not see.
type tcpHole struct {
	line   int
	what   string
	key    string // the key that it goes past
	ports  *Ports // that key's
	remedy string
}

// Flags and protocols of calls on sockets (linux/socket.h, linux/in.h); the
// same on every architecture.
const (
	afInet       = 2
	afInet6      = 10
	afSMC        = 43
	sockStream   = 1
	sockNonblock = 0o4000
	sockCloexec  = 0o2000000
	protoTCP     = 6
	protoSMC     = 256
	protoMPTCP   = 262
	msgFastOpen  = 0x20000000
)

// tcpHoles lists them. Landlock judges bind and connect of sockets whose
// protocol is TCP itself (security/landlock/net.c): a multipath socket speaks
// it and is none. A send with MSG_FASTOPEN connects, and no security module is
// asked (tcp_sendmsg_fastopen, net/ipv4/tcp.c). Seen on Linux 6.18, but for
// SMC, which that machine lacks.
func (p *Policy) tcpHoles() []tcpHole {
	line, multipath := p.mayMakeSocket([]uint64{protoSMC, protoMPTCP})
	_, tcp := p.mayMakeSocket([]uint64{0, protoTCP})
	var out []tcpHole
	if multipath {
		const what = "socket of MPTCP and SMC, which reach TCP ports unseen by Landlock"
		const remedy = "allow it when: {family: {in: [AF_INET, AF_INET6]}, protocol: {in: [0, IPPROTO_TCP]}}"
		if !p.Connect.Any {
			out = append(out, tcpHole{line, what, "connect", &p.Connect, remedy})
		}
		if !p.Bind.Any {
			out = append(out, tcpHole{line, what, "bind", &p.Bind, remedy})
		}
	}
	if !tcp || p.Connect.Any {
		return out
	}
	for _, s := range [...]suspect{{call: "sendto", arg: 3}, {call: "sendmsg", arg: 2}, {call: "sendmmsg", arg: 3}} {
		if line, ok := p.mayRun(s.call, s.arg, msgFastOpen, false); ok {
			out = append(out, tcpHole{
				line, s.call + " with MSG_FASTOPEN, which connects unseen by Landlock", "connect", &p.Connect,
				"allow it when: {flags: {mask: MSG_FASTOPEN, eq: 0}}",
			})
		}
	}
	return out
}

// checkTCP refuses ports that are listed and hold for nothing.
func (p *Policy) checkTCP(ps *problems) {
	for _, h := range p.tcpHoles() {
		if len(h.ports.List) > 0 {
			ps.line(h.line, "allows %s, so that %s (line %d) holds for nothing: %s", h.what, h.key, h.ports.Line, h.remedy)
		}
	}
}

// mayMakeSocket reports whether a stream socket that speaks one of the
// protocols may be made, and by which line.
func (p *Policy) mayMakeSocket(protocols []uint64) (line int, ok bool) {
	for _, kind := range [...]uint64{sockStream, sockStream | sockCloexec, sockStream | sockNonblock, sockStream | sockCloexec | sockNonblock} {
		for _, protocol := range protocols {
			for _, family := range [...]uint64{afInet, afInet6} {
				if line, ok := p.mayRunWith("socket", family, kind, protocol); ok {
					return line, true
				}
			}
			if protocol != protoSMC {
				continue
			}
			for version := range uint64(2) { // a family of its own, for IPv4 and IPv6
				if line, ok := p.mayRunWith("socket", afSMC, kind, version); ok {
					return line, true
				}
			}
		}
	}
	return 0, false
}

// mayRunWith reports whether a call whose first arguments are known may run,
// whatever the others are, and by which line. A rule that looks at others may
// run the call and is not trusted to refuse it.
func (p *Policy) mayRunWith(call string, args ...uint64) (line int, ok bool) {
	open := inAny
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Stage.set()&open == 0 || !slices.Contains(r.Calls, call) {
			continue
		}
		never, sure := false, len(r.Probe) == 0
		for j := range r.When {
			c := &r.When[j]
			if c.Index >= len(args) {
				sure = false
			} else if !c.holds(args[c.Index], 0) {
				never = true
			}
		}
		switch {
		case never:
		case !r.Action.Refuses() && r.Action.Kind != Rewrite:
			return r.Line, true
		case sure:
			if open &^= r.Stage.set(); open == 0 {
				return 0, false
			}
		}
	}
	return p.DefaultLine, !p.Default.Refuses()
}
