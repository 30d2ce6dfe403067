package learn

import (
	"strconv"
	"strings"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

// network remembers TCP ports, and what reaches beyond the session.
func (l *Learner) network(p *process, e *trace.Event, c *rules.Case) {
	switch e.Name {
	case "connect", "bind":
		l.address(p, e, c)
	case "ioctl":
		// Landlock refuses what devices alone understand (LANDLOCK_ACCESS_FS_IOCTL_DEV)
		// on what was opened under it.
		if name := p.open[int(int32(c.Call.Args[0]))].path; inside(name, "/dev") && name != "" && e.Errno == "" {
			l.note("ioctl on %s: no path lets a device be sent its own requests", name)
		}
	case "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo":
		if pid := int(int32(c.Call.Args[0])); pid > 0 && e.Errno == "" && !l.everyone[pid] {
			l.signalsAny = true
		}
	}
}

// address looks at the address that a socket was connected or bound to, in
// strace's notation.
func (l *Learner) address(p *process, e *trace.Event, c *rules.Case) {
	text := ""
	for i := range e.Args {
		if strings.HasPrefix(e.Args[i].Text, "{sa_family=") {
			text = e.Args[i].Text
		}
	}
	family, rest, _ := strings.Cut(strings.TrimPrefix(text, "{sa_family="), ",")
	switch strings.TrimSuffix(family, "}") {
	case "AF_INET", "AF_INET6":
		if !p.open[int(int32(c.Call.Args[0]))].tcp {
			return
		}
		_, number, _ := strings.Cut(rest, "port=htons(")
		number, _, _ = strings.Cut(number, ")")
		port, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			l.note("%s: the trace does not show its port", e.Name)
			return
		}
		ports := l.connect
		if e.Name == "bind" {
			ports = l.bind
		}
		ports[uint16(port)]++
	case "AF_UNIX":
		_, name, _ := strings.Cut(rest, "sun_path=")
		name = strings.TrimSuffix(name, "}")
		switch abstract := strings.HasPrefix(name, "@"); {
		case abstract && e.Name == "bind":
			if len(l.sockets) < maxPaths {
				l.sockets[name] = true
			}
		case abstract && e.Errno == "" && !l.sockets[name]:
			l.abstractAny = true
		case !abstract && name != "" && e.Name == "bind" && e.Errno == "":
			l.note("bind to %s: no path lets sockets be made", name)
		}
	case "":
		if e.Errno == "" {
			l.note("%s: the trace does not show its address", e.Name)
		}
	}
}

// threadFlags are how C libraries make a thread.
const threadFlags = "CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID"

// clone3 remembers a call that is always answered ENOSYS, for its flags are in
// memory, and the clone that its caller then makes instead.
func (l *Learner) clone3(e *trace.Event) {
	l.answer(e, "ENOSYS")
	if e.Errno != "" {
		return // its caller made the other one
	}
	flags, ok := uint64(0), false
	for i := range e.Args {
		if text := e.Args[i].Text; strings.HasPrefix(text, "{") {
			if flags, ok = textFlags(text, "flags="); ok {
				sig, _ := textFlags(text, "exit_signal=")
				flags = flags&0xffffff00 | sig&0xff
			}
		}
	}
	if !ok {
		l.note("clone3: the trace does not show its flags; a thread is allowed")
		flags, _ = textFlags(threadFlags, "")
	}
	s := l.seen("clone")
	s.count++
	s.args[0].add(rules.Value{N: flags}, true)
	s.args[0].text("as clone3")
}

// textFlags reads a set of flags behind a key in a structure's text.
func textFlags(text, key string) (uint64, bool) {
	if key != "" {
		_, rest, ok := strings.Cut(text, key)
		if !ok {
			return 0, false
		}
		text = rest
	}
	text = text[:len(text)-len(strings.TrimLeftFunc(text, func(c rune) bool { return !strings.ContainsRune(",} ", c) }))]
	var v uint64
	for _, word := range strings.Split(text, "|") {
		n, err := strconv.ParseUint(word, 0, 64)
		if err != nil {
			var ok bool
			if n, ok = abi.ParseConstant(word); !ok {
				sig, known := abi.ParseSignal(word)
				if !known {
					return 0, false
				}
				n = uint64(sig)
			}
		}
		v |= n
	}
	return v, true
}
