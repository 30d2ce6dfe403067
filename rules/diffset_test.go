package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"warder/rules"
)

func settings(a, b *rules.Policy) string {
	var out strings.Builder
	for _, s := range rules.DiffSettings(a, b) {
		fmt.Fprintf(&out, "%d %s %s (%s): %s; %s", s.Beyond, s.Key, s.Name, s.Stage, s.A, s.B)
		if len(s.Except) > 0 {
			fmt.Fprintf(&out, "; not below %s", strings.Join(s.Except, ", "))
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestDiffSettings(t *testing.T) {
	for _, tt := range []struct{ name, a, b, want string }{
		{"nothing", "read: [/usr, /srv?]", "read: [/srv?, /usr]", ""},
		{"a path that another one grants already", "read: [/usr, /usr/lib]", "read: [/usr, /usr/lib?]", "0 path /usr/lib (any): must be there; may be absent\n"},
		{"covered", "read: [/usr, /usr/lib?]", "read: [/usr]", ""},
		{"a tree more", "read: [/usr/lib]", "read: [/usr]", "1 path /usr (any): nothing; read; not below /usr/lib\n"},
		{"more in a tree", "read: [/usr]", "read: [/usr]\nexec: [/usr/bin]", "1 path /usr/bin (any): read; read, execute\n"},
		{"the root", "read: [/]", "create: [/tmp]", "-1 path / (any): read; nothing; not below /tmp\n1 path /tmp (any): read; read, write, create\n"},
		{"each its own", "read: [/a]", "write: [/a]", "0 path /a (any): read; write\n"},
		{"a stage", "read: [{path: /lib, stage: loader}]", "read: [/lib]", "1 path /lib (main): nothing; read\n"},
		{"another stage", "read: [{path: /lib, stage: loader}]", "read: [/srv]", "-1 path /lib (loader): read; nothing\n1 path /srv (any): nothing; read\n"},
		{"no paths", "paths: unrestricted", "read: [/usr]", "-1 paths  (any): unrestricted; as listed\n"},
		{
			"ports", "connect: [80, 443, 8000-8080]", "connect: [79-80, 8010-8020]\nbind: any",
			"-1 connect [443, 8000-8009, 8021-8080] (any): yes; no\n1 connect [79] (any): no; yes\n1 bind [0-65535] (any): no; yes\n",
		},
		{"scopes", "scope: {signals: any}", "scope: {abstract-sockets: session}", "-1 signals  (any): any; the session, where the kernel can\n0 abstract-sockets  (any): the session, where the kernel can; the session\n"},
		{"time", "time: visible\ntsc: deny", "time: visible", "1 tsc  (any): deny; native\n"},
	} {
		a, b := parseX86(t, "default: kill\n"+tt.a+"\n"), parseX86(t, "default: kill\n"+tt.b+"\n")
		if got := settings(a, b); got != tt.want {
			t.Errorf("%s:\n%swant:\n%s", tt.name, got, tt.want)
		}
		if got := settings(a, a) + settings(b, b); got != "" {
			t.Errorf("%s: equal policies: %s", tt.name, got)
		}
		// The other way round says the same of the other.
		back := rules.DiffSettings(b, a)
		for _, s := range rules.DiffSettings(a, b) {
			s.A, s.B, s.Beyond = s.B, s.A, -s.Beyond
			if !slices.ContainsFunc(back, func(o rules.Setting) bool { return fmt.Sprint(o) == fmt.Sprint(s) }) {
				t.Errorf("%s: the other way round there is no %+v", tt.name, s)
			}
		}
	}
}

// FuzzDiffPaths samples paths: what the report says of the nearest place above
// is what the grants give.
func FuzzDiffPaths(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	f.Add([]byte{0, 0, 9, 1, 1, 2, 17, 33, 3, 200, 4, 5})
	names := []string{"/", "/a", "/a-b", "/a/b", "/a/b/c", "/a/c", "/b", "/b/a"}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &source{data: data}
		var p [2]rules.Policy
		for i := range p {
			for range s.below(6) {
				g := rules.Path{Name: names[s.below(len(names))], Stage: rules.Stage(s.below(2))}
				list := []*[]rules.Path{&p[i].Read, &p[i].Exec, &p[i].Write, &p[i].Create}[s.below(4)]
				*list = append(*list, g)
			}
		}
		found := rules.DiffSettings(&p[0], &p[1])
		below := func(path, tree string) bool {
			return path == tree || tree == "/" || strings.HasPrefix(path, tree+"/")
		}
		for _, name := range append(names, "/x", "/a/x", "/a/b/x", "/a/b/c/x", "/b/x") {
			for _, stage := range []rules.Stage{rules.Loader, rules.Main} {
				a, b := p[0].AccessTo(name, stage), p[1].AccessTo(name, stage)
				said := 0
				for _, d := range found {
					if d.Key != "path" || d.A == "must be there" || d.B == "must be there" || d.Stage != rules.AnyStage && d.Stage != stage || !below(name, d.Name) {
						continue
					}
					if slices.ContainsFunc(d.Except, func(e string) bool { return below(name, e) }) {
						continue
					}
					said++
					if d.A != a.String() || d.B != b.String() {
						t.Fatalf("%s in %s: %s and %s, and the report says %+v", name, stage, a, b, d)
					}
				}
				if (a != b) != (said == 1) || said > 1 {
					t.Fatalf("%s in %s: %s and %s, said %d times: %+v\n%+v", name, stage, a, b, said, found, p)
				}
			}
		}
	})
}
