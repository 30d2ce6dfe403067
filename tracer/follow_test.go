package tracer_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// diary is a witness that keeps what it is told.
type diary struct {
	mu    sync.Mutex
	lines []string
	calls map[string]int
	open  map[int]string
	quiet bool // keep counts only
	blind bool // want no returns
}

func newDiary() *diary { return &diary{calls: map[string]int{}, open: map[int]string{}} }

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.quiet {
		d.lines = append(d.lines, fmt.Sprintf(format, args...))
	}
}

func (d *diary) Enter(_, tid int, c *rules.Call, _ *rules.Verdict) bool {
	name, _ := c.Arch.Name(c.Nr)
	d.mu.Lock()
	d.calls[name]++
	d.open[tid] = name
	d.mu.Unlock()
	return !d.blind
}

func (d *diary) Return(_, tid int, value uint64, failed bool) {
	if failed {
		d.add("%s = -%s", d.open[tid], abi.ErrnoName(uint32(value)))
	} else {
		d.add("%s = %d", d.open[tid], int64(value))
	}
	delete(d.open, tid)
}

func (d *diary) Signal(_, _, sig int, info []byte) {
	d.add("signal %s (%d bytes)", abi.SignalName(sig), len(info))
}
func (d *diary) Stopped(_, _, sig int)    { d.add("stopped by %s", abi.SignalName(sig)) }
func (d *diary) Born(pid, tid, _ int)     { d.add("born, a process: %v", pid == tid) }
func (d *diary) Executed(pid, former int) { d.add("executed by its leader: %v", pid == former) }
func (d *diary) Ended(pid, tid int, s unix.WaitStatus) {
	d.add("ended, a process: %v, exit %d, signal %d", pid == tid, s.ExitStatus(), s.Signal())
}

func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

func follow(t testing.TB, cfg *tracer.Following, argv ...string) *tracer.Followed {
	t.Helper()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cfg.Path, cfg.Args, cfg.Env = path, argv, os.Environ()
	for i := range cfg.Descriptor {
		if cfg.Descriptor[i] == nil {
			cfg.Descriptor[i] = null
		}
	}
	r, err := tracer.Follow(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLiveFollow(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	for _, way := range []struct {
		name string
		cfg  tracer.Following
	}{
		{"all", tracer.Following{}},
		{"some", tracer.Following{Calls: []string{"openat", "execve", "exit_group", "clone", "vfork", "wait4", "kill"}}},
	} {
		t.Run(way.name, func(t *testing.T) {
			d := newDiary()
			way.cfg.Witness = d
			r := follow(t, &way.cfg, "sh", "-c", "/bin/true; /bin/false; exec sh -c 'kill -USR1 $$'")
			t.Log(d.text())
			if !r.Status.Signaled() || r.Status.Signal() != unix.SIGUSR1 {
				t.Errorf("status %#x", r.Status)
			}
			for want, n := range map[string]int{
				"execve = 0":            4,
				"born, a process: true": 2,
				"ended, a process: true, exit 1, signal -1": 1,
				"ended, a process: true, exit 0, signal -1": 1,
				"signal SIGUSR1 (128 bytes)":                1,
				"signal SIGCHLD (128 bytes)":                2,
				"executed by its leader: true":              3,
			} {
				if got := strings.Count(d.text(), want); got != n {
					t.Errorf("%q %d times, want %d", want, got, n)
				}
			}
			if way.name == "some" && d.calls["brk"] > 0 {
				t.Error("brk was told of")
			}
		})
	}
}

func BenchmarkFollow(b *testing.B) {
	testutil.Require(b, testutil.Ptrace)
	null, err := os.OpenFile("/dev/zero", os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	for _, way := range []string{"all", "entries", "rare"} {
		b.Run(way, func(b *testing.B) {
			d := newDiary()
			d.quiet, d.blind = true, way == "entries"
			cfg := tracer.Following{Witness: d, Entries: way == "entries"}
			if way == "rare" {
				cfg.Calls = []string{"openat"}
			}
			follow(b, &cfg, "dd", "if=/dev/zero", "of=/dev/null", "bs=1", fmt.Sprintf("count=%d", b.N))
		})
	}
	b.Run("strace", func(b *testing.B) {
		_ = exec.Command("strace", "-f", "-o", "/dev/null", "dd", "if=/dev/zero", "of=/dev/null", "bs=1", fmt.Sprintf("count=%d", b.N)).Run()
	})
	b.Run("bare", func(b *testing.B) {
		_ = exec.Command("dd", "if=/dev/zero", "of=/dev/null", "bs=1", fmt.Sprintf("count=%d", b.N)).Run()
	})
}

// TestLiveTrace: a session's witness sees what the policy refuses, too.
func TestLiveTrace(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		for _, calls := range [][]string{nil, {"openat", "write", "ioctl", "execve"}} {
			t.Run(fmt.Sprintf("%s/%d", engine, len(calls)), func(t *testing.T) {
				d := newDiary()
				cfg := tracer.Config{Path: "/bin/cat", Args: []string{"cat", "/etc/passwd"}, Engine: engine, Trace: &tracer.Tracing{Calls: calls, Witness: d}}
				r, err := tracer.Run(context.Background(), &cfg)
				if err != nil {
					t.Fatal(err)
				}
				if r.Outcome != tracer.PolicyViolation || r.Violation.Call.Name != "openat" {
					t.Errorf("%+v", r)
				}
				t.Log(d.text())
				for want, n := range map[string]int{
					"execve = 0": 1, "openat = 3": 2, "ended, a process: true, exit -1, signal 9": 1,
				} {
					if got := strings.Count(d.text(), want); got != n {
						t.Errorf("%q %d times, want %d", want, got, n)
					}
				}
				if d.calls["openat"] != 3 {
					t.Errorf("%d openat, want 3: the last does not return", d.calls["openat"])
				}
				if (d.calls["brk"] > 0) != (calls == nil) {
					t.Errorf("%d brk", d.calls["brk"])
				}
			})
		}
	}
}
