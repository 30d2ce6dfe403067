package tracer_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// piped is follow with the program's output as a string.
func piped(t testing.TB, cfg *tracer.Following, argv ...string) (string, *tracer.Followed) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cfg.Descriptor[1] = w
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	ended := follow(t, cfg, argv...)
	w.Close()
	return <-text, ended
}

// TestLiveFollowPrograms: programs of every kind of birth, death and stop do
// under a tracer what they do without, and their witness sees it all end.
func TestLiveFollowPrograms(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, argv := range [][]string{
		{"goeson", "20", "4"},
		{"forkstorm", "60"},
		{"vforkruns"},
		{"groupstop", "fork"},
		{"crowdexec", "20", "getppid"},
		{"zombieleader"},
		{"restart"},
		{"exitcode", "7"},
		{"clonekinds", "2"},
		{"threads"},
	} {
		program := testprog.Program(t, argv[0])
		for name, calls := range map[string][]string{"all": nil, "some": {"openat", "clone3", "write"}} {
			t.Run(argv[0]+"/"+name, func(t *testing.T) {
				d := newDiary()
				d.quiet = true
				alone := exec.Command(program, argv[1:]...)
				want, err := alone.Output()
				if err != nil && alone.ProcessState == nil {
					t.Fatal(err)
				}
				got, r := piped(t, &tracer.Following{Witness: d, Calls: calls}, append([]string{program}, argv[1:]...)...)
				if r.Status.ExitStatus() != alone.ProcessState.ExitCode() {
					t.Errorf("exit status %d, alone %d", r.Status.ExitStatus(), alone.ProcessState.ExitCode())
				}
				if strip(got) != strip(string(want)) {
					t.Errorf("%q, alone %q", got, want)
				}
			})
		}
	}
}

// strip takes numbers out, which are times and process ids for most.
func strip(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
}

// TestLiveFollowChaos: whatever tasks do to each other, it ends.
func TestLiveFollowChaos(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	program := testprog.Program(t, "chaos")
	for seed := range 3 {
		for name, calls := range map[string][]string{"all": nil, "some": {"execve", "kill"}} {
			t.Run(name+strconv.Itoa(seed), func(t *testing.T) {
				d := newDiary()
				d.quiet = true
				got, r := piped(t, &tracer.Following{Witness: d, Calls: calls}, program, "1", strconv.Itoa(seed))
				if !strings.Contains(got, "over") || r.Status.ExitStatus() != 0 {
					t.Errorf("%q, status %#x", got, r.Status)
				}
			})
		}
	}
}

// TestLiveFollowEnd: the end of the context kills what was started, with all
// that it has started.
func TestLiveFollowEnd(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		line := make([]byte, 64)
		n, _ := r.Read(line)
		out.Write(line[:n])
		cancel()
	}()
	d := newDiary()
	began := time.Now()
	ended, err := tracer.Follow(ctx, &tracer.Following{
		Path: "/bin/sh", Args: []string{"sh", "-c", "sleep 100 & echo $!; wait"}, Env: os.Environ(),
		Descriptor: [3]*os.File{nil, w, w}, Witness: d, Calls: []string{"wait4"},
	})
	w.Close()
	if err != nil || !ended.Status.Signaled() || ended.Status.Signal() != unix.SIGKILL {
		t.Errorf("%v, %+v", err, ended)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("after %v", took)
	}
	child, err := strconv.Atoi(strings.TrimSpace(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	reaches(t, "its child is gone", func() bool { return unix.Kill(child, 0) == unix.ESRCH || state(child) == 'Z' })
}
