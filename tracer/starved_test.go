package tracer_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// holdStarved runs each program with fewer and fewer descriptors to be had, and
// says how the sessions ended. One that does not end is status 3.
func holdStarved() int {
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		return 2
	}
	limit := func(n uint64) { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: was.Max}) }
	for _, path := range filepath.SplitList(os.Getenv(programsVariable)) {
		cfg := tracer.Config{Path: path, Limits: tracer.Limits{Wall: 5 * time.Second}}
		ok, failed := 0, 0
		for n := uint64(64); n >= 4; n-- {
			limit(was.Cur)
			if n%2 == 0 {
				tracer.CloseIdle() // it has to make a stub, too
			} else if _, err := tracer.Run(context.Background(), &cfg); err != nil {
				fmt.Println(err)
				return 2
			}
			limit(n)
			done := make(chan bool, 1)
			go func() {
				r, err := tracer.Run(context.Background(), &cfg)
				done <- err == nil && r.Outcome == tracer.OK
			}()
			select {
			case well := <-done:
				if well {
					ok++
				} else {
					failed++
				}
			case <-time.After(tooLong):
				limit(was.Cur)
				fmt.Printf("with %d descriptors %s hangs\n", n, filepath.Base(path))
				return 3
			}
		}
		limit(was.Cur)
		fmt.Println(ok > 0, failed > 0)
	}
	tracer.CloseIdle()
	return 0
}

// TestLiveStarved: wherever a session runs out of descriptors, it ends, and so
// does its program.
func TestLiveStarved(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	adopt(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	programs := testprog.Program(t, "emptylibc") + string(filepath.ListSeparator) + noted(t, testprog.Program(t, "fstats"))
	cmd.Env = append(os.Environ(), roleVariable+"=starved", programsVariable+"="+programs)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if want := "true true\ntrue true\n"; err != nil || string(out) != want {
		t.Errorf("it ended with %v, and said %q, want %q", err, out, want)
	}
	if left := stillThere(func() []int { testutil.Reap(); return testutil.Descendants() }); len(left) > 0 {
		t.Errorf("survivors: %v", left)
	}
}
