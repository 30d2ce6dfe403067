package testprog

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProgramsBare shows what each benign program does without a supervisor,
// so that a live test knows whom to blame.
func TestProgramsBare(t *testing.T) {
	for _, c := range []struct {
		program string
		args    []string
		stdin   string
		status  int
		stdout  string // pattern of the whole output
	}{
		{"empty", nil, "", 0, ``},
		{"true", nil, "", 0, ``},
		{"hello", nil, "", 0, `hello, world\n`},
		{"hello-static", []string{"x"}, "", 0, `hello, x\n`},
		{"hello.s", nil, "", 0, `hello, assembly\n`},
		{"hello.rs", nil, "", 0, `hello, rust 28 100 caught\n`},
		{"hellogo", nil, "", 0, `hello, go 4950\n`},
		{"threads", nil, "", 0, `31999996000000\n`},
		{"threads-static", nil, "", 0, `31999996000000\n`},
		{"cxx", nil, "", 0, `caught 42\nsorted 1000\nthreads 4\n`},
		{"malloc", []string{"16"}, "", 0, `16\n`},
		{"reserve", nil, "", 0, `ok\n`},
		{"spin", []string{"50"}, "", 0, ``},
		{"writes", []string{"10"}, "", 0, `\.{10}`},
		{"sieve", []string{"100000", "2"}, "", 0, `9592\n`},
		{"echo", nil, "to and fro\n", 0, `to and fro\n`},
		{"exitcode", []string{"42"}, "", 42, ``},
		{"raise", []string{"23"}, "", 0, ``}, // SIGURG ends nothing
		{"sigtrap", nil, "", 0, `2\n`},
		{"groupstop", []string{"fork"}, "", 0, `stopping\nstopped for \d+ ms, \d+ ticks\n`},
		{"threadexec", []string{"50"}, "", 0, `done\n`},
		{"crowdexec", []string{"50", "getppid"}, "", 0, ``},
		{"crowdexec", []string{"50", "newfstatat", "gone"}, "", 0, ``},
		{"clonekinds", []string{"5"}, "", 0, `0 0 0 0 0 0\n`}, // nothing answers EXDEV
		{"forkstorm", []string{"50"}, "", 0, `200\n`},
		{"vforkspawn", []string{"50"}, "", 0, `50\n`},
		{"zombieleader", nil, "", 3, ``},
		{"orphan", []string{"1"}, "", 0, `\d+\n`},
		{"chaos", []string{"1", "7"}, "", 0, `(?s).*over\n`},
		{"deepstack", []string{"2048"}, "", 0, `ok\n`},
		{"restart", nil, "", 0, `slept \d+ ms, polled \d+ ms, read 1\n`},
		{"restart", []string{"fork"}, "", 0, `slept \d+ ms, polled \d+ ms, read 1\n`},
		{"dlopen", nil, "", 0, `1\.0\n`},
	} {
		t.Run(strings.Join(append([]string{c.program}, c.args...), " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, Program(t, c.program), c.args...)
			cmd.Stdin = strings.NewReader(c.stdin)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.WaitDelay = 2 * time.Second
			var out bytes.Buffer
			cmd.Stdout = &out
			err := cmd.Run()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.status {
				t.Errorf("%v, want status %d", cmd.ProcessState, c.status)
			}
			if !regexp.MustCompile(`^` + c.stdout + `$`).Match(out.Bytes()) {
				t.Errorf("printed %q, want %s", out.Bytes(), c.stdout)
			}
		})
	}
}

// TestRaise shows that signals of a program come through as they are.
func TestRaise(t *testing.T) {
	cmd := exec.Command(Program(t, "raise"), "24")
	err := cmd.Run()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGXCPU {
		t.Errorf("ended by %v, want SIGXCPU", err)
	}
}
