package bench_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/tracer"
)

// null is /dev/null, open for all runs.
var null = sync.OnceValues(func() (*os.File, error) { return os.OpenFile("/dev/null", os.O_RDWR, 0) })

// nullFile is null where it must be there.
func nullFile(b *testing.B) *os.File {
	b.Helper()
	f, err := null()
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// spawn is fork, execve and wait4, with nothing around it. The program's
// standard output is stdout, all else /dev/null, and its environment empty, as
// in a session without one.
func spawn(argv []string, stdin, stdout uintptr) (sample, error) {
	start := time.Now()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Files: []uintptr{stdin, stdout, stdin}})
	if err != nil {
		return sample{}, err
	}
	return await(pid, start)
}

func await(pid int, start time.Time) (sample, error) {
	var status syscall.WaitStatus
	var ru syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &ru)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return sample{}, err
		}
		s := sample{wall: time.Since(start), cpu: time.Duration(ru.Utime.Nano() + ru.Stime.Nano())}
		if status != 0 {
			return s, fmt.Errorf("wait status %#x", uint32(status))
		}
		return s, nil
	}
}

// as is a subject by another name.
func as(name string, s subject) subject { s.name = name; return s }

// bare runs argv with /dev/null for all three descriptors.
func bare(b *testing.B, argv ...string) subject {
	fd := nullFile(b).Fd()
	return subject{"bare", func() (sample, error) { return spawn(argv, fd, fd) }}
}

// barePiped runs argv and gives what it prints to use, through a pipe, as a
// program that wants the output has to.
func barePiped(b *testing.B, use func(io.Reader) (float64, error), argv ...string) subject {
	fd := nullFile(b).Fd()
	return subject{"bare", func() (sample, error) {
		start := time.Now()
		r, w, err := os.Pipe()
		if err != nil {
			return sample{}, err
		}
		defer r.Close()
		pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Files: []uintptr{fd, w.Fd(), fd}})
		w.Close()
		if err != nil {
			return sample{}, err
		}
		value, readErr := use(r)
		s, err := await(pid, start)
		s.value = value
		return s, errors.Join(err, readErr)
	}}
}

// barePinned is bare with its thread, and so its child, on the core that the
// thread is on when the run begins.
func barePinned(b *testing.B, argv ...string) subject {
	fd := nullFile(b).Fd()
	type answer struct {
		sample sample
		err    error
	}
	asked, answers := make(chan struct{}), make(chan answer)
	b.Cleanup(func() { close(asked) })
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
		var all unix.CPUSet
		err := unix.SchedGetaffinity(0, &all)
		for range asked {
			pinErr := pin(&all)
			s, runErr := spawn(argv, fd, fd)
			answers <- answer{s, errors.Join(err, pinErr, runErr)}
		}
	}()
	return subject{"pinned", func() (sample, error) {
		asked <- struct{}{}
		got := <-answers
		return got.sample, got.err
	}}
}

// pin keeps the calling thread on the one of all cores where it is now.
func pin(all *unix.CPUSet) error {
	if err := unix.SchedSetaffinity(0, all); err != nil {
		return err
	}
	var core uint32
	if _, _, e := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&core)), 0, 0); e != 0 {
		return e
	}
	var one unix.CPUSet
	one.Set(int(core))
	return unix.SchedSetaffinity(0, &one)
}

// hold is one session, which must end well.
func hold(cfg tracer.Config) (sample, error) {
	start := time.Now()
	r, err := tracer.Run(context.Background(), &cfg)
	s := sample{wall: time.Since(start)}
	if err != nil {
		return s, err
	}
	if r.Outcome != tracer.OK {
		return s, fmt.Errorf("outcome %s: exit %d, signal %d, %s, violation %v", r.Outcome, r.ExitCode, r.Signal, r.Message, r.Violation)
	}
	s.cpu, s.stops = r.CPU(), float64(r.Stops)
	return s, nil
}

// held is sessions of one configuration.
func held(name string, cfg tracer.Config) subject {
	return subject{name, func() (sample, error) { return hold(cfg) }}
}

// heldPrinting is sessions of programs that print a number.
func heldPrinting(name string, cfg tracer.Config) subject {
	return subject{name, func() (sample, error) {
		var out bytes.Buffer
		cfg := cfg
		cfg.Stdout = &out
		s, err := hold(cfg)
		if err == nil {
			s.value, err = number(&out)
		}
		return s, err
	}}
}

// discard reads to the end.
func discard(r io.Reader) (float64, error) {
	_, err := io.Copy(io.Discard, r)
	return 0, err
}

// number reads one.
func number(r io.Reader) (float64, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}

// mainStops counts the stops of a session after its program's entry point: a
// static program has no others, a dynamic one reaches it at its first
// signal-delivery-stop, the breakpoint's.
type mainStops struct {
	dynamic bool
	reached bool
	count   float64
}

func (m *mainStops) Stop(kind tracer.StopKind, _ time.Duration) {
	switch {
	case !m.dynamic || m.reached:
		m.count++
	case kind == tracer.SignalStop:
		m.reached = true
	}
}

func (m *mainStops) Call(*rules.Call, rules.ActionKind) {}
func (m *mainStops) End(*tracer.Result)                 {}

// heldCounting is sessions whose stops are those of the main stage.
func heldCounting(name string, dynamic bool, cfg tracer.Config) subject {
	return subject{name, func() (sample, error) {
		seen := &mainStops{dynamic: dynamic}
		cfg := cfg
		cfg.Observer = seen
		s, err := hold(cfg)
		s.stops = seen.count
		return s, err
	}}
}
