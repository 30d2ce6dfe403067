package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traceOf is the text of a trace of a small program, as record/trace has it.
const traceOf = `{"schema":1,"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"x86_64","number":59,"syscall":"execve","args":[{"name":"filename","raw":"0x7ffe","text":"\"/bin/true\"","path":"/bin/true"},{"name":"argv","raw":"0x1","text":"[\"true\"]"},{"name":"envp","raw":"0x2","text":"0x2 /* 3 vars */"}],"return":"0x0","result":"0"}
{"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"x86_64","number":257,"syscall":"openat","args":[{"name":"dfd","raw":"0xffffff9c","text":"AT_FDCWD"},{"name":"filename","raw":"0x7f1","text":"\"/etc/ld.so.cache\"","path":"/etc/ld.so.cache"},{"name":"flags","raw":"0x80000","text":"O_RDONLY|O_CLOEXEC"}],"return":"0x3","result":"3"}
{"event":"signal","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","signal":"SIGCHLD"}
{"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"x86_64","syscall":"read","args":[{"name":"fd","raw":"0x3","text":"3"},{"name":"buf","raw":"0x7f1","text":"\"\u001b[31m\""},{"name":"count","raw":"0x340","text":"832"}],"return":"0x340","result":"832"}
{"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"x86_64","number":62,"syscall":"kill","args":[{"name":"pid","raw":"0x64","text":"100"},{"name":"sig","raw":"0xf","text":"SIGTERM"}],"return":"0x0","result":"0","stage":"main","expect":"allow"}
{"event":"call","pid":100,"tid":100,"time":"2026-11-22T10:00:00.5Z","arch":"i386","number":20,"syscall":"getpid","return":"0x64","result":"100"}
{"event":"lost","pid":0,"tid":0,"time":"2026-11-22T10:00:00.5Z","count":3}
`

func TestPolicyTest(t *testing.T) {
	dir := t.TempDir()
	list, recorded, bad := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "t.jsonl"), filepath.Join(dir, "bad.jsonl")
	for path, text := range map[string]string{
		list: `- call: openat
  args: [AT_FDCWD, "/etc/passwd", O_RDONLY]
  stage: main
  expect: kill
- {call: write, args: [1, hello, 5], expect: errno EPERM}
`,
		recorded: traceOf,
		bad:      traceOf + "{\"event\":\"call\",\"pid\":1,\"tid\":1,\"arch\":\"x86_64\",\"syscall\":\"write\"}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := warder(t, "policy", "test", "compute", list)
	o.want(t, unexpected, "")
	want := list + `:1: openat(AT_FDCWD, "/etc/passwd", O_RDONLY): kill, by compute.yaml:173 (nothing may be opened); advice: /etc/passwd is not granted (read)
` + list + `:5: write(1, 0x7fff00001000, 5): allow, by compute.yaml:28; FAILS: expected errno(EPERM)
2 calls: 1 allow, 1 kill; 2 expectations, 1 failed
`
	if o.stdout != want {
		t.Errorf("%s\nwant\n%s", o.stdout, want)
	}
	o = warder(t, "policy", "test", "-q", "compute", list)
	if o.status != unexpected || strings.Count(o.stdout, "\n") != 2 {
		t.Errorf("%+v", o)
	}

	o = warder(t, "policy", "test", "compute", recorded)
	o.want(t, 0, "")
	for _, want := range []string{
		"the launch, which needs no rule",
		"in stage loader allow, by compute.yaml:125",
		"in stage main errno ENOENT",
		"kill(100, SIGTERM): allow",
		"getpid(): kill, by foreign architecture",
		"4 calls: 2 allow, 1 kill, 1 by stage; 1 expectation, 0 failed\n",
	} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in\n%s", want, o.stdout)
		}
	}
	if strings.Contains(o.stdout, "\x1b") {
		t.Error("a trace's control characters reach the terminal")
	}
	o = warder(t, "policy", "test", "--stage", "loader", "--json", "compute", recorded)
	o.want(t, 0, "")
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	var sum struct{ Sum testSum }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || len(lines) != 5 || sum.Sum.Actions["allow"] != 3 || sum.Sum.Expected != 1 {
		t.Errorf("%v\n%s", err, o.stdout)
	}
	warder(t, "policy", "test", "--self", "7", "compute", recorded).want(t, unexpected, "")

	warder(t, "policy", "test", "compute", bad).want(t, 125, bad+`:8: call 0 of x86_64 is read, not "write"`)
	warder(t, "policy", "test", "compute", filepath.Join(dir, "none")).want(t, 125, "no such file")
	warder(t, "policy", "test", "none", recorded).want(t, 125, `no policy "none"`)
	warder(t, "policy", "test", "--stage", "late", "compute", recorded).want(t, 125, "--stage")
	if err := os.WriteFile(bad, []byte("- call: raed\n- call: open\n  args: [1, 2, 3, 4]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o = warder(t, "policy", "test", "compute", bad)
	o.want(t, 125, bad+":1:9: unknown syscall")
	o.want(t, 125, bad+":3:9: open has 3 arguments")
}
