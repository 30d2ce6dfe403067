package testprog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
)

// The keeper is the process between the test and an attack: this test binary
// once more, in the role that a supervisor will have. What an attack does to
// its parent it does to its keeper; what it leaves behind the keeper inherits
// (it is a subreaper), and waits for or kills.

const (
	keeperMode = "WARDER_TESTPROG_KEEPER"
	keptOutput = 4096            // bytes of an attack's output that are shown
	straysEnd  = 6 * time.Second // by which survivors have ended by themselves
)

// job is what a keeper is told, report what it answers, both as JSON.
type job struct {
	Path, Scratch string
	Limit         time.Duration
	Core          bool // allow a core file
}

type report struct {
	Outcome string // in the words of AttackInfo.Bare
	Output  string
	Strays  []string // what had to be killed
	Err     string
}

func TestMain(m *testing.M) {
	if text := os.Getenv(keeperMode); text != "" {
		var j job
		var r report
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			r.Err = err.Error()
		} else if r, err = keep(j); err != nil {
			r.Err = err.Error()
		}
		if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// keep runs one attack to its end, and all that it started to theirs.
func keep(j job) (report, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return report{}, fmt.Errorf("become a subreaper: %w", err)
	}
	// What the test was started with open is no concern of the attack.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return report{}, fmt.Errorf("close inherited descriptors: %w", err)
	}
	if err := setCore(j.Core); err != nil {
		return report{}, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return report{}, fmt.Errorf("make a pipe: %w", err)
	}
	cmd := exec.Command(j.Path, j.Scratch)
	cmd.Dir = j.Scratch
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return report{}, fmt.Errorf("start: %w", err)
	}
	_ = w.Close()
	output := make(chan string, 1)
	go func() {
		head, _ := io.ReadAll(io.LimitReader(r, keptOutput))
		_, _ = io.Copy(io.Discard, r)
		output <- string(head)
	}()

	pid := cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var out report
	select {
	case err = <-ended:
		out.Outcome = outcome(cmd.ProcessState)
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			return report{}, fmt.Errorf("wait: %w", err)
		}
	case <-time.After(j.Limit):
		out.Outcome = "timeout"
		if err := unix.Kill(-pid, unix.SIGKILL); err != nil {
			return report{}, fmt.Errorf("kill the group: %w", err)
		}
		<-ended
	}
	out.Strays = sweep(pid)
	select {
	case out.Output = <-output:
	case <-time.After(time.Second):
		out.Strays = append(out.Strays, "somebody still holds the output")
	}
	return out, nil
}

// setCore sets how large a core file may be: an attack that dies of a signal
// must leave one only where that is its claim.
func setCore(allow bool) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("core file limit: %w", err)
	}
	limit.Cur = 0
	if allow {
		limit.Cur = limit.Max
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return fmt.Errorf("core file limit: %w", err)
	}
	return nil
}

func outcome(state *os.ProcessState) string {
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return "signaled " + unix.SignalName(status.Signal())
	case ok && status.Exited():
		return strconv.Itoa(status.ExitStatus())
	}
	return state.String()
}

// sweep reaps every descendant. One that has not ended by itself in time is
// killed and reported.
func sweep(group int) []string {
	var killed []string
	deadline := time.Now().Add(straysEnd)
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG|unix.WALL, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return killed
		case err == nil && pid > 0, errors.Is(err, unix.EINTR):
			continue
		}
		if time.Now().After(deadline) {
			_ = unix.Kill(-group, unix.SIGKILL)
			for _, stray := range testutil.Descendants() {
				killed = append(killed, fmt.Sprintf("process %d", stray))
				_ = unix.Kill(stray, unix.SIGKILL)
			}
			deadline = time.Now().Add(time.Second)
			if len(killed) > 1000 {
				return killed
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// runBare runs one attack without a supervisor, under a keeper.
func runBare(t *testing.T, info AttackInfo, scratch string) report {
	t.Helper()
	j := job{Path: Attack(t, info.Name), Scratch: scratch, Limit: 30 * time.Second, Core: info.Name == "core-dump"}
	if slices.Contains(info.Bare, "timeout") {
		j.Limit = time.Second
	}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), keeperMode+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("keeper: %v", err)
	}
	var r report
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatalf("keeper said %q: %v", answer, err)
	}
	if r.Err != "" {
		t.Fatalf("keeper: %s", r.Err)
	}
	return r
}
