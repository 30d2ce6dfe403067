package tracer_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// Environment of the role "crowd": how many sessions, and FIRST-COUNT of ids.
// The mark is the program's arguments.
const (
	crowdVariable = "WARDER_TRACER_CROWD"
	idsVariable   = "WARDER_TRACER_IDS"
)

func init() { roles["crowd"] = superviseCrowd }

// superviseCrowd holds many programs at once, and prints each one's user id,
// as the kernel has it, or what went wrong. It ends with its input.
func superviseCrowd() int {
	n, _ := strconv.Atoi(os.Getenv(crowdVariable))
	var ids tracer.IDs
	if text := os.Getenv(idsVariable); text != "" {
		if _, err := fmt.Sscanf(text, "%d-%d", &ids.First, &ids.Count); err != nil {
			return 2
		}
	}
	engine, err := tracer.ParseEngine(os.Getenv(engineVariable))
	policy, perr := rules.Parse("all.yaml", []byte(allowAll), rules.ParseOptions{})
	if err != nil || perr != nil {
		return 2
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			r, err := tracer.Run(ctx, &tracer.Config{
				Path: os.Getenv(programsVariable), Args: strings.Fields(os.Getenv(markVariable)), Policy: policy, Engine: engine, IDs: ids,
				Limits: tracer.Limits{Wall: tracer.Unlimited},
				// What a namespace costs is no matter here.
				Without: []tracer.Wall{tracer.WallNetNS, tracer.WallIPCNS, tracer.WallCgroupNS},
				Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) {
					fmt.Printf("held as %s\n", ownerOf(tr.PID()))
				}},
			})
			if err != nil {
				fmt.Println(err)
			} else if r.Outcome != tracer.Failed { // by ctx
				fmt.Printf("ended: %s %s\n", fate(r), r.Message)
			}
		})
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	cancel()
	wg.Wait()
	tracer.CloseIdle()
	return 0
}

// ownerOf gives the user of a process, if all four of his ids are one.
func ownerOf(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 5 && f[0] == "Uid:" {
			if f[1] == f[2] && f[2] == f[3] && f[3] == f[4] {
				return f[1]
			}
			return line
		}
	}
	return "nobody"
}

// crowd is one more supervisor.
type crowd struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Scanner
}

func startCrowd(t *testing.T, n int, program, argv string, ids tracer.IDs, engine tracer.Engine) *crowd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleVariable+"=crowd", crowdVariable+"="+strconv.Itoa(n), markVariable+"="+argv,
		programsVariable+"="+testprog.Program(t, program), engineVariable+"="+engine.String())
	if ids.Count > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d-%d", idsVariable, ids.First, ids.Count))
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, unless the test failed
	return &crowd{cmd, in, bufio.NewScanner(out)}
}

// held reads what n sessions say, and gives the ids.
func (c *crowd) held(t *testing.T, n int) []string {
	t.Helper()
	var ids []string
	for range n {
		if !c.out.Scan() {
			t.Fatalf("the supervisor ended after %d of %d sessions", len(ids), n)
		}
		id, ok := strings.CutPrefix(c.out.Text(), "held as ")
		if !ok {
			t.Errorf("a session said %q", c.out.Text())
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

func (c *crowd) end(t *testing.T) {
	t.Helper()
	_ = c.in.Close()
	for c.out.Scan() {
		t.Errorf("at its end a session said %q", c.out.Text())
	}
	if err := c.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func (c *crowd) kill(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.cmd.Wait() // it says that the process was killed
}

func distinct(t *testing.T, ids []string, r tracer.IDs) {
	t.Helper()
	seen := make(map[string]bool)
	for _, id := range ids {
		n, err := strconv.ParseUint(id, 10, 32)
		if err != nil || !r.Contains(uint32(n)) {
			t.Errorf("a program runs as %q, want one of %d to %d", id, r.First, r.Last())
		}
		if seen[id] {
			t.Errorf("two programs at once run as %s", id)
		}
		seen[id] = true
	}
}

// TestLiveDistinctIDs holds 200 programs at once, by one supervisor and by
// several that know nothing of each other.
func TestLiveDistinctIDs(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	noStrays(t)
	tight := tracer.IDs{First: 0x6f000000, Count: 200}
	for _, c := range []struct {
		name       string
		processes  int
		ids, among tracer.IDs
	}{
		{"one process", 1, tracer.IDs{}, tracer.DefaultIDs},
		{"four processes", 4, tracer.IDs{}, tracer.DefaultIDs},
		{"four processes and as many ids", 4, tight, tight},
	} {
		t.Run(c.name, func(t *testing.T) {
			var crowds []*crowd
			var ids []string
			each := 200 / c.processes
			for range c.processes {
				crowds = append(crowds, startCrowd(t, each, "sleeper-static", "sleeper", c.ids, tracer.Hybrid))
			}
			for _, one := range crowds {
				ids = append(ids, one.held(t, each)...)
			}
			distinct(t, ids, c.among)
			if c.ids == tight {
				_, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "true"), IDs: tight})
				if want := fmt.Sprintf("all 200 user ids from %d are in use", tight.First); err == nil || err.Error() != want {
					t.Errorf("the 201st: %v, want %s", err, want)
				}
			}
			for _, one := range crowds {
				one.end(t)
			}
			if c.ids == tight {
				if _, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "true"), IDs: tight}); err != nil {
					t.Errorf("after they ended: %v", err)
				}
			}
		})
	}
}

// TestLiveIDsFreed: the ids of a supervisor that is killed are free at once.
func TestLiveIDsFreed(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	noStrays(t)
	adopt(t)
	ids := tracer.IDs{First: 0x6f001000, Count: 20}
	for range 10 {
		c := startCrowd(t, 20, "sleeper-static", "sleeper", ids, tracer.Hybrid)
		distinct(t, c.held(t, 20), ids)
		c.kill(t)
		if t.Failed() {
			break
		}
	}
	c := startCrowd(t, 20, "sleeper-static", "sleeper", ids, tracer.Hybrid)
	distinct(t, c.held(t, 20), ids)
	c.end(t)
	stillThere(func() []int { testutil.Reap(); return testutil.Descendants() })
}

// TestLiveIDsVacated: what a killed supervisor left running under an id, as
// the seccomp engine can, is dead before another program has it.
func TestLiveIDsVacated(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	noStrays(t)
	adopt(t)
	ids := tracer.IDs{First: 0x6f002000, Count: 1}
	left := func() []int {
		return processes(func(pid int) bool {
			var st unix.Stat_t
			return unix.Stat(fmt.Sprintf("/proc/%d", pid), &st) == nil && st.Uid == ids.First && !initsZombie(pid)
		})
	}
	c := startCrowd(t, 1, "orphan", "orphan 60", ids, tracer.Seccomp)
	distinct(t, c.held(t, 1), ids)
	for deadline := time.Now().Add(5 * time.Second); len(left()) < 1 && time.Now().Before(deadline); {
		time.Sleep(5 * ms)
	}
	time.Sleep(50 * ms) // until the program has forked
	c.kill(t)
	time.Sleep(50 * ms)
	if len(left()) == 0 {
		t.Error("nothing stayed behind: the test shows nothing")
	}
	found := -1
	hold(t, tracer.Config{Path: testprog.Program(t, "true"), IDs: ids, Hooks: tracer.Hooks{Entry: func(tr *tracer.Tracee) {
		testutil.Reap()
		found = len(left()) - 1
	}}})
	if found != 0 {
		t.Errorf("%d processes of the user are there beside the program", found)
	}
	stillThere(func() []int { testutil.Reap(); return left() })
}

// TestLiveFixedIDIsNobodyElses: an id of the held range that is asked for by
// number is refused while a session has it, or one user's program could be
// sent to join another's.
func TestLiveFixedIDIsNobodyElses(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	cfg := tracer.Config{Path: testprog.Program(t, "empty"), UID: tracer.DefaultIDs.Last()}
	first, tried := cfg, false
	first.Hooks.Entry = func(*tracer.Tracee) {
		tried = true
		if _, _, err := tryHold(t, cfg); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("a second session with the id: %v, want that it is in use", err)
		}
	}
	for _, c := range []tracer.Config{first, cfg} {
		if r, _ := hold(t, c); r.Outcome != tracer.OK {
			t.Errorf("%v %s", r.Outcome, r.Message)
		}
	}
	if !tried {
		t.Error("the first session had no entry")
	}
}
