package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/record"
)

// TestLiveUnread: what a caller may execute and not read he does not see by
// the capabilities that the binary has: not as the program, and not as what
// the program executes.
func TestLiveUnread(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	b := setBaits(t)
	content, err := os.ReadFile(testprog.Program(t, "hello-static"))
	if err != nil {
		t.Fatal(err)
	}
	program, open := filepath.Join(b.dir, "unread"), filepath.Join(b.dir, "read")
	traces := filepath.Join(b.dir, "traces")
	for name, mode := range map[string]os.FileMode{program: 0o711, open: 0o755} {
		if err := os.WriteFile(name, content, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(traces, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(traces, 0o777); err != nil {
		t.Fatal(err)
	}
	shell := func(name string) []string { return []string{"/bin/sh", "-c", "exec " + name} }
	for _, w := range ways() {
		for _, c := range []struct {
			name   string
			argv   []string
			status int
			says   string
			shown  bool // what the program has in memory
		}{
			{"a program", []string{open}, 0, "", true},
			{"a program executed by one", shell(open), 0, "", true},
			{"unread", []string{program}, record.StatusNotExecutable, "it may be executed and not read", false},
			{"unread, executed by one", shell(program), record.StatusViolation, "may be executed and not read", false},
		} {
			if w.Name == asRoot && strings.HasPrefix(c.name, "unread") {
				c.status, c.says, c.shown = 0, "", true // root may read it
			}
			t.Run(w.Name+"/"+c.name, func(t *testing.T) {
				file := filepath.Join(traces, strings.ReplaceAll(t.Name(), "/", "_"))
				cmd := inWay(t, &w, append([]string{"run", "--policy", b.policy("open"), "--trace", file, "--"}, c.argv...)...)
				var said bytes.Buffer
				cmd.Stderr = &said
				out, _ := cmd.Output()
				status := cmd.ProcessState.ExitCode()
				text, _ := os.ReadFile(file)
				t.Logf("%d %q %q", status, out, said.String())
				if w.Name != asFileCaps && w.Name != asRoot && strings.HasPrefix(c.name, "unread,") {
					// The kernel keeps its memory from them.
					if strings.Contains(string(text), "hello, ") {
						t.Errorf("shown:\n%s", text)
					}
					return
				}
				if status != c.status || !strings.Contains(said.String(), c.says) {
					t.Errorf("exit status %d, want %d and %q", status, c.status, c.says)
				}
				if shown := strings.Contains(string(text), "hello, "); shown != c.shown {
					t.Errorf("what it writes is in the trace: %v, want %v:\n%s", shown, c.shown, text)
				}
			})
		}
	}
}
