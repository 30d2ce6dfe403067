package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/tracer"
)

// stopping has getppid stop for the supervisor, which allows it.
const stopping = `name: stopping
base: compute
syscalls:
  - call: getppid
    action: trace
`

// refusing has the supervisor's filter refuse it.
const refusing = `name: refusing
base: compute
syscalls:
  - call: getppid
    action: errno(EPERM)
`

// engine is one way in which a session can hold a call.
type engine struct {
	kind   tracer.Engine
	policy func() (*rules.Policy, error)
	call   call
	hook   func(*tracer.Tracee) error // at each stop
	// around says that the calls which read the clock, before and behind the
	// loop, are held like the others: together one call more.
	around bool
}

func compute() (*rules.Policy, error) { return rules.Profile("compute") }
func runtimeProfile() (*rules.Policy, error) {
	return rules.Profile("runtime")
}

func parsed(text string) func() (*rules.Policy, error) {
	return sync.OnceValues(func() (*rules.Policy, error) {
		return rules.Parse("bench.yaml", []byte(text), rules.ParseOptions{})
	})
}

// Engines are the rows of warder's own sessions, through tracer.Run: whatever
// a session does at a call is in them. Their supervisor chooses its core.
func Engines() []Row {
	stop := parsed(stopping)
	row := func(name, base, floor, text string, e engine) Row {
		return Row{Name: name, Group: GroupWarder, Text: text, Base: base, Floor: floor, Measure: e.measure}
	}
	var bytes64 [64]byte
	return []Row{
		row("warder-allow", "native", "filter-allow", "hybrid engine: a call that the compute profile allows by number; the kernel settles it",
			engine{policy: compute, call: getppid}),
		row("warder-argument", "native-fcntl", "", "hybrid engine: a call that is allowed by its argument; the kernel settles it",
			engine{policy: compute, call: getFlags}),
		row("warder-errno", "native", "filter-errno", "hybrid engine: a call that the filter refuses with an errno",
			engine{policy: parsed(refusing), call: getppid}),
		row("warder-stop", "native", "trace-info", "hybrid engine: a stop; the supervisor decides from the registers and resumes",
			engine{policy: stop, call: getppid}),
		row("warder-stop-regs", "native", "", "hybrid engine: a stop with a hook that reads the registers",
			engine{policy: stop, call: getppid, hook: func(t *tracer.Tracee) error {
				_, err := t.Regs()
				return err
			}}),
		row("warder-stop-64", "native", "trace-info-64", "hybrid engine: a stop with a hook that reads 64 bytes of memory",
			engine{policy: stop, call: getppid, hook: func(t *tracer.Tracee) error {
				space, err := t.Memory()
				if err == nil {
					_, err = space.ReadAt(bytes64[:], meterData)
				}
				return err
			}}),
		row("warder-seccomp", "native", "filter-allow", "seccomp engine: the filter alone, with no tracer",
			engine{kind: tracer.Seccomp, policy: runtimeProfile, call: getppid}),
		row("warder-ptrace", "native", "syscall-info", "ptrace engine: a stop before and after every call, no filter",
			engine{kind: tracer.Ptrace, policy: compute, call: getppid, around: true}),
	}
}

// measure holds a session of the meter.
func (e *engine) measure(ctx context.Context, calls int) (Block, error) {
	fd, err := meterFile()
	if err != nil {
		return Block{}, err
	}
	policy, err := e.policy()
	if err != nil {
		return Block{}, err
	}
	s := newScript(4)
	s.loop(opTimed, calls, e.call)
	s.call("write", unix.SYS_WRITE, 1, headTimes, 32)
	s.end()
	stdin, err := fed(s)
	if err != nil {
		return Block{}, err
	}
	defer stdin.Close()
	var out bytes.Buffer
	var hookErr error
	cfg := tracer.Config{
		Path: fmt.Sprintf("/proc/self/fd/%d", fd), Args: []string{"meter"},
		Stdin: stdin, Stdout: &out, Policy: policy, Engine: e.kind,
	}
	if e.hook != nil {
		cfg.Hooks.Call = func(t *tracer.Tracee, _ *tracer.CallStop) {
			if err := e.hook(t); err != nil {
				hookErr = err
			}
		}
	}
	r, err := tracer.Run(ctx, &cfg)
	switch {
	case err != nil:
		return Block{}, err
	case hookErr != nil:
		return Block{}, fmt.Errorf("hook: %w", hookErr)
	case r.Outcome != tracer.OK:
		return Block{}, ended(r)
	case out.Len() != 32:
		return Block{}, s.complaint(out.Bytes())
	}
	if e.around {
		calls++
	}
	return Block{PerCall: float64(between(out.Bytes())) / float64(calls), Unseen: r.CPU()}, nil
}

// fed is a pipe with a script in it, which must be small enough to lie there.
func fed(s *script) (*os.File, error) {
	image, err := s.image()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	const least = 4096 // what every pipe holds (pipe(7))
	if len(image) > least {
		r.Close()
		return nil, fmt.Errorf("BUG: script of %d bytes for a pipe", len(image))
	}
	if _, err := w.Write(image); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// complaint is what a meter told instead of its times.
func (s *script) complaint(out []byte) error {
	if len(out) == 16 {
		if _, err := s.outcome(out); err != nil {
			return err
		}
	}
	return fmt.Errorf("the measuring process told %d bytes: %w", len(out), io.ErrUnexpectedEOF)
}

// ended words a session that did not end well.
func ended(r *tracer.Result) error {
	switch {
	case r.Violation != nil:
		return fmt.Errorf("%s: %s", r.Outcome, r.Violation)
	case r.Message != "":
		return fmt.Errorf("%s: %s", r.Outcome, r.Message)
	case r.Signal != 0:
		return fmt.Errorf("%s: signal %d", r.Outcome, r.Signal)
	}
	return fmt.Errorf("%s: exit status %d", r.Outcome, r.ExitCode)
}

// Close ends what runs on behalf of rows, and waits until it is gone.
func Close() { tracer.CloseIdle() }
