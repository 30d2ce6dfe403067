package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warder/abi"
	"warder/rules"
)

// filesAndPorts has every key that Landlock enforces.
const filesAndPorts = `default: kill
read: [/lib?, {path: /usr/lib, stage: loader}]
exec: [/bin/sh]
write:
  - /srv/table
  - path: /srv/log?
create: [{path: "/srv/a b?", stage: loader}]
connect: [443, 8000-8080, 0]
bind: any
scope: {abstract-sockets: session, signals: any}
`

func TestLandlockKeys(t *testing.T) {
	want := &rules.Policy{
		Source: "p.yaml", DefaultLine: 1,
		Read:            []rules.Path{{Name: "/lib", Optional: true, Line: 2}, {Name: "/usr/lib", Stage: rules.Loader, Line: 2}},
		Exec:            []rules.Path{{Name: "/bin/sh", Line: 3}},
		Write:           []rules.Path{{Name: "/srv/table", Line: 5}, {Name: "/srv/log", Optional: true, Line: 6}},
		Create:          []rules.Path{{Name: "/srv/a b", Optional: true, Stage: rules.Loader, Line: 7}},
		Connect:         rules.Ports{List: []rules.PortRange{{First: 443, Last: 443}, {First: 8000, Last: 8080}, {}}, Line: 8},
		Bind:            rules.Ports{Any: true, Line: 9},
		Signals:         rules.Scope{Reach: rules.ReachAny, Line: 10},
		AbstractSockets: rules.Scope{Reach: rules.ReachSession, Line: 10},
	}
	p := parseX86(t, filesAndPorts)
	if diff := cmp.Diff(want, p, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	sameAgain(t, p)
	const text = `default: kill
read:
  - /lib?
  - {path: /usr/lib, stage: loader}
exec:
  - /bin/sh
write:
  - /srv/table
  - /srv/log?
create:
  - {path: /srv/a b?, stage: loader}
connect: [443, 8000-8080, 0]
bind: any
scope: {signals: any, abstract-sockets: session}
`
	if diff := cmp.Diff(text, rules.Format(p)); diff != "" {
		t.Error(diff)
	}
	inJSON := parseX86(t, `{"default": "kill", "read": ["/lib?", {"path": "/usr/lib", "stage": "loader"}], "exec": ["/bin/sh"],
"write": ["/srv/table", {"path": "/srv/log?"}], "create": [{"path": "/srv/a b?", "stage": "loader"}],
"connect": [443, "8000-8080", 0], "bind": "any", "scope": {"abstract-sockets": "session", "signals": "any"}}`)
	if diff := cmp.Diff(p, inJSON, ignoreLines, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestLandlockErrors(t *testing.T) {
	const unknown = "a number from 0 to 65535, or a range such as 8000-8080"
	for _, tt := range []struct{ name, text, want string }{
		{"relative", "write: [srv]", `p.yaml:2:9: path "srv" is not absolute`},
		{"relative in map", "create: [{path: srv, stage: loader}]", `p.yaml:2:17: path "srv" is not absolute`},
		{"no path", "create: [{stage: loader}]", "p.yaml:2:10: an entry of create names no path: {path: /usr/lib, stage: loader}"},
		{"path key", "read: [{path: /a, stge: loader}]", `p.yaml:2:19: unknown key "stge" in the path (did you mean "stage"?)`},
		{"stage", "read: [{path: /a, stage: start}]", `p.yaml:2:26: unknown stage "start": loader or main; without stage a rule holds in both`},
		{"stage main", "read: [{path: /a, stage: main}]", "p.yaml:2:26: a path cannot be for stage main alone: what is granted later must be granted from the start"},
		{"empty", "write: []", "p.yaml:2:8: write is an empty list"},
		{"unrestricted and write", "paths: unrestricted\nwrite: [/a]", "p.yaml:2:1: paths: unrestricted contradicts write: give one of them"},
		{"unrestricted and create", "create: [/a]\npaths: unrestricted", "p.yaml:3:1: paths: unrestricted contradicts create: give one of them"},
		{"port name", "connect: [https]", `p.yaml:2:11: connect: unknown port "https": ` + unknown},
		{"port size", "connect: [65536]", `p.yaml:2:11: connect: unknown port "65536": ` + unknown},
		{"port sign", "bind: [-1]", `p.yaml:2:8: bind: unknown port "-1": ` + unknown},
		{"port base", "bind: [0x50]", `p.yaml:2:8: bind: unknown port "0x50": ` + unknown},
		{"port zeros", "bind: [0080]", `p.yaml:2:8: bind: unknown port "0080": ` + unknown},
		{"backwards", "bind: [9-8]", `p.yaml:2:8: bind: unknown port "9-8": ` + unknown},
		{"open range", "bind: [8-]", `p.yaml:2:8: bind: unknown port "8-": ` + unknown},
		{"twice", "connect: [80, 443, 80]", "p.yaml:2:20: connect: port 80 is listed twice"},
		{"twice in range", "connect: [80-90, 85-95]", "p.yaml:2:18: connect: port 85 is listed twice"},
		{"too many", "connect: [1, 1000-6000]", "p.yaml:2:14: connect: more than 1024 ports: any stands for all"},
		{"one port", "connect: 80", `p.yaml:2:10: connect: "80" is not known: give a list of ports, or any`},
		{"no ports", "connect: []", "p.yaml:2:10: connect is an empty list"},
		{"ports in map", "bind: {any: 1}", "p.yaml:2:7: bind is a mapping; it must be a list"},
		{"scope word", "scope: any", "p.yaml:2:8: scope is a single value; it must be a mapping"},
		{"scope key", "scope: {signal: any}", `p.yaml:2:9: unknown key "signal" in scope (did you mean "signals"?)`},
		{"scope value", "scope: {signals: all}", `p.yaml:2:18: signals: "all" is not known: session or any`},
		{"scope empty", "scope: {}", "p.yaml:2:8: scope is empty: leave it out"},
		{
			"fast open", "connect: [443]\nsyscalls:\n  - call: socket\n    when: {family: AF_INET, protocol: 0}\n    action: allow\n  - calls: [connect, sendto]\n    action: allow",
			"p.yaml:7: allows sendto with MSG_FASTOPEN, which connects unseen by Landlock, so that connect (line 2) holds for nothing: allow it when: {flags: {mask: MSG_FASTOPEN, eq: 0}}",
		},
		{
			"multipath", "bind: [443]\nsyscalls:\n  - {call: socket, when: {family: {ne: AF_UNIX}}, action: log}",
			"p.yaml:4: allows socket of MPTCP and SMC, which reach TCP ports unseen by Landlock, so that bind (line 2) holds for nothing: " +
				"allow it when: {family: {in: [AF_INET, AF_INET6]}, protocol: {in: [0, IPPROTO_TCP]}}",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rules.Parse("p.yaml", []byte("default: kill\n"+tt.text+"\n"), rules.ParseOptions{Arch: abi.X86_64})
			if err == nil || err.Error() != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

// TestLandlockTCP: policies whose rules leave Landlock's ports no hole.
func TestLandlockTCP(t *testing.T) {
	for name, text := range map[string]string{
		"advised": `connect: [443]
syscalls:
  - call: socket
    when: {family: {in: [AF_INET, AF_INET6]}, protocol: {in: [0, IPPROTO_TCP]}}
    action: allow
  - calls: [sendto, sendmsg, sendmmsg]
    when: {flags: {mask: MSG_FASTOPEN, eq: 0}}
    action: allow
`,
		"refused before": `connect: [443]
bind: [0]
syscalls:
  - {call: socket, when: {protocol: {ge: 256}}, action: errno(EPROTONOSUPPORT)}
  - {call: socket, when: {family: AF_SMC}, action: errno(EAFNOSUPPORT)}
  - {call: sendto, when: {flags: {mask: MSG_FASTOPEN, eq: MSG_FASTOPEN}}, action: errno(EPERM)}
  - {calls: [socket, sendto, connect, bind], action: allow}
`,
		"not for streams": `connect: [443]
syscalls:
  - {call: socket, when: {type: {in: [SOCK_DGRAM, SOCK_DGRAM|SOCK_CLOEXEC]}}, action: allow}
  - {calls: [sendto, connect], action: allow}
`,
		"local": "connect: [443]\nsyscalls:\n  - {call: socket, when: {family: AF_UNIX}, action: allow}\n  - {call: sendmsg, action: allow}\n",
		"any":   "connect: any\nbind: any\nsyscalls:\n  - {calls: [socket, sendto], action: allow}\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range parseX86(t, "default: kill\n"+text).Warnings() {
				if strings.Contains(w, "Landlock") {
					t.Error(w)
				}
			}
		})
	}
}

func TestLandlockWarnings(t *testing.T) {
	const readOnly = "syscalls:\n  - {calls: [open, openat], when: {flags: {mask: O_ACCMODE, eq: 0}}, action: allow}\n"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"write in vain", "write: [/a]\n" + readOnly, []string{"p.yaml:2: write grants files, but no rule lets one be opened for writing"}},
		{"write", "write: [/a]\nsyscalls:\n  - {call: openat, stage: main, when: {flags: O_RDWR|O_CLOEXEC}, action: allow}\n", nil},
		{"truncate", "write: [/a]\nsyscalls:\n  - {call: truncate, action: allow}\n", nil},
		{
			"create in vain", "create: [/a]\n" + readOnly,
			[]string{"p.yaml:2: create grants files, but no rule lets one be opened for writing, made, removed, renamed or linked"},
		},
		{"create", "create: [/a]\nsyscalls:\n  - {call: unlinkat, action: allow}\n", nil},
		{"in vain as a base goes", "base: compute\nwrite: [/a]\n", []string{"p.yaml:3: write grants files, but no rule lets one be opened for writing"}},
		{
			"written and executed", "exec: [/a/b]\ncreate: [/c, /a]\nsyscalls:\n  - {call: mkdir, action: allow}\n",
			[]string{"p.yaml:3: what is written below /a may be executed: exec lists /a/b"},
		},
		{
			"ports in vain", "connect: any\nbind: [80]\nsyscalls:\n  - {calls: [connect, bind], action: allow}\n",
			[]string{
				"p.yaml:2: connect opens ports, but no rule lets a socket be made and connected",
				"p.yaml:3: bind opens ports, but no rule lets a socket be made and bound",
			},
		},
		{
			"holes", "syscalls:\n  - {call: socket, action: allow}\n  - {calls: [sendto, sendmmsg], action: allow}\n",
			[]string{
				"p.yaml:3: allows socket of MPTCP and SMC, which reach TCP ports unseen by Landlock",
				"p.yaml:4: allows sendto with MSG_FASTOPEN, which connects unseen by Landlock",
				"p.yaml:4: allows sendmmsg with MSG_FASTOPEN, which connects unseen by Landlock",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseX86(t, "default: kill\n"+tt.text).Warnings()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLandlockBuilt(t *testing.T) {
	for _, tt := range []struct {
		p    *rules.Policy
		want string
	}{
		{&rules.Policy{AnyPath: true, Write: []rules.Path{{Name: "/a"}}}, "paths are unrestricted, and yet write lists some"},
		{&rules.Policy{Create: []rules.Path{{Name: "a"}}}, `path "a" is not absolute`},
		{&rules.Policy{Create: []rules.Path{{Name: "/a", Stage: 9}}}, `path "/a": unknown stage 9`},
		{&rules.Policy{Read: []rules.Path{{Name: "/a", Stage: rules.Main}}}, "a path cannot be for stage main alone: what is granted later must be granted from the start"},
		{&rules.Policy{Bind: rules.Ports{Any: true, List: []rules.PortRange{{}}}}, "bind: any, and yet ports are listed"},
		{&rules.Policy{Bind: rules.Ports{List: []rules.PortRange{{First: 9, Last: 8}}}}, "bind: no port is in 9-8"},
		{&rules.Policy{Bind: rules.Ports{List: []rules.PortRange{{Last: 9}, {First: 4, Last: 4}}}}, "bind: port 4 is listed twice"},
		{&rules.Policy{Connect: rules.Ports{List: []rules.PortRange{{Last: 65535}}}}, "connect: more than 1024 ports: any stands for all"},
		{&rules.Policy{Signals: rules.Scope{Reach: 7}}, "signals: unknown reach 7"},
		// A broken condition is told once, and nothing rests on it.
		{
			&rules.Policy{
				Connect: rules.Ports{List: []rules.PortRange{{}}},
				Rules:   []rules.Rule{{Calls: []string{"socket"}, When: []rules.Cond{{Bits: 32}}, Action: rules.Action{Kind: rules.Allow}}},
			},
			"condition on : eq with 0 values",
		},
	} {
		got := ""
		if err := tt.p.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestGrants(t *testing.T) {
	p := parseX86(t, filesAndPorts)
	list := func(stage rules.Stage) string {
		var out []string
		for _, g := range p.Grants(stage) {
			out = append(out, fmt.Sprintf("%s %d", g.Path, g.Access))
		}
		return strings.Join(out, ", ")
	}
	const r, x, w, c = rules.MayRead, rules.MayExecute, rules.MayWrite, rules.MayCreate
	always := []any{r, r | x, w, w}
	all := fmt.Sprintf("/lib? %d, /usr/lib %d, /bin/sh %d, /srv/table %d, /srv/log? %d, /srv/a b? %d", r, r, r|x, w, w, r|w|c)
	for stage, want := range map[rules.Stage]string{
		rules.AnyStage: all, rules.Loader: all,
		rules.Main: fmt.Sprintf("/lib? %d, /bin/sh %d, /srv/table %d, /srv/log? %d", always...),
	} {
		if got := list(stage); got != want {
			t.Errorf("%s: %s, want %s", stage, got, want)
		}
	}
	if !p.StagedPaths() || parseX86(t, "default: kill\nread: [/a]\n").StagedPaths() {
		t.Error("StagedPaths is wrong")
	}
}

// TestGrantsOfBase: a path for the loader alone does not take away what the
// base grants throughout.
func TestGrantsOfBase(t *testing.T) {
	p := parseX86(t, "base: compute\nread: [{path: /lib, stage: loader}]\nexec: [/lib64/ld-linux-x86-64.so.2]\nconnect: [1]\n")
	lib, loader := 0, 0
	for _, g := range p.Grants(rules.Main) {
		switch g.Name {
		case "/lib":
			lib++
		case "/lib64/ld-linux-x86-64.so.2":
			loader++
		}
	}
	if lib != 1 || loader != 1 || p.Connect.Source != "" {
		t.Errorf("/lib %d times, the loader %d times, ports of %q", lib, loader, p.Connect.Source)
	}
}

// TestLandlockABI goes through the versions of Landlock.
func TestLandlockABI(t *testing.T) {
	full := "default: kill\nread: [/a]\nexec: [/b]\nwrite: [/c]\ncreate: [/d]\nconnect: [1]\nbind: [2]\nscope: {signals: session, abstract-sockets: session}\n"
	plain := "default: kill\nread: [/a]\n"
	open := "default: kill\npaths: unrestricted\nconnect: any\nbind: any\nscope: {signals: any, abstract-sockets: any}\n"
	const truncated, weaken = "files elsewhere can be truncated", "; --weaken=landlock runs without"
	for have := range 8 {
		var needs, lacks []string
		need := func(line, abi int, key, lack string) {
			switch {
			case have == 0:
				needs = append(needs, fmt.Sprintf("p.yaml:%d: %s needs Landlock (ABI %d), which this kernel does not offer%s", line, key, abi, weaken))
			case have < abi:
				needs = append(needs, fmt.Sprintf("p.yaml:%d: %s needs Landlock ABI %d, have %d: %s%s", line, key, abi, have, lack, weaken))
			}
		}
		lack := func(abi int, what string) {
			if have < abi {
				lacks = append(lacks, fmt.Sprintf("%s (needs ABI %d, have %d)", what, abi, have))
			}
		}
		need(2, 1, "read", "")
		need(3, 1, "exec", "")
		need(4, 3, "write", truncated)
		if have == 1 {
			need(5, 3, "create", truncated+", and none can move to another directory")
		} else {
			need(5, 3, "create", truncated)
		}
		need(6, 4, "connect", "no port is refused")
		need(7, 4, "bind", "no port is refused")
		need(8, 6, "scope: signals: session", "they reach every process")
		need(8, 6, "scope: abstract-sockets: session", "they reach every process")
		var got []string
		for _, n := range parseX86(t, full).LandlockNeeds(have) {
			got = append(got, n.Error())
		}
		if diff := cmp.Diff(needs, got); diff != "" {
			t.Errorf("ABI %d, needs:\n%s", have, diff)
		}
		for _, text := range []string{plain, open} {
			p := parseX86(t, text)
			if n := p.LandlockNeeds(have); have > 0 && len(n) > 0 {
				t.Errorf("ABI %d: %v", have, n)
			}
		}
		lack(3, "truncation of files is not refused")
		lack(4, "TCP connect and bind are not refused")
		lack(5, "ioctl on devices is not refused")
		lack(6, "abstract sockets and signals are not confined")
		if diff := cmp.Diff(lacks, parseX86(t, plain).LandlockLacks(have)); diff != "" {
			t.Errorf("ABI %d, lacks:\n%s", have, diff)
		}
		if l := parseX86(t, open).LandlockLacks(have); len(l) > 0 {
			t.Errorf("ABI %d: %v", have, l)
		}
	}
	// What a key asks for is an error, and no mere lack; what its fellow leaves
	// unsaid is one.
	p := parseX86(t, "default: kill\nwrite: [/a]\nbind: [0]\nscope: {signals: session}\n")
	want := []string{
		"TCP connect is not refused (needs ABI 4, have 1)",
		"ioctl on devices is not refused (needs ABI 5, have 1)",
		"abstract sockets are not confined (needs ABI 6, have 1)",
	}
	if diff := cmp.Diff(want, p.LandlockLacks(1)); diff != "" {
		t.Error(diff)
	}
	p = parseX86(t, "default: kill\nconnect: any\nscope: {abstract-sockets: any}\n")
	want = []string{"TCP bind is not refused (needs ABI 4, have 3)", "ioctl on devices is not refused (needs ABI 5, have 3)", "signals are not confined (needs ABI 6, have 3)"}
	if diff := cmp.Diff(want, p.LandlockLacks(3)); diff != "" {
		t.Error(diff)
	}
}

func TestLandlockExplain(t *testing.T) {
	var got []string
	for _, at := range parseX86(t, filesAndPorts).Explain(rules.Hybrid) {
		if strings.HasPrefix(at.Where, "Landlock") {
			got = append(got, fmt.Sprintf("%d %s%s: %s, %s", at.Line, strings.Join(at.Paths, " "), at.Setting, at.Where, at.Cost))
		}
	}
	want := []string{
		"2 /lib? /usr/lib (stage: loader): Landlock, read, at each open",
		"3 /bin/sh: Landlock, read and execute, at each open",
		"5 /srv/table /srv/log?: Landlock, write and truncate, at each open",
		"7 /srv/a b? (stage: loader): Landlock, read, write, make, remove, rename and link, at each open",
		"8 connect: [443, 8000-8080, 0]: Landlock, TCP, at each connect",
		"9 bind: any: Landlock, not handled, free",
		"10 scope: signals: any: Landlock, not scoped, free",
		"10 scope: abstract-sockets: session: Landlock, scope, at each use",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLandlockOCI: a profile says nothing of files, and ports stay shut.
func TestLandlockOCI(t *testing.T) {
	p := parseOCI(t, allowing(noArg))
	if !p.AnyPath || p.Connect.Any || p.Bind.Any || p.Signals.Reach != rules.ReachDefault || p.StagedPaths() || len(p.Grants(rules.Loader)) > 0 {
		t.Errorf("%+v", p)
	}
	sameAgain(t, p)
}
