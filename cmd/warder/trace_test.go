package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"warder/internal/testutil"
	"warder/record/trace"
)

// TestLiveTrace: statuses, messages and what is told of.
func TestLiveTrace(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for name, c := range map[string]struct {
		args   []string
		status int
		has    []string // of standard error
		not    []string
	}{
		"status":     {[]string{"--", "sh", "-c", "exit 3"}, 3, []string{`execve("/usr/bin/sh", ["sh", "-c", "exit 3"]`, "+++ exited with 3 +++"}, nil},
		"signal":     {[]string{"-e", "kill", "--", "sh", "-c", "kill -TERM $$"}, 143, []string{"--- SIGTERM {si_signo=SIGTERM", "+++ killed by SIGTERM +++"}, nil},
		"some":       {[]string{"-e", "trace=openat", "--", "cat", "/etc/hostname"}, 0, []string{`openat(AT_FDCWD, "/etc/hostname", O_RDONLY) = 3`}, []string{"mmap(", "read("}},
		"failed":     {[]string{"-Z", "-e", "%file", "--", "sh", "-c", ": </nothing/here"}, 2, []string{`"/nothing/here"`, "ENOENT"}, []string{" = 3\n"}},
		"entries":    {[]string{"--no-returns", "--", "cat", "/etc/hostname"}, 0, []string{`openat(AT_FDCWD, "/etc/hostname", O_RDONLY) = ?`, "exited with 0"}, []string{" = 3"}},
		"stack":      {[]string{"-k", "-e", "exit_group", "--", "/bin/true"}, 0, []string{"exit_group(0)", " > /", "libc.so.6(__run_exit_handlers"}, nil},
		"path":       {[]string{"-P", "/etc/hostname", "--", "cat", "/etc/hostname"}, 0, []string{`"/etc/hostname"`, "close(3)"}, []string{"mmap("}},
		"children":   {[]string{"-e", "execve", "--", "sh", "-c", "/bin/true; /bin/true"}, 0, []string{`] execve("/bin/true"`, "attached"}, nil},
		"quiet":      {[]string{"-qq", "-e", "execve", "--", "sh", "-c", "/bin/true; :"}, 0, []string{`] execve("/bin/true"`}, []string{"attached", "exited"}},
		"summary":    {[]string{"-c", "--", "cat", "/etc/hostname"}, 0, []string{"% time", " openat\n", " total\n"}, []string{"execve("}},
		"not found":  {[]string{"--", "no-such-program"}, 127, []string{"warder: no-such-program: not found in PATH"}, nil},
		"directory":  {[]string{"--", "/etc/"}, 126, []string{"warder: /etc/"}, nil},
		"no call":    {[]string{"-e", "trace=opnat", "--", "true"}, 125, []string{"opnat", "openat"}, nil},
		"nothing":    {nil, 125, []string{"warder: no program and no -p PID given"}, nil},
		"both":       {[]string{"-p", "1", "--", "true"}, 125, []string{"give one of them"}, nil},
		"no pid":     {[]string{"-p", "x"}, 125, []string{"x"}, nil},
		"json and c": {[]string{"-c", "--json", "--", "true"}, 125, []string{"-c prints no calls"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := finish(t, command(t, append([]string{"trace"}, c.args...)...))
			if o.status != c.status {
				t.Errorf("status %d, want %d", o.status, c.status)
			}
			for _, want := range c.has {
				if !strings.Contains(o.stderr, want) {
					t.Errorf("no %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(o.stderr, not) {
					t.Errorf("%q", not)
				}
			}
			if t.Failed() {
				t.Log(o.stderr)
			}
		})
	}
}

// TestLiveTraceAttach: a process that was attached to goes on when the tracer
// is told to end, also if it is stopped just then, or is told to go on all the
// time.
func TestLiveTraceAttach(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	for _, what := range []string{"running", "stopped", "continued"} {
		t.Run(what, func(t *testing.T) {
			counter := filepath.Join(t.TempDir(), "n")
			script := `i=0; while :; do i=$((i+1)); echo $i >"$0"; sleep 0.02; done`
			stopped := what == "stopped"
			if what == "continued" {
				script = `trap '' CONT; (while :; do kill -CONT $$ || exit; done) & ` + script
			}
			victim := exec.Command("sh", "-c", script, counter)
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = victim.Process.Kill()
				_ = victim.Wait()
			}()
			read := func() string { b, _ := os.ReadFile(counter); return strings.TrimSpace(string(b)) }
			goesOn := func() {
				t.Helper()
				before := read()
				eventually(t, "it goes on", func() bool { now := read(); return now != "" && now != before })
			}
			goesOn()
			out := filepath.Join(t.TempDir(), "trace.txt")
			cmd := command(t, "trace", "-o", out, "-p", fmt.Sprint(victim.Process.Pid))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "calls are told of", func() bool {
				b, _ := os.ReadFile(out)
				return strings.Contains(string(b), "openat(") && strings.Contains(string(b), "+++ exited with 0 +++")
			})
			if stopped {
				if err := victim.Process.Signal(syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the stop is told of", func() bool {
					b, _ := os.ReadFile(out)
					return strings.Contains(string(b), "--- stopped by SIGSTOP ---")
				})
			}
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			waitFor(t, cmd)
			if cmd.ProcessState.ExitCode() != 0 || time.Since(began) > stuck {
				t.Errorf("%v after %v", cmd.ProcessState, time.Since(began))
			}
			if stopped {
				if err := victim.Process.Signal(syscall.SIGCONT); err != nil {
					t.Fatal(err)
				}
			}
			goesOn()
		})
	}
}

// TestLiveRecorded: what a held program does, in each form, and when the file
// is full.
func TestLiveRecorded(t *testing.T) {
	needs(t)
	dir := t.TempDir()
	name := func(n string) string { return filepath.Join(dir, n) }
	read := func(n string) string {
		t.Helper()
		b, err := os.ReadFile(name(n))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, file := range []string{"t.txt", "t.jsonl", "t.html"} {
		o := finish(t, command(t, "run", "-q", "--trace", name(file), "--", "cat", "/etc/passwd"))
		if o.status != 159 {
			t.Errorf("%s: %+v", file, o)
		}
	}
	if text := read("t.txt"); !strings.Contains(text, `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = ? (kill: compute.yaml:`) {
		t.Error(text)
	}
	if page := read("t.html"); !strings.Contains(page, "/etc/passwd") || !strings.Contains(page, "</html>") {
		t.Errorf("%d bytes of a page", len(page))
	}
	var last trace.Event
	for line := range strings.Lines(read("t.jsonl")) {
		var e trace.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err, line)
		}
		if e.Kind == trace.CallKind {
			last = e
		}
	}
	if last.Name != "openat" || last.Verdict == nil || last.Verdict.Action != "kill" {
		t.Errorf("%+v", last)
	}

	o := finish(t, command(t, "run", "--trace", name("full.txt"), "--trace-limit", "1K", "--", "sort", "--version"))
	if o.status != 0 || !strings.Contains(o.stderr, "--trace-limit") || len(read("full.txt")) > 1024 {
		t.Errorf("%+v, %d bytes", o, len(read("full.txt")))
	}
	o = finish(t, command(t, "run", "--trace", "/nothing/here", "--", "true"))
	if o.status != 125 || !strings.Contains(o.stderr, "/nothing/here") {
		t.Errorf("%+v", o)
	}
	o = finish(t, command(t, "run", "--engine", "seccomp", "--trace", name("s.txt"), "-p", "runtime", "--", "true"))
	if o.status != 125 || !strings.Contains(o.stderr, "a trace needs stops") {
		t.Errorf("%+v", o)
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(hung / 2); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
