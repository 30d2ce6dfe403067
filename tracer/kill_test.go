package tracer_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// Environment of the role "supervisor": the engine, the mark that its programs
// bear as argv[0], their files, and a profile where the engine alone does not
// say which.
const (
	engineVariable   = "WARDER_TRACER_ENGINE"
	markVariable     = "WARDER_TRACER_MARK"
	programsVariable = "WARDER_TRACER_PROGRAMS"
	profileVariable  = "WARDER_TRACER_PROFILE"
)

// superviseForEver runs four sessions at a time until it is killed. It says
// "ready" once a program runs.
func superviseForEver() int {
	engine, err := tracer.ParseEngine(os.Getenv(engineVariable))
	if err != nil {
		return 2
	}
	policy, err := rules.Parse("all.yaml", []byte(allowAll), rules.ParseOptions{})
	if name := os.Getenv(profileVariable); name != "" {
		policy, err = rules.Profile(name)
	}
	if err != nil {
		return 2
	}
	argv := [][]string{{"200"}, {}, {"2000"}}
	failed := make(chan error)
	for i := range 4 {
		go func() {
			for {
				programs := filepath.SplitList(os.Getenv(programsVariable))
				n := i % len(programs)
				_, err := tracer.Run(context.Background(), &tracer.Config{
					Path: programs[n], Args: append([]string{os.Getenv(markVariable)}, argv[n]...),
					Policy: policy, Engine: engine,
					Hooks: tracer.Hooks{Entry: func(*tracer.Tracee) { fmt.Println("ready") }},
				})
				if err != nil {
					failed <- err
				}
			}
		}()
	}
	fmt.Println("failed:", <-failed)
	return 1
}

// TestLiveSupervisorKilled kills a supervisor with SIGKILL at random moments:
// none of its programs may outlive it, whatever they forked.
func TestLiveSupervisorKilled(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	adopt(t)
	for _, c := range []struct {
		name     string
		engine   tracer.Engine
		profile  string
		times    int
		programs []string
	}{
		{"hybrid", tracer.Hybrid, "", 50, []string{"spin", "threads", "forkstorm"}},
		{"ptrace", tracer.Ptrace, "", 50, []string{"spin", "threads", "forkstorm"}},
		{"seccomp", tracer.Seccomp, "runtime", 20, []string{"spin", "threads"}},
		{"notified", tracer.Hybrid, "compute", 20, []string{"preempt", "preempt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			programs := ""
			for _, name := range c.programs {
				path := testprog.Program(t, name)
				if c.name == "notified" {
					path = noted(t, path) // one has lost its first thread, as has the other soon
				}
				programs += string(filepath.ListSeparator) + path
			}
			mark := fmt.Sprintf("warder-marked-%d-%d", os.Getpid(), rand.Uint32())
			env := append(os.Environ(), roleVariable+"=supervisor", engineVariable+"="+c.engine.String(),
				markVariable+"="+mark, profileVariable+"="+c.profile, programsVariable+"="+programs[1:])
			seen := 0
			for range c.times {
				after := time.Duration(1+rand.IntN(300)) * ms
				if killSupervisor(t, env, after, mark) {
					seen++
				}
				if t.Failed() {
					t.Fatalf("killed after %v", after)
				}
			}
			// Were none of its programs ever alive at the kill, the test would show nothing.
			if seen < c.times/2 {
				t.Errorf("only %d of %d supervisors held a program when they were killed", seen, c.times)
			}
		})
	}
}

// killSupervisor starts one, kills it and looks for survivors. It reports
// whether a program was alive shortly before.
func killSupervisor(t *testing.T, env []string, after time.Duration, mark string) bool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = env
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	if !said.Scan() || said.Text() != "ready" {
		t.Errorf("the supervisor said %q", said.Text())
	}
	go func() {
		for said.Scan() {
		}
	}()
	time.Sleep(after)
	alive := len(marked(mark)) > 0
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it says that the process was killed
	if left := stillThere(func() []int { testutil.Reap(); return append(testutil.Descendants(), marked(mark)...) }); len(left) > 0 {
		t.Errorf("survivors: %v", left)
		for _, pid := range left {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
	return alive
}

// adopt makes orphans below this process its children, so that none is missed.
func adopt(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); err != nil {
			t.Error(err)
		}
	})
}

// marked lists the processes whose argv[0] is the mark.
func marked(mark string) []int {
	return processes(func(pid int) bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		name, _, _ := bytes.Cut(line, []byte{0})
		return err == nil && string(name) == mark
	})
}

// holdStandard is a supervisor whose own standard descriptors and signals are
// what they are. It writes the program's fate to descriptor 3.
func holdStandard() int {
	report := os.NewFile(3, "report")
	cfg := tracer.Config{
		Path: os.Getenv(programsVariable), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
	var out bytes.Buffer
	if os.Getenv(markVariable) == "collect" {
		cfg.Stdout = &out
	}
	r, err := tracer.Run(context.Background(), &cfg)
	tracer.CloseIdle()
	if err != nil {
		fmt.Fprint(report, err)
		return 1
	}
	fmt.Fprintf(report, "%s\n%s", fate(r), out.String())
	return 0
}

// asHolder runs a command that ends in this binary playing the role "holder".
func asHolder(t *testing.T, program, collect string, command ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r, w := pipe(t)
	defer closeAll(t, r)
	cmd := exec.Command(command[0], append(command[1:], exe)...)
	cmd.Env = append(os.Environ(), roleVariable+"=holder", programsVariable+"="+testprog.Program(t, program), markVariable+"="+collect)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %v", command, err)
	}
	closeAll(t, w)
	var report bytes.Buffer
	if _, err := report.ReadFrom(r); err != nil {
		t.Error(err)
	}
	return report.String()
}

// TestLiveStandardClosed starts a supervisor with standard descriptors closed.
func TestLiveStandardClosed(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, closed := range []string{"<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"} {
		if got := asHolder(t, "hello", "", "sh", "-c", `exec "$0" `+closed); got != "exited 0\n" {
			t.Errorf("with %s: %q", closed, got)
		}
		if got := asHolder(t, "echo", "", "sh", "-c", `exec "$0" </dev/null `+closed); got != "exited 0\n" {
			t.Errorf("with %s: %q", closed, got)
		}
	}
}

// TestLiveSignalsNotInherited: a host that ignores or blocks signals does not
// pass that on.
func TestLiveSignalsNotInherited(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	want := "exited 0\n" + fmt.Sprintf(inherits, "0 read device\n1 write pipe\n2 write device\n")
	for _, how := range [][]string{
		{"env"},
		{"env", "--ignore-signal=HUP,USR1,PIPE,CHLD,RTMIN+5"},
		{"env", "--block-signal=USR2,TERM,ALRM"},
		{"env", "--ignore-signal=XCPU,SEGV", "--block-signal=XFSZ,SYS"},
	} {
		if got := asHolder(t, "inherited", "collect", how...); got != want {
			t.Errorf("after %v: %q, want %q", how, got, want)
		}
	}
}
