package testutil_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"warder/internal/testutil"
)

var needs = []testutil.Need{
	testutil.Ptrace, testutil.Root, testutil.UserNS, testutil.Landlock, testutil.I386, testutil.Seccomp,
	testutil.Cgroup, testutil.CgroupMemory, testutil.CgroupPids, testutil.CgroupCPU, testutil.GDB, testutil.ElfUtils, testutil.Strace, testutil.Chromium, testutil.IOUring, testutil.Kcmp, testutil.Keys, testutil.MQueue, testutil.Rseq, testutil.LLDB, testutil.Delve,
	testutil.Terminal, testutil.VSock, testutil.VSyscall, testutil.Xattr,
}

func TestProbes(t *testing.T) {
	for _, need := range needs {
		if !testutil.Known(need) {
			t.Errorf("%s has no probe", need)
		}
		if err := testutil.Missing(need); err != nil {
			t.Logf("%s: %v", need, err)
		} else {
			t.Logf("%s: granted", need)
		}
	}
	if testutil.Missing("no-such-need") == nil {
		t.Error("a need that nobody knows is granted")
	}
}

func TestPromised(t *testing.T) {
	for _, c := range []struct {
		ci, promised string
		set          bool
		need         testutil.Need
		want         bool
	}{
		{"", "", false, testutil.Root, false},
		{"false", "", false, testutil.Root, false},
		{"true", "", false, testutil.Root, true},
		{"true", "", false, testutil.Cgroup, false},
		{"1", "cgroup, userns", true, testutil.UserNS, true},
		{"1", "cgroup, userns", true, testutil.Root, false},
		{"1", "", true, testutil.Root, false},
	} {
		t.Setenv("CI", c.ci)
		t.Setenv("WARDER_PROMISED", c.promised)
		if !c.set {
			if err := os.Unsetenv("WARDER_PROMISED"); err != nil {
				t.Fatal(err)
			}
		}
		if got := testutil.Promised(c.need); got != c.want {
			t.Errorf("CI=%q WARDER_PROMISED=%q: %s promised: %t, want %t", c.ci, c.promised, c.need, got, c.want)
		}
	}
}

// witness takes what a test would have been told.
type witness struct {
	testing.TB
	failed, skipped bool
	text            string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.failed = true
	w.text = format
	for _, arg := range args {
		if s, ok := arg.(string); ok {
			w.text += s
		}
	}
}
func (w *witness) Fatalf(format string, args ...any) { w.Errorf(format, args...) }
func (w *witness) Skipf(string, ...any)              { w.skipped = true }

func TestRequire(t *testing.T) {
	t.Setenv("WARDER_PROMISED", "no-such-need")
	for _, c := range []struct {
		ci              string
		failed, skipped bool
	}{{"", false, true}, {"true", true, false}} {
		t.Setenv("CI", c.ci)
		w := &witness{}
		testutil.Require(w, "no-such-need")
		if w.failed != c.failed || w.skipped != c.skipped {
			t.Errorf("CI=%q: failed %t, skipped %t", c.ci, w.failed, w.skipped)
		}
	}
}

// holdThread keeps a thread until end is closed.
func holdThread(end <-chan struct{}) {
	runtime.LockOSThread()
	<-end
}

func TestNoStrays(t *testing.T) {
	before := testutil.TakeSnapshot()
	testutil.NoStrays(t, before)

	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	go holdThread(end)
	w := &witness{}
	testutil.NoStrays(w, before)
	for _, want := range []string{"sleep", "/dev/null", "holdThread"} {
		if !strings.Contains(w.text, want) {
			t.Errorf("%s went unseen: %q", want, w.text)
		}
	}
	close(end)
	if len(testutil.Descendants()) == 0 {
		t.Error("no descendant seen")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	testutil.NoStrays(t, before)
}
