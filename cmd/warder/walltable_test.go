package main

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLiveDoctorWalls: the table has every wall and every way, and says the
// same in both forms.
func TestLiveDoctorWalls(t *testing.T) {
	needs(t)
	o := warder(t, "doctor", "--walls")
	o.want(t, 0, "")
	table := seenWalls(t)
	var walls []tracer.Wall
	for _, r := range table.Walls {
		walls = append(walls, r.Wall)
		if len(r.Cells) != len(ways()) {
			t.Errorf("%s: %d cells", r.Wall, len(r.Cells))
		}
		for way, c := range r.Cells {
			if !slices.Contains([]string{"yes", "no", "-"}, c.State) || c.State != "yes" && c.Reason == "" {
				t.Errorf("%s, %s: %+v", r.Wall, way, c)
			}
			if !strings.Contains(o.stdout, c.Reason) {
				t.Errorf("no %q in\n%s", c.Reason, o.stdout)
			}
		}
	}
	if !slices.Equal(walls, tracer.Walls()) {
		t.Errorf("rows %q", walls)
	}
	for _, w := range ways() {
		if head, _, _ := strings.Cut(o.stdout, "\n"); !strings.Contains(head, w.Name) {
			t.Errorf("no %q in %q", w.Name, head)
		}
	}
}

// TestLiveDoctorWallsAsUser: an ordinary user is shown his own way.
func TestLiveDoctorWallsAsUser(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	for _, as := range ways() {
		if as.Name == asRoot {
			continue
		}
		t.Run(as.Name, func(t *testing.T) {
			o := finish(t, inWay(t, &as, "doctor", "--walls"))
			head, rest, _ := strings.Cut(o.stdout, "\n")
			o.want(t, 0, "")
			at := strings.Index(head, as.Name)
			for line := range strings.Lines(rest) {
				if strings.HasPrefix(line, "no-new-privs") && !strings.HasPrefix(line[at:], "yes") || at < 0 {
					t.Errorf("his way is shown as\n%s", o.stdout)
				}
			}
		})
	}
}

// TestLiveDoctorWallsInterrupted: neither files nor processes stay.
func TestLiveDoctorWallsInterrupted(t *testing.T) {
	needs(t)
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	before := testutil.Descendants()
	for i, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		tmp := testprog.Scratch(t)
		was, _ := os.ReadDir(tmp)
		cmd := command(t, "doctor", "--walls")
		cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(15+25*i) * time.Millisecond)
		if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = cmd.Wait() // its status is looked at
		ws, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if ws.Exited() && ws.ExitStatus() != 0 && ws.ExitStatus() != 128+int(sig) {
			t.Errorf("%v: %v\n%s", sig, cmd.ProcessState, out.String())
		}
		if now, _ := os.ReadDir(tmp); len(now) != len(was) {
			t.Errorf("%v: files left: %v", sig, now)
		}
		var left []int
		for deadline := time.Now().Add(8 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			testutil.Reap()
			left = slices.DeleteFunc(testutil.Descendants(), func(pid int) bool { return slices.Contains(before, pid) })
			if len(left) == 0 || time.Now().After(deadline) {
				break
			}
		}
		if len(left) > 0 {
			t.Errorf("%v: processes left: %v", sig, left)
		}
	}
}
