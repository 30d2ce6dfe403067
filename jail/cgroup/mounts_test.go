package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMounts(t *testing.T) {
	const text = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw master:1 shared:2 - cgroup cgroup rw,name=systemd
41 31 0:38 /a\040b /mnt/c\134d ro,nosuid - cgroup2 cgroup2 rw,nsdelegate
broken
42 31 0:38 / /x - cgroup2
`
	want := []mount{
		{1, "/", "/sys/fs/cgroup/cpu,cpuacct", []string{"rw", "cpu", "cpuacct"}},
		{1, "/", "/sys/fs/cgroup/systemd", []string{"rw", "name=systemd"}},
		{2, "/a b", `/mnt/c\d`, []string{"rw", "nsdelegate"}},
	}
	if d := cmp.Diff(want, parseMounts(text), cmp.AllowUnexported(mount{})); d != "" {
		t.Error(d)
	}
}

func TestParseOwn(t *testing.T) {
	got := parseOwn("12:cpu,cpuacct:/a\n4:memory:/x:y z\n1:name=systemd:/s\n0::/user.slice\nbroken\n")
	want := map[string]string{
		"cpu": "/a", "cpuacct": "/a", "memory": "/x:y z", "name=systemd": "/s", "": "/user.slice",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMountDirectory(t *testing.T) {
	for _, c := range []struct {
		root, point, group, want string
	}{
		{"/", "/cg", "/", "/cg"},
		{"/", "/cg", "/a/b", "/cg/a/b"},
		{"/", "/", "/a", "/a"},
		{"/docker/1", "/cg", "/docker/1", "/cg"},
		{"/docker/1", "/cg", "/docker/1/x", "/cg/x"},
		{"/docker/1", "/cg", "/docker/12", ""},
		{"/docker/1", "/cg", "/", ""},
		{"/", "/cg", "/../a", ""},
		{"/..", "/cg", "/", ""},
	} {
		m := mount{root: c.root, point: c.point}
		got, ok := m.directory(c.group)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q mounted at %q, group %q: %q, %t; want %q", c.root, c.point, c.group, got, ok, c.want)
		}
	}
}

// tree writes what the files of groups of version 2 would hold. A type of ""
// is the root's, which has none.
func tree(t *testing.T, groups map[string][4]string) string {
	t.Helper()
	top := t.TempDir()
	for name, files := range groups {
		dir := filepath.Join(top, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for i, file := range [...]string{"cgroup.type", "cgroup.procs", "cgroup.controllers", "cgroup.subtree_control"} {
			if file == "cgroup.type" && files[i] == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(files[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return top
}

func TestLevels(t *testing.T) {
	const (
		all   = "cpuset cpu io memory pids\n"
		every = roleMemory | rolePids | roleCPU | roleUsage | roleKill
		bare  = roleUsage | roleKill
	)
	for _, c := range []struct {
		name   string
		groups map[string][4]string
		own    string
		bounds string // a file of a group that bounds it
		chosen string // "none"
		offers role
		enable string
		why    string // a part of the reasons
	}{
		{
			name:   "the root of all holds processes and groups alike",
			groups: map[string][4]string{"": {"", "1\n", all, ""}},
			offers: every, enable: "memory pids cpu",
		},
		{
			name: "a delegated group with its processes in a group below",
			groups: map[string][4]string{
				"":      {"domain", "", all, "memory pids cpu\n"},
				"inner": {"domain", "7\n", "memory pids cpu\n", ""},
			},
			own: "inner", offers: every,
		},
		{
			name: "what is on already is better than what is nearer",
			groups: map[string][4]string{
				"":    {"", "", all, "memory pids cpu\n"},
				"a":   {"domain", "", "memory pids cpu\n", "memory pids\n"},
				"a/b": {"domain", "7\n", "memory pids\n", ""},
			},
			own: "a/b", offers: every,
		},
		{
			name: "nearer is better among equals",
			groups: map[string][4]string{
				"":    {"", "", all, "memory pids\n"},
				"a":   {"domain", "", "memory pids\n", "memory pids\n"},
				"a/b": {"domain", "7\n", "memory pids\n", ""},
			},
			own: "a/b", chosen: "", offers: every, enable: "cpu",
		},
		{
			name: "only the group that the process is in can be seen",
			groups: map[string][4]string{
				"": {"domain", "1\n7\n", all, ""},
			},
			offers: bare, why: "no internal process constraint",
		},
		{
			name: "controllers are not delegated",
			groups: map[string][4]string{
				"":  {"domain", "", "pids\n", ""},
				"a": {"domain", "7\n", "", ""},
			},
			own: "a", offers: rolePids | bare, enable: "pids", why: "memory is not delegated (not in ",
		},
		{
			name: "threads only",
			groups: map[string][4]string{
				"": {"threaded", "", all, all},
			},
			chosen: "none", why: `of type "threaded"`,
		},
		{
			name: "what the operator bounded is not left",
			groups: map[string][4]string{
				"":    {"", "", all, all},
				"a":   {"domain", "", all, ""},
				"a/b": {"domain", "7\n", "", ""},
			},
			own: "a/b", bounds: "a/b/memory.max", chosen: "a/b", offers: bare, why: "is bounded (memory.max)",
		},
		{
			name: "but up to that it is",
			groups: map[string][4]string{
				"":    {"", "", all, all},
				"a":   {"domain", "", all, "memory pids\n"},
				"a/b": {"domain", "7\n", "", ""},
			},
			own: "a/b", bounds: "a/cpu.max", chosen: "a", offers: every, enable: "cpu",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := tree(t, c.groups)
			if c.bounds != "" {
				if err := os.WriteFile(filepath.Join(top, c.bounds), []byte("500 1000\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found := levels(top, filepath.Join(top, c.own))
			var why []string
			for _, l := range found {
				why = append(why, l.why)
			}
			l := best(found)
			if l == nil {
				l = &level{path: filepath.Join(top, "none")}
			}
			if l.path != filepath.Join(top, c.chosen) || l.offers != c.offers || strings.Join(l.enable, " ") != c.enable {
				t.Errorf("%s offers %b after switching on %q", l.path, l.offers, l.enable)
			}
			if !strings.Contains(strings.Join(why, "; "), c.why) {
				t.Errorf("reasons: %q", why)
			}
		})
	}
}

func TestValues(t *testing.T) {
	const text = "usage_usec 12\nuser_usec 7\nusage 99\nlarge 18446744073709551615\nodd x\n"
	for key, want := range map[string]int64{"usage": 99, "user_usec": 7, "large": 1<<63 - 1, "odd": -1, "missing": -1} {
		if got := valueOf(text, key); got != want {
			t.Errorf("%s: %d, want %d", key, got, want)
		}
	}
}
