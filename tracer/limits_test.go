package tracer_test

import (
	"runtime"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// cpuSlack is how much CPU time beyond its limit a whole tree may use.
const cpuSlack = 20 * ms

// lateness measures, until stop is called, by how much this machine lets a
// thread that sleeps for a millisecond oversleep. What it withholds from us it
// withholds from a supervisor as well, and every core may compute meanwhile.
func lateness() (stop func() time.Duration) {
	over, worst := make(chan struct{}), make(chan time.Duration)
	go func() {
		late := time.Duration(0)
		for {
			select {
			case <-over:
				worst <- late
				return
			default:
			}
			begun := time.Now()
			time.Sleep(ms)
			late = max(late, time.Since(begun)-2*ms)
		}
	}()
	return func() time.Duration {
		close(over)
		return <-worst
	}
}

func TestLiveCPULimit(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	fork := onTopOf(t, "compute", forkRules)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		for _, c := range []struct {
			name   string
			args   []string
			policy *rules.Policy
		}{
			{"one thread", args("user"), nil},
			{"eight threads", args("threads", "8"), nil},
			{"in the kernel", args("kernel"), nil},
			{"SIGXCPU ignored", args("ignore"), nil},
			{"a chain of processes", args("chain", "10"), fork},
			{"children, never waited for", args("children", "10"), fork},
		} {
			t.Run(engine.String()+"/"+c.name, func(t *testing.T) {
				for _, limit := range []time.Duration{50 * ms, 230 * ms} {
					burn := testprog.Program(t, "burn")
					stop := lateness()
					r, out := hold(t, tracer.Config{
						Path: burn, Args: c.args, Policy: c.policy, Engine: engine, Limits: tracer.Limits{CPU: limit},
					})
					late := stop() * time.Duration(runtime.NumCPU())
					if r.Outcome != tracer.CPUTimeLimit {
						t.Errorf("limit %v: %s: %s\n%s", limit, fate(r), r.Message, out)
					}
					got := r.CPU()
					if got < limit || got > limit+cpuSlack+late {
						t.Errorf("limit %v: ended after %v of CPU time (wall %v, the machine is late by %v): %s", limit, got, r.Wall, late, r.Message)
					}
					t.Logf("limit %v: %v more (%v late): %s", limit, got-limit, late, r.Message)
				}
			})
		}
	}
}

// TestLiveCPUTime compares what is reported with what programs measured of
// themselves: it has to count processes once, waited for or not.
func TestLiveCPUTime(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	all := parsed(t, allowAll)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		for _, c := range []struct {
			name, program string
			args          []string
			want          time.Duration
		}{
			{"one process", "spin", args("150"), 150 * ms},
			{"a chain of processes", "burn", args("chain", "20", "8"), 160 * ms},
			{"children, never waited for", "burn", args("children", "20", "8"), 160 * ms},
		} {
			t.Run(engine.String()+"/"+c.name, func(t *testing.T) {
				r, out := hold(t, tracer.Config{Path: testprog.Program(t, c.program), Args: c.args, Policy: all, Engine: engine})
				if r.Outcome != tracer.OK {
					t.Fatalf("%s: %s\n%s", fate(r), r.Message, out)
				}
				// Starting, forking and ending cost CPU time, too. A program's
				// own clock has run since before its execve.
				if got := r.CPU(); got < c.want-3*ms || got > c.want*5/4+20*ms {
					t.Errorf("%v of CPU time reported, want %v and a little more", got, c.want)
				}
			})
		}
	}
}

// TestLiveCPUTimeKernel: time in the kernel counts, as system time.
func TestLiveCPUTimeKernel(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	r, _ := hold(t, tracer.Config{
		Path: testprog.Program(t, "burn"), Args: args("kernel"), Limits: tracer.Limits{CPU: 300 * ms},
	})
	if r.Outcome != tracer.CPUTimeLimit || r.System < r.User {
		t.Errorf("%s: user %v, system %v", fate(r), r.User, r.System)
	}
}

func TestLiveMemoryLimit(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	memfd := onTopOf(t, "compute", memfdRules)
	const kib, mib = 1 << 10, 1 << 20
	for _, c := range []struct {
		name, program string
		args          []string
		limit         int64
		want          tracer.Outcome
	}{
		{"2 MiB under 1 MiB", "touch", args("2048"), 1 * mib, tracer.MemoryLimit},
		{"1.25 MiB under 1 MiB", "touch", args("1280"), 1 * mib, tracer.MemoryLimit},
		{"half a MiB under 1 MiB", "touch", args("512"), 1 * mib, tracer.OK},
		{"nothing under 1 MiB", "empty", nil, 1 * mib, tracer.OK},
		{"the C library, static, under 2 MiB", "hello-static", nil, 2 * mib, tracer.OK},
		{"the C library, dynamic, under 4 MiB", "hello", nil, 4 * mib, tracer.OK},
		{"Go under 64 MiB", "hellogo", nil, 64 * mib, tracer.OK},
		{"64 GiB reserved under 64 MiB", "reserve", nil, 64 * mib, tracer.OK},
		{"64 GiB reserved under 4 MiB", "reserve", nil, 4 * mib, tracer.OK},
		{"60 MiB under 64 MiB", "memory", args("private", "61440"), 64 * mib, tracer.OK},
		{"70 MiB under 64 MiB", "memory", args("private", "71680"), 64 * mib, tracer.MemoryLimit},
		{"70 MiB shared under 64 MiB", "memory", args("shared", "71680"), 64 * mib, tracer.MemoryLimit},
		{"70 MiB in a memfd under 64 MiB", "memory", args("memfd", "71680"), 64 * mib, tracer.MemoryLimit},
		{"40 MiB in memfds that are not mapped, under 64 MiB", "memory", args("files", "40960"), 64 * mib, tracer.OK},
		{"70 MiB of page tables under 64 MiB", "memory", args("tables", "71680"), 64 * mib, tracer.MemoryLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			var policy *rules.Policy
			if c.program == "memory" {
				policy = memfd
			}
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, c.program), Args: c.args, Policy: policy,
				Limits: tracer.Limits{Memory: c.limit, FileSize: tracer.Unlimited, OpenFiles: 256},
			})
			if r.Outcome != c.want {
				t.Errorf("%s, want %s: peak %d KiB, wall %v: %s\n%s", fate(r), c.want, r.MaxRSS/kib, r.Wall, r.Message, out)
			}
		})
	}
}

// TestLivePeakMemory: the peak is the program's own. What is measured by
// ru_maxrss may begin with the size of the parent, here a large test.
func TestLivePeakMemory(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	ballast := make([]byte, 256<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	tracer.CloseIdle() // a stub that is started now is started by a large process
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		policy := profile(t, "runtime")
		for _, c := range []struct {
			touched  string
			from, to int64 // KiB; the kernel counts by batches for each CPU
		}{{"0", 0, 1024}, {"4096", 4096 - 512, 5 * 1024}, {"8192", 8192 - 512, 9 * 1024}} {
			r, _ := hold(t, tracer.Config{Path: testprog.Program(t, "touch"), Args: args(c.touched), Engine: engine, Policy: policy})
			if r.Outcome != tracer.OK || r.MaxRSS < c.from<<10 || r.MaxRSS > c.to<<10 {
				t.Errorf("%s, %s KiB touched: %s, peak %d KiB", engine, c.touched, fate(r), r.MaxRSS>>10)
			}
		}
	}
	if ballast[0] != 1 {
		t.Error("the ballast is gone")
	}
}

// TestLiveWallLimit: wall time ends what uses none, and soon.
func TestLiveWallLimit(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		for _, limit := range []time.Duration{20 * ms, 500 * ms} {
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, "sleeper"), Args: args("20"), Engine: engine, Limits: tracer.Limits{Wall: limit},
			})
			if r.Outcome != tracer.WallTimeLimit || r.Wall < limit || r.Wall > limit+time.Second {
				t.Errorf("%s, limit %v: %s after %v\n%s", engine, limit, fate(r), r.Wall, out)
			}
			if r.CPU() > 100*ms {
				t.Errorf("%s: a sleeper used %v of CPU time", engine, r.CPU())
			}
		}
	}
}

// TestLiveProcesses: threads count as processes.
func TestLiveProcesses(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	for _, c := range []struct {
		threads string
		want    string
	}{{"10", "wall-time-limit"}, {"11", "exited 1"}} { // pthread_create fails
		r, out := hold(t, tracer.Config{
			Path: testprog.Program(t, "sleeper"), Args: args(c.threads), Limits: tracer.Limits{Processes: 10, Wall: 300 * ms},
		})
		if got := fate(r); got != c.want {
			t.Errorf("%s threads of 10: %s, want %s\n%s", c.threads, got, c.want, out)
		}
	}
}

// TestLiveLimitsUnset: a limit that is not given is the default, not none.
func TestLiveLimitsUnset(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	r, _ := hold(t, tracer.Config{
		Path: testprog.Program(t, "memory"), Args: args("private", "700000"), Limits: tracer.Limits{CPU: tracer.Unlimited},
	})
	if r.Outcome != tracer.MemoryLimit {
		t.Errorf("700 MB without a limit: %s", fate(r))
	}
	r, _ = hold(t, tracer.Config{
		Path: testprog.Program(t, "memory"), Args: args("private", "700000"), Limits: tracer.Limits{Memory: tracer.Unlimited},
	})
	if r.Outcome != tracer.OK {
		t.Errorf("700 MB, unlimited: %s", fate(r))
	}
}
