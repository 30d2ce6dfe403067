package tracer_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// clockCalls are those that read a clock; the policies of these tests show
// them to a hook.
var clockCalls = []string{"clock_gettime", "gettimeofday", "time"}

const clockRules = "  - {calls: [clock_gettime, gettimeofday, time], action: trace}\n"

// holdClocks runs a program and counts the clock readings that were calls.
func holdClocks(t *testing.T, cfg tracer.Config) (*tracer.Result, string, int) {
	t.Helper()
	seen := 0
	cfg.Hooks.Call = func(_ *tracer.Tracee, c *tracer.CallStop) {
		if name, _ := c.Call.Arch.Name(c.Call.Nr); slices.Contains(clockCalls, name) {
			seen++
		}
	}
	cfg.Limits = unhurried
	r, out := hold(t, cfg)
	return r, out, seen
}

// musl compiles a static program with musl, where that is installed.
func musl(t *testing.T, name string) string {
	t.Helper()
	compiler, err := exec.LookPath("musl-gcc")
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(t.TempDir(), name)
	source := filepath.Join("testdata", "programs", name+".c")
	if out, err := exec.Command(compiler, "-static", "-O2", "-pthread", "-o", path, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestLiveVisibleTime: a clock that libraries read in the vDSO is read by a
// call where the policy says so, and not otherwise.
func TestLiveVisibleTime(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const n = 100
	python := []string{"python3", "-c", "import sys, time\nfor i in range(int(sys.argv[1])): time.time()\nprint('done')", "100"}
	for _, p := range []struct {
		program    string
		argv       []string
		base       string // "" for a policy that allows everything
		want       int    // calls, at least, where time is visible
		out, after string // what it prints, with the vDSO and without
	}{
		{"clocks", args("100"), "compute", 3 * n, "vdso\n", "hidden\n"},
		{"clocks-static", args("100"), "compute", 3 * n, "vdso\n", "hidden\n"},
		{"clocks", args("100", "threads"), "compute", 4 * 3 * n, "vdso\n", "hidden\n"},
		{"clocks", args("100", "exec"), "", 2 * 3 * n, "vdso\nvdso\n", "hidden\nhidden\n"},
		{"clocks-static", args("100", "exec"), "", 2 * 3 * n, "vdso\nvdso\n", "hidden\nhidden\n"},
		{"clocks", args("100", "bigexec"), "", 2 * 3 * n, "vdso\nvdso\n", "hidden\nhidden\n"},
		{"clocksgo", args("100"), "compute", 2 * n, "done\n", "done\n"}, // time.Now reads two clocks
		{"clocks.rs", args("100"), "compute", n, "done\n", "done\n"},
		{"musl:clocks", args("100"), "compute", 3 * n, "vdso\n", "hidden\n"},
		{"/usr/bin/python3", python, "runtime", n, "done\n", "done\n"},
	} {
		for _, engine := range hookEngines {
			t.Run(fmt.Sprint(engine, "/", filepath.Base(p.program), "/", p.argv[len(p.argv)-1]), func(t *testing.T) {
				path := p.program
				if name, ok := strings.CutPrefix(path, "musl:"); ok {
					path = musl(t, name)
				} else if !filepath.IsAbs(path) {
					path = testprog.Program(t, path)
				} else if _, err := os.Stat(path); err != nil {
					t.Skip(err)
				}
				policy := func(setting string) *rules.Policy {
					if p.base == "" {
						return parsed(t, setting+allowAll+clockRules)
					}
					return onTopOf(t, p.base, setting+"syscalls:\n"+clockRules)
				}
				cfg := tracer.Config{Path: path, Args: p.argv, Engine: engine, Policy: policy("")}
				r, out, seen := holdClocks(t, cfg)
				// Runtimes make a few by themselves.
				if r.Outcome != tracer.OK || out != p.out || seen > p.want/2 {
					t.Errorf("as always: %s, printed %q, %d calls; want %q and no more than %d", fate(r), out, seen, p.out, p.want/2)
				}
				cfg.Policy = policy("time: visible\n")
				r, out, seen = holdClocks(t, cfg)
				if r.Outcome != tracer.OK || out != p.after || seen < p.want || seen > p.want+500 {
					t.Errorf("time visible: %s, printed %q, %d calls; want %q and %d", fate(r), out, seen, p.after, p.want)
				}
			})
		}
	}
}

// TestLiveVisibleTime32: an i386 image has a vector of smaller words.
func TestLiveVisibleTime32(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.I386)
	cfg := tracer.Config{Path: "/usr/bin/env", Args: []string{"env", testprog.Program(t, "auxv32")}, Limits: unhurried}
	for setting, want := range map[string]string{"": "exited 1", "time: visible\n": "exited 0"} {
		cfg.Policy = parsed(t, setting+allowAll)
		if r, _ := hold(t, cfg); fate(r) != want {
			t.Errorf("%q: %s, want %s", setting, fate(r), want)
		}
	}
}

// step is what one reading adds to the counter.
const step = 10_000

// holdTSC runs one mode of the program timestamp.
func holdTSC(t *testing.T, setting, mode string, engine tracer.Engine) (*tracer.Result, string) {
	t.Helper()
	return hold(t, tracer.Config{
		Path: testprog.Program(t, "timestamp-static"), Args: args(mode), Engine: engine, Limits: unhurried,
		Policy: parsed(t, setting+allowAll),
	})
}

const (
	emulated = "time: visible\ntsc: emulate\n"
	denied   = "time: visible\ntsc: deny\n"
)

// TestLiveEmulatedTSC: the counter is the supervisor's, and says the same in
// every run.
func TestLiveEmulatedTSC(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	series := func(from int) string {
		var b strings.Builder
		for i := from; i < from+10; i++ {
			fmt.Fprint(&b, i*step, " ")
			if i >= from+5 {
				b.WriteString("0 ") // rdtscp's processor
			}
		}
		return b.String() + "\n"
	}
	for mode, want := range map[string]string{
		"series": series(1),
		// Refused, whatever the policy says of prctl.
		"enable": fmt.Sprintf("EPERM %d\n", step),
		// One SIGSEGV, from tgkill (SI_TKILL), and then the reading.
		"forge": fmt.Sprintf("caught 1 code -6, then %d\n", step),
		// The reading succeeds; what follows it is not mapped (SEGV_MAPERR),
		// or a privileged instruction (SI_KERNEL).
		"edges": fmt.Sprintf("1 code 1 at +2, %d; 1 code 1 at +3, %d; 1 code 128 at +3, %d; 1 code 128 at +3, %d; 1 code 1 at +2, %d; \n",
			step, 2*step, 3*step, 4*step, 5*step),
		"threads": fmt.Sprintln((4*200 - 1) * step),
		"fork":    fmt.Sprintf("%d %d %d\n", step, step, 2*step),
		"exec":    series(2),
		"blocked": fmt.Sprintln(step, 0),
	} {
		for _, engine := range hookEngines {
			for range 2 {
				if r, out := holdTSC(t, emulated, mode, engine); fate(r) != "exited 0" || out != want {
					t.Errorf("%s, %s: %s, printed %q; want %q", engine, mode, fate(r), out, want)
				}
			}
		}
		if r, out := holdTSC(t, "", mode, tracer.Hybrid); out == want {
			t.Errorf("%s without the setting: %s, printed %q as with it", mode, fate(r), out)
		}
	}
}

// TestLiveTSCFaults: every other SIGSEGV is delivered as it always was.
func TestLiveTSCFaults(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, engine := range hookEngines {
		for _, setting := range []string{"", emulated, denied} {
			_, out := holdTSC(t, setting, "others", engine)
			faults := strings.Split(out, "; ")
			if len(faults) != 4 || !strings.HasPrefix(faults[0], "1 code 128 at +0,") || !strings.HasPrefix(faults[2], "1 code 128 at +10,") {
				t.Errorf("%s, %q: %q", engine, setting, out)
			}
			// A prefix makes it another sequence of bytes.
			if prefixed := strings.HasPrefix(faults[1], "1 code 128 at +0,"); prefixed == (setting == "") {
				t.Errorf("%s, %q: %q", engine, setting, out)
			}
		}
		// A segmentation fault still ends a program.
		r, _ := hold(t, tracer.Config{
			Path: testprog.Program(t, "raise"), Args: args(fmt.Sprint(int(unix.SIGSEGV))), Engine: engine, Policy: parsed(t, emulated+allowAll),
		})
		if fate(r) != "signaled SIGSEGV" || r.Message != "" {
			t.Errorf("%s: %s %q", engine, fate(r), r.Message)
		}
	}
}

// TestLiveTSCRuntimes: programs whose loader or runtime reads the counter work
// with it emulated: glibc's loader does some eight times, Go's does now and
// then.
func TestLiveTSCRuntimes(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	for _, p := range []struct{ program, out string }{
		{"hello", "hello, world\n"},
		{"hellogo", "hello, go 4950\n"},
		{"clocksgo", "done\n"},
		{"threads", "31999996000000\n"},
	} {
		for _, engine := range hookEngines {
			w := &watcher{}
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, p.program), Args: args("10"), Engine: engine, Observer: w, Limits: unhurried,
				Policy: onTopOf(t, "compute", emulated),
			})
			if r.Outcome != tracer.OK || !strings.HasPrefix(out, p.out[:5]) {
				t.Errorf("%s, %s: %s, printed %q", engine, p.program, fate(r), out)
			}
			if n := w.stops[tracer.SignalStop]; p.program == "hello" && n < 2 {
				t.Errorf("%s: %d signal-stops: the loader's readings were not seen", engine, n)
			}
		}
	}
}

// TestLiveDeniedTSC: the loader may read the counter, the program may not.
func TestLiveDeniedTSC(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	// No rule of it is about stages, and there are two nevertheless.
	policy := parsed(t, denied+allowAll)
	for _, engine := range hookEngines {
		for _, program := range []string{"timestamp", "timestamp-static"} {
			cfg := tracer.Config{Path: testprog.Program(t, program), Args: args("caught"), Engine: engine, Policy: policy}
			if r, out := hold(t, cfg); r.Outcome != tracer.OK || out != "caught 1 code 128\n" || r.Message != "" {
				t.Errorf("%s, %s: %s, %q, printed %q", engine, program, fate(r), r.Message, out)
			}
			cfg.Args = args("series")
			r, out := hold(t, cfg)
			if fate(r) != "signaled SIGSEGV" || out != "" {
				t.Errorf("%s, %s: %s, printed %q", engine, program, fate(r), out)
			}
			if !strings.HasPrefix(r.Message, "rdtsc at ") || !strings.HasSuffix(r.Message, ": test.yaml:2: tsc: deny") {
				t.Errorf("%s, %s: %q", engine, program, r.Message)
			}
		}
		if r, out := hold(t, tracer.Config{Path: testprog.Program(t, "hello"), Engine: engine, Policy: policy}); r.Outcome != tracer.OK {
			t.Errorf("%s: %s, printed %q", engine, fate(r), out)
		}
	}
}

// TestLiveTimeKilled: a program may be killed at whatever is done for it, at an
// execve or at a reading of the counter, and that is no failure.
func TestLiveTimeKilled(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	policy := parsed(t, emulated+allowAll)
	for _, engine := range hookEngines {
		for i := range 80 {
			cfg := tracer.Config{Path: testprog.Program(t, "timestamp"), Args: args("spin"), Engine: engine, Policy: policy, Limits: unhurried}
			if i%2 == 1 {
				cfg.Path, cfg.Args = testprog.Program(t, "threadexec"), args("100000")
			}
			cfg.Hooks.Entry = func(tr *tracer.Tracee) {
				// The id may be somebody else's by then: ask by descriptor.
				fd, err := unix.PidfdOpen(tr.PID(), 0)
				if err != nil {
					t.Errorf("pidfd_open: %v", err)
					return
				}
				time.AfterFunc(time.Duration(i)*53*time.Microsecond, func() {
					_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
					_ = unix.Close(fd)
				})
			}
			if r, out, err := tryHold(t, cfg); err != nil || fate(r) != "signaled SIGKILL" {
				t.Errorf("%s, kill %d: %+v, %v %q", engine, i, r, err, out)
			}
		}
	}
}

// TestTimeEngines: what has no supervisor at execve refuses the settings, and
// a policy that was built by hand does not do without its guard.
func TestTimeEngines(t *testing.T) {
	policy := parsed(t, "default: allow\npaths: unrestricted\n"+emulated)
	for _, engine := range []tracer.Engine{tracer.Seccomp, tracer.Strict} {
		_, err := tracer.Prepare(policy, engine)
		var stop *rules.StopError
		if !errors.As(err, &stop) {
			t.Fatalf("%s: %v", engine, err)
		}
		for _, want := range []string{"test.yaml:3: time: visible needs a stop", "test.yaml:4: tsc: emulate needs a stop", engine.String() + " engine makes none"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", engine, err, want)
			}
		}
	}
	for _, engine := range hookEngines {
		if _, err := tracer.Prepare(policy, engine); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
		bare := *policy
		bare.Rules = nil
		if _, err := tracer.Prepare(&bare, engine); err == nil || !strings.Contains(err.Error(), "KeepTSC") {
			t.Errorf("%s: without its guard: %v", engine, err)
		}
	}
}
