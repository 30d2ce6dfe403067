package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testutil"
)

func TestLearnFrom(t *testing.T) {
	dir := t.TempDir()
	recorded, out := filepath.Join(dir, "t.jsonl"), filepath.Join(dir, "out.yaml")
	own := strings.Replace(traceOf, `{"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"i386","number":20,"syscall":"getpid","return":"0x64","result":"100"}`+"\n", "", 1)
	if err := os.WriteFile(recorded, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	o := warder(t, "learn", "--from", recorded)
	o.want(t, incomplete, "not allowed: 3 events are missing in the trace")
	for _, want := range []string{
		"# Learned by warder learn, 1 run: /bin/true\n", "name: learned-true\n", "  - /etc/ld.so.cache\n", "exec:\n  # runs /bin/true\n",
		"  # 1 time\n  - call: kill\n    when:\n      pid: self\n      sig: SIGTERM\n    action: allow\n",
	} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	if strings.Contains(o.stdout, "execve") {
		t.Error("the launch is in the policy")
	}
	// Into a file, twice, beside what a person adds.
	warder(t, "learn", "-o", out, "--from", recorded).want(t, incomplete, "not allowed")
	text, err := os.ReadFile(out)
	if err != nil || string(text) != o.stdout {
		t.Errorf("%v\n%s", err, text)
	}
	if err := os.WriteFile(out, append([]byte("# mine\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(out, 0o640); err != nil {
		t.Fatal(err)
	}
	warder(t, "learn", "-o", out, "--from", recorded, "--from", recorded).want(t, incomplete, "not allowed")
	text, err = os.ReadFile(out)
	if st, e := os.Stat(out); e != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", st.Mode(), e)
	}
	if err != nil || !strings.Contains(string(text), "3 runs: /bin/true\n") || !strings.Contains(string(text), "\n# mine\n") || !strings.Contains(string(text), "# 3 times\n  - call: kill\n") {
		t.Errorf("%v\n%s", err, text)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".warder*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	// What was learned passes its own trace.
	o = warder(t, "policy", "test", out, recorded)
	o.want(t, 0, "")
	if !strings.Contains(o.stdout, "3 calls: 3 allow; 1 expectation, 0 failed\n") {
		t.Errorf("%s", o.stdout)
	}
}

func TestLearnErrors(t *testing.T) {
	dir := t.TempDir()
	bad, policy := filepath.Join(dir, "bad.jsonl"), filepath.Join(dir, "p.yaml")
	for path, text := range map[string]string{
		bad:    traceOf, // it has a call of another architecture
		policy: "default: perhaps\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ args, stderr string }{
		{"learn", "no program and no --from TRACE"},
		{"learn --from " + bad + " -- true", "give one of them"},
		{"learn --from " + bad, bad + ":6: getpid of i386: calls of foreign architectures are refused always"},
		{"learn --from " + bad + ".none", "no such file"},
		{"learn --generalise 1 -- true", "--generalise 1: want 0, or 2 or more"},
		{"learn -o " + policy + " -- true", policy + ":1:10: unknown action"},
		{"learn --dir " + bad + " -- /bin/true", bad},
	} {
		o := warder(t, strings.Fields(c.args)...)
		if o.status < 125 || !strings.Contains(o.stderr, c.stderr) || strings.Count(o.stderr, "warder: ") != strings.Count(o.stderr, "\n") {
			t.Errorf("%q: %+v", c.args, o)
		}
	}
	if text, err := os.ReadFile(policy); err != nil || string(text) != "default: perhaps\n" {
		t.Errorf("the old policy is gone: %v, %q", err, text)
	}
	warder(t, "learn", "--", filepath.Join(dir, "none")).want(t, 127, "no such file")
}

// TestLiveLearn: a program does again what it was learned from, and one thing
// more ends it.
func TestLiveLearn(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root) // the walls of a run that was learned from
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	input := filepath.Join(dir, "input")
	if err := os.WriteFile(input, []byte("one\ntwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		prog []string
		more []string // something that was not seen
	}{
		{"cat", []string{"/bin/cat", input}, []string{"/bin/cat", "/etc/passwd"}},
		{"gzip", []string{"/bin/gzip", "-nc", input}, []string{"/bin/gzip", "-n", input}},
		{"python3", []string{"/usr/bin/python3", "-c", "print(sum(range(10)))"}, []string{"/usr/bin/python3", "-c", "import os; os.fork()"}},
		{"sh", []string{"/bin/sh", "-c", "sort -r " + input + " | tr a-z A-Z >" + dir + "/out && cat " + dir + "/out && rm " + dir + "/out"}, []string{"/bin/sh", "-c", "kill -9 1"}},
	} {
		policy := filepath.Join(dir, c.name+".yaml")
		o := warder(t, append([]string{"learn", "-o", policy, "--dir", dir, "--"}, c.prog...)...)
		if o.status != 0 || o.stdout == "" {
			t.Fatalf("%s: learn: %+v", c.name, o)
		}
		want := o.stdout
		for range 20 {
			o = warder(t, append([]string{"run", "-q", "--policy", policy, "--dir", dir, "--"}, c.prog...)...)
			if o.status != 0 || o.stdout != want {
				text, _ := os.ReadFile(policy) // for the message alone
				t.Fatalf("%s under its own policy: %+v\n%s", c.name, o, text)
			}
		}
		o = warder(t, append([]string{"run", "--policy", policy, "--dir", dir, "--"}, c.more...)...)
		if o.status != 159 {
			t.Errorf("%s and something more: %+v", c.name, o)
		}
	}
}
