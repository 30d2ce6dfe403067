package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/snapshot"
)

// TestLiveSnapshot writes cores of a process that is not held, one by one and
// as a chain, and merges the chain.
func TestLiveSnapshot(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	dir := t.TempDir()
	program := exec.Command(testprog.Program(t, "spin"), "60000")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	}()
	pid := fmt.Sprint(program.Process.Pid)
	name := func(s string) string { return filepath.Join(dir, s) }
	for _, args := range [][]string{
		{"snapshot", pid, "-o", name("one.core")},
		{"snapshot", "--files", pid, "-o", name("files.core.zst")},
		{"snapshot", "--json", "--method", "precopy", pid, "-o", name("precopy.core")},
		{"snapshot", "--every", "5ms", "--count", "3", "--no-sync", pid, "-o", name("chain.%n.core")},
		{"snapshot", "merge", "-o", name("merged.core"), name("chain.1.core"), name("chain.2.core"), name("chain.3.core")},
	} {
		if o := finish(t, command(t, args...)); o.status != 0 {
			t.Fatalf("%q: %+v", args, o)
		}
	}
	for _, file := range []string{"one.core", "files.core.zst", "precopy.core", "chain.1.core", "merged.core"} {
		core, err := snapshot.Open(name(file), nil)
		if err != nil {
			t.Error(err)
			continue
		}
		s := core.State()
		if fmt.Sprint(s.Process.PID) != pid || s.Parent != "" || len(s.Threads) != 1 || len(core.Spans(snapshot.Data)) == 0 {
			t.Errorf("%s: pid %d, parent %q, %d threads", file, s.Process.PID, s.Parent, len(s.Threads))
		}
		if n := len(core.Spans(snapshot.Clean)); (n == 0) != strings.HasPrefix(file, "files") {
			t.Errorf("%s: %d stretches of clean pages of files", file, n)
		}
		if err := core.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"snapshot"}, "no PID given"},
		{[]string{"snapshot", "x", "-o", name("x")}, `PID "x"`},
		{[]string{"snapshot", pid}, "no -o FILE given"},
		{[]string{"snapshot", fmt.Sprint(os.Getpid() | 1<<30), "-o", name("x")}, "no such process"},
		{[]string{"snapshot", pid, "-o", name("x"), "--method", "stp"}, `did you mean "stop"`},
		{[]string{"snapshot", pid, "-o", name("x"), "--method", "fork"}, "a zombie child that it does not know"},
		{[]string{"snapshot", pid, "-o", name("x"), "--every", "1s"}, "needs a %n"},
		{[]string{"snapshot", "merge", "-o", name("x"), name("chain.2.core")}, "not a chain of snapshots"},
	} {
		o := finish(t, command(t, tt.args...))
		if o.status != 125 || !strings.Contains(o.stderr, tt.want) {
			t.Errorf("%q: %+v", tt.args, o)
		}
	}
	if _, err := os.Stat(name("x")); err == nil {
		t.Error("a file is there that was not written")
	}
}
