package tracer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// groups lists the control groups that this process has made.
func groups(t *testing.T) []string {
	t.Helper()
	var found []string
	mine := fmt.Sprintf("/warder/%d-", os.Getpid())
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, mine) {
			found = append(found, path)
		}
		return nil // a group may go meanwhile
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestLiveControlGroup: what a session's program charged is known, and its
// group goes with its worker.
func TestLiveControlGroup(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.CgroupMemory)
	tracer.CloseIdle()
	if old := groups(t); len(old) > 0 {
		t.Fatalf("left behind by others: %v", old)
	}
	const size = 20 << 20
	for range 3 {
		r, out := hold(t, tracer.Config{
			Path: testprog.Program(t, "memory"), Args: args("private", "20480"), Require: []tracer.Wall{tracer.WallCgroup},
		})
		if r.Outcome != tracer.OK {
			t.Fatalf("%v: %s\n%s", r.Outcome, r.Message, out)
		}
		if r.MemoryPeak < size || r.MemoryPeak > 2*size {
			t.Errorf("%d bytes charged at most, for a program that touches %d", r.MemoryPeak, size)
		}
	}
	if len(groups(t)) == 0 {
		t.Error("there is no group while the worker waits for the next session")
	}
	tracer.CloseIdle()
	if left := groups(t); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
