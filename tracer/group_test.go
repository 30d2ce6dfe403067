package tracer_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/jail/cgroup"
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

// besideGroup are attacks on memory that a control group does not hold: they
// take next to none.
const besideGroup = "memory-mlock memory-mlockall memory-map-locked"

// TestLiveGroupAlone: what a control group holds where nothing else does, no
// supervisor either.
func TestLiveGroupAlone(t *testing.T) {
	testutil.Require(t, append(groupNeeds, testutil.Root)...)
	var attacks []string
	for _, class := range possible(t) {
		for _, row := range class.rows {
			if class.name == "memory" || strings.Contains(row.by, string(tracer.WallCgroup)) {
				attacks = append(attacks, row.attack)
			}
		}
	}
	held := 0
	for _, attack := range attacks {
		t.Run(attack, func(t *testing.T) {
			g, err := cgroup.New()
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := errors.Join(g.Kill(), g.Close()); err != nil {
					t.Error(err)
				}
			}()
			if err := g.Limit(cgroup.Limits{Memory: 64 << 20, Processes: 16, CPUs: cgroup.NoLimit}); err != nil {
				t.Fatal(err)
			}
			// The shell waits until it is in the group, and becomes the attack.
			cmd := exec.Command("/bin/sh", "-c", `read go && exec "$0" "$@"`, testprog.Attack(t, attack), testprog.Scratch(t))
			if attack == "ipc-shm-store" {
				cmd.Args = append(cmd.Args, targets["shm-store"](t, tracer.Config{}, "").arg)
			}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if err := g.Add(cmd.Process.Pid); err != nil {
				t.Error(err)
			}
			_, werr := io.WriteString(in, "go\n")
			_ = cmd.Wait() // how it ended is looked at
			ws, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
			escaped := ws.Exited() && ws.ExitStatus() == 1
			contained := ws.Exited() && ws.ExitStatus() == 0 || ws.Signaled() && ws.Signal() == unix.SIGKILL
			if werr != nil || !escaped && !contained {
				t.Fatalf("it ended as %v, %v", cmd.ProcessState, werr)
			}
			if contained {
				held++
			}
			if slices.Contains(strings.Fields(besideGroup), attack) != escaped {
				t.Errorf("escaped: %t, %v", escaped, cmd.ProcessState)
			}
		})
	}
	t.Logf("\n| memory and tasks, in a control group and without a supervisor: %d/%d |", held, len(attacks))
}
