package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
	"warder/rules"
	"warder/tracer"
)

// growing lets tasks of both kinds be made, and has getppid stop.
const growing = `name: growing
base: compute
syscalls:
  - call: getppid
    action: trace
  - call: clone
    action: allow
  - call: wait4
    action: allow
`

// Calls that all tasks of a growth's run make together: so many that the start
// of the process is a few hundredths of it.
const (
	bareCalls   = 100_000
	hybridCalls = 2000
	ptraceCalls = 1000
)

// threadFlags make a thread (clone(2)).
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD

// maxTasks of a growth's run.
const maxTasks = 64

// crowd is the script of so many tasks that share calls out among them. The
// tasks use no stack, so threads need none of their own.
func crowd(group Group, tasks, calls int) *script {
	s := newScript(2*maxTasks + 8)
	each := max(calls/tasks, 1)
	if group == GroupThreads {
		work := s.at(tasks - 1)
		for range tasks - 1 {
			s.fork("clone", unix.SYS_CLONE, work, threadFlags, 0, 0, 0, 0)
		}
		s.loop(opSpin, each, getppid)
		s.end() // exit of this thread; the process ends with the last one
		return s
	}
	work := s.at(2 * tasks)
	for range tasks - 1 {
		s.fork("clone", unix.SYS_CLONE, work, uint64(unix.SIGCHLD), 0, 0, 0, 0)
	}
	s.loop(opSpin, each, getppid)
	for range tasks - 1 {
		s.call("wait4", unix.SYS_WAIT4, ^uint64(0), 0, 0, 0)
	}
	s.end()
	s.loop(opSpin, each, getppid)
	s.end()
	return s
}

// growthTurns are those of threads, processes and sessions.
func (c *Comparison) growthTurns(dir, empty string) ([]*turn, error) {
	var turns []*turn
	if len(c.Threads) > 0 {
		more, err := c.crowdTurns(dir)
		if err != nil {
			return nil, err
		}
		turns = more
	}
	for _, at := range c.Sessions {
		turns = append(turns, c.sessionTurns(empty, at)...)
	}
	return turns, nil
}

func (c *Comparison) crowdTurns(dir string) ([]*turn, error) {
	policy, err := rules.Parse("bench.yaml", []byte(growing), rules.ParseOptions{})
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "crowd")
	image := elfimage.Static(meterMachine, meterText, meterCode, elfimage.Zeroed{Base: meterData, Size: meterSize})
	if err := errors.Join(os.WriteFile(program, image, 0o755), os.Chmod(program, 0o755)); err != nil {
		return nil, err
	}
	ways := []struct {
		contender
		calls int
	}{
		{contender{name: bareName, run: spawn}, bareCalls},
		{c.engine(tracer.Hybrid, policy, ""), hybridCalls},
		{c.engine(tracer.Ptrace, policy, ""), ptraceCalls},
	}
	var turns []*turn
	for _, group := range []Group{GroupThreads, GroupProcesses} {
		for _, tasks := range c.Threads {
			for _, way := range ways {
				input := filepath.Join(dir, fmt.Sprintf("%s-%d-%d", group, tasks, way.calls))
				script, err := crowd(group, tasks, way.calls).image()
				if err == nil {
					err = os.WriteFile(input, script, 0o644)
				}
				if err != nil {
					return nil, err
				}
				cmd := &Command{Path: program, Args: []string{program}, Stdin: input}
				t := &turn{group: group, at: tasks, base: bareName, metrics: []Metric{PerCall}}
				t.contestant.name = way.name
				t.turn = func(ctx context.Context) ([]float64, error) {
					s, err := way.run(ctx, cmd)
					t.unseen += s.Unseen
					return []float64{float64(s.Wall) / float64(way.calls)}, err
				}
				turns = append(turns, t)
			}
		}
	}
	return turns, nil
}

// sessionsPerTurn is how many sessions a turn has at least, whatever runs at
// once, and sessionsWarm how many go before without being counted: they start
// the stubs, of which those of another turn may have gone.
const (
	sessionsPerTurn = 256
	sessionsWarm    = 16
)

// sessionTurns are sessions of the empty program, so many at once.
func (c *Comparison) sessionTurns(empty string, at int) []*turn {
	cmd := &Command{Path: empty, Args: []string{empty}}
	var turns []*turn
	for _, way := range []contender{
		{name: bareName, run: forked},
		c.engine(tracer.Hybrid, c.Policy, ""),
		c.engine(tracer.Ptrace, c.Policy, ""),
	} {
		t := &turn{group: GroupSessions, at: at, base: bareName, metrics: []Metric{Rate}}
		t.contestant.name = way.name
		t.turn = func(ctx context.Context) ([]float64, error) {
			run := func() (Sample, error) { return way.run(ctx, cmd) }
			_, unseen, err := together(at, max(sessionsWarm, at), run)
			t.unseen += unseen
			if err != nil {
				return nil, err
			}
			rate, unseen, err := together(at, max(sessionsPerTurn, 4*at), run)
			t.unseen += unseen
			return []float64{rate}, err
		}
		turns = append(turns, t)
	}
	return turns
}

// together makes so many runs, some at a time, and gives how many there are in
// a second.
func together(atOnce, times int, run func() (Sample, error)) (rate float64, unseen time.Duration, err error) {
	var group sync.WaitGroup
	var mu sync.Mutex
	start := time.Now()
	for range atOnce {
		group.Go(func() {
			for range times / atOnce {
				s, runErr := run()
				mu.Lock()
				unseen += s.Unseen
				if runErr != nil && err == nil {
					err = runErr
				}
				stop := err != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	group.Wait()
	return float64(times/atOnce*atOnce) / time.Since(start).Seconds(), unseen, err
}

// forked is fork, execve and wait4 by this process: what a supervisor that
// wants many programs would do without warder.
func forked(_ context.Context, c *Command) (Sample, error) {
	null, err := devNull()
	if err != nil {
		return Sample{}, err
	}
	pid, err := syscall.ForkExec(c.Path, c.Args, &syscall.ProcAttr{Files: []uintptr{null.Fd(), null.Fd(), null.Fd()}})
	if err != nil {
		return Sample{}, err
	}
	for {
		var status syscall.WaitStatus
		switch _, err := syscall.Wait4(pid, &status, 0, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return Sample{}, fmt.Errorf("wait4: %w", err)
		case status != 0:
			return Sample{}, &ProgramError{status}
		default:
			return Sample{}, nil
		}
	}
}

// devNull is open for as long as the process lives.
var devNull = sync.OnceValues(func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) })
