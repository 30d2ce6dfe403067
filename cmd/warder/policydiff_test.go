package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files writes policies, and gives their names.
func files(t *testing.T, texts ...string) []string {
	t.Helper()
	dir := t.TempDir()
	names := make([]string, len(texts))
	for i, text := range texts {
		names[i] = filepath.Join(dir, string(rune('a'+i))+".yaml")
		if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func TestPolicyDiff(t *testing.T) {
	f := files(t,
		"default: kill\nread: [/usr/lib]\nsyscalls:\n  - call: openat\n    action: errno(EPERM)\n  - call: kill\n    when: {pid: self}\n    action: allow\n",
		"default: kill\nread: [/usr]\nsyscalls:\n  - call: openat\n    when: {flags: O_RDONLY}\n    action: allow\n  - call: openat\n    action: errno(EPERM)\n  - calls: [getpid, gettid]\n    action: allow\n",
		// The first again, in other words.
		"default: kill\nread: [/usr/lib]\nsyscalls:\n  - call: kill\n    when: {pid: {in: [self]}}\n    action: allow\n  - call: openat\n    when: {flags: O_RDONLY}\n    action: errno(EPERM)\n  - call: openat\n    when: {flags: {ne: 0}}\n    action: errno(1)\n",
		`{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`,
	)
	o := warder(t, "policy", "diff", f[0], f[1])
	o.want(t, different, "")
	for _, want := range []string{
		"B allows beyond A:\n",
		"  openat: A errno EPERM, B allow\n      where flags is O_RDONLY\n      for example openat(0, NULL, O_RDONLY); A by " + f[0] + ":4, B by " + f[1] + ":4\n",
		"  getpid, gettid: A kill, B allow\n",
		"  path /usr: A nothing, B read; not below /usr/lib\n",
		"A allows beyond B:\n  kill: A allow, B kill\n      where pid is self\n      for example kill(1000, 0), in process 1000;",
	} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	o = warder(t, "policy", "diff", f[0], f[2])
	o.want(t, 0, "")
	if o.stdout != "equal for x86_64 and aarch64\n" {
		t.Errorf("%q", o.stdout)
	}

	o = warder(t, "policy", "diff", "--json", f[0], f[1])
	o.want(t, different, "")
	var d policyDiff
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Schema != 1 || d.Equal || len(d.Calls) != 4 || len(d.Settings) != 1 || len(d.Archs) != 2 {
		t.Errorf("%+v", d)
	}
	for _, c := range d.Calls {
		if c.Call == "openat" && (c.Beyond != "b" || len(c.Where) != 1 || len(c.Archs) != 2 || c.A.Action != "errno EPERM" || len(c.Example.Args) != 6) {
			t.Errorf("%+v", c)
		}
	}

	// What is for one architecture only is compared there.
	o = warder(t, "policy", "diff", f[3], f[3])
	o.want(t, 0, "note: not compared for aarch64: ")
	if o.stdout != "equal for x86_64\n" {
		t.Errorf("%q", o.stdout)
	}
	warder(t, "policy", "diff", "--arch", "aarch64", f[3], f[3]).want(t, 125, "the profile is for")
	warder(t, "policy", "diff", "--arch", "i386", f[0], f[1]).want(t, 125, "--arch")
	warder(t, "policy", "diff", f[0]).want(t, 125, "no B given")
	warder(t, "policy", "diff", f[0], "none").want(t, 125, `no policy "none"`)
}
