package tracer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/ptrace"
	"warder/rules"
)

// Following is a program that is looked at and not held: it has no policy, no
// jail and no budget, and may do what its user may. It is what strace(1) does.
type Following struct {
	// Path is the executable, without a search, for a program that is started.
	Path       string
	Args, Env  []string // Args[0] is its name
	Dir        string   // "": this process's
	Descriptor [3]*os.File

	// PIDs are running processes instead, all of whose threads are followed;
	// one id of any of its threads is enough. They go on when Follow returns.
	PIDs []int

	// Calls are the names of the calls that Witness is told of; nil: all. In a
	// program that is started the others do not stop: a seccomp filter tells
	// them apart. In one that runs already every call stops.
	Calls []string
	// Entries says that no return will be asked for: a call of a program that
	// is started then stops once.
	Entries bool

	Witness Witness
	// Begun, if not nil, is called when the program stands before its first
	// instruction, or all PIDs are attached to.
	Begun func(pid int)
}

// Followed is how a followed program ended.
type Followed struct {
	PID    int             // of the program that was started; 0 for PIDs
	Status unix.WaitStatus // its
}

// Follow starts or attaches to programs and tells the Witness what they and
// everything that they start do, until all have ended. When ctx ends, a program
// that was started is killed with all its kin, and processes that were attached
// to are let go; so it is if this process dies.
//
// # Limits
//
// A program that is started by a user without CAP_SYS_ADMIN and of which not
// every call is asked for gets PR_SET_NO_NEW_PRIVS, as the kernel demands for
// the filter: set-user-ID programs gain nothing then, nor do they while traced
// by such a user.
//
// While calls come fast a program that was started is kept on the tracer's
// core (crowd). sched_getaffinity(2) does not show it; Cpus_allowed of
// /proc/PID/status, and a reading of the clock, do.
//
// This process's SIGRTMAX-1 is taken: it ends the wait of the tracing thread.
func Follow(ctx context.Context, cfg *Following) (*Followed, error) {
	f := &follower{cfg: cfg, tasks: make(map[int]*thread)}
	if err := errors.Join(f.choose(), interruptible()); err != nil {
		return nil, err
	}
	for _, pid := range cfg.PIDs {
		g, err := guard(pid)
		if err != nil {
			return nil, absent(pid, err)
		}
		if err := notOurselves(g); err != nil {
			return nil, err
		}
	}
	var err error
	done := make(chan struct{})
	go onNewThread(func() {
		defer close(done)
		defer func() {
			// As in a session: the thread ends, and what it traces with it.
			if p := recover(); p != nil {
				err = fmt.Errorf("BUG: following: %v", p)
			}
		}()
		err = f.follow(ctx)
	}, nil)
	<-done
	if err != nil {
		return nil, err
	}
	return &f.result, nil
}

// follower is one Follow. All but what mu guards belongs to its thread.
type follower struct {
	cfg    *Following
	known  map[abi.Arch][]bool // the calls wanted, by number; nil: all
	filter []unix.SockFilter   // that tells them apart; nil: each call stops
	tasks  map[int]*thread
	root   int
	left   bool // ctx's end has been answered
	events []event

	info   ptrace.SyscallInfo
	call   rules.Call
	crowd  crowd
	result Followed

	ended atomic.Bool // by ctx

	mu  sync.Mutex
	tid int // of its thread, while that may have to be woken, or 0
}

// choose prepares the calls that are told of.
func (f *follower) choose() error {
	if f.cfg.Calls == nil {
		if f.cfg.Entries && len(f.cfg.PIDs) == 0 {
			var err error
			f.filter, err = wanted(nil)
			return err
		}
		return nil
	}
	f.known = make(map[abi.Arch][]bool)
	for _, arch := range []abi.Arch{abi.X86_64, abi.I386, abi.AArch64} {
		f.known[arch] = numbers(arch, f.cfg.Calls)
	}
	native := abi.Native()
	for _, name := range f.cfg.Calls {
		if _, ok := native.Number(name); !ok {
			return fmt.Errorf("no call %q on %s", name, native)
		}
	}
	if len(f.cfg.PIDs) > 0 {
		return nil
	}
	calls := slices.Clone(f.known[native])
	for nr := range calls {
		calls[nr] = calls[nr] || rules.AffinityCall(native, uint32(nr))
	}
	var err error
	f.filter, err = wanted(calls)
	return err
}

// numbers is the set of the calls that an architecture has of names.
func numbers(arch abi.Arch, names []string) []bool {
	var set []bool
	for _, name := range names {
		nr, ok := arch.Number(name)
		if !ok {
			continue
		}
		if need := int(nr) + 1; need > len(set) {
			set = append(set, make([]bool, need-len(set))...)
		}
		set[nr] = true
	}
	return set
}

// wants reports whether the witness is told of a call.
func (f *follower) wants(arch abi.Arch, nr uint32) bool {
	if f.known == nil {
		return true
	}
	set := f.known[arch]
	return int(nr) < len(set) && set[nr]
}

// follow is the tracing thread's life.
func (f *follower) follow(ctx context.Context) error {
	defer f.crowd.end()
	// The end of this thread lets go of all that it traces; what it has
	// started is killed by that (PTRACE_O_EXITKILL).
	if len(f.cfg.PIDs) > 0 {
		if err := f.attach(); err != nil {
			return err
		}
	} else if err := f.start(); err != nil {
		f.abandon()
		return err
	}
	f.sleeps(unix.Gettid())
	defer f.sleeps(0)
	stop := context.AfterFunc(ctx, f.end)
	defer stop()
	if f.cfg.Begun != nil {
		f.cfg.Begun(f.root)
	}
	if f.root != 0 {
		if err := f.begins(f.tasks[f.root]); err != nil && !errors.Is(err, unix.ESRCH) {
			return err // ESRCH: its death is reported next
		}
	}
	return f.loop()
}

// end has the loop end. It is told until it has heard: a signal that comes just
// before a wait4 does not end that.
func (f *follower) end() {
	f.ended.Store(true)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for f.wake() {
		<-again.C
	}
}

// wake reports whether the loop has to be told again.
func (f *follower) wake() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tid != 0 && unix.Tgkill(os.Getpid(), f.tid, wakeSignal) == nil
}

// sleeps sets the thread that is to be woken.
func (f *follower) sleeps(tid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tid = tid
}

// leave answers ctx's end, between two rounds: what was attached to is let go by
// this thread's end, each thread of it from where it has been resumed or from a
// stop that nobody has seen, and what was started is killed. The ids are those
// of processes: nobody but this thread reaps what it traces.
func (f *follower) leave() (over bool) {
	if !f.ended.Load() || f.left {
		return false
	}
	f.left = true
	f.sleeps(0)
	if len(f.cfg.PIDs) > 0 {
		return true
	}
	for _, t := range f.tasks {
		_ = unix.Kill(t.pid, unix.SIGKILL) // ESRCH: it is dead
	}
	return false
}

// abandon ends a program that did not come to its first instruction.
func (f *follower) abandon() {
	for f.tasks[f.root] != nil {
		_ = unix.Kill(f.root, unix.SIGKILL) // this thread's child, not reaped yet
		if err := f.await(f.root, func(wait) bool { return false }); errors.Is(err, unix.ECHILD) {
			return
		}
	}
}

// start starts the program and takes it to where it stands before its first
// instruction, seized. It begins as strace's does: a child of this thread that
// asks to be traced and executes the program; seizing it, which group-stops
// need to be told from signals (ptrace(2)), takes a SIGSTOP, and a SIGCONT that
// is not delivered.
func (f *follower) start() error {
	f.crowd.begin()
	attr := &syscall.ProcAttr{Dir: f.cfg.Dir, Env: f.cfg.Env, Sys: &syscall.SysProcAttr{Ptrace: true}}
	for _, file := range f.cfg.Descriptor {
		fd := ^uintptr(0) // not open in the program
		if file != nil {
			fd = file.Fd()
		}
		attr.Files = append(attr.Files, fd)
	}
	pid, err := syscall.ForkExec(f.cfg.Path, f.cfg.Args, attr)
	if err != nil {
		return &LaunchError{Path: f.cfg.Path, Err: err}
	}
	f.root, f.result.PID = pid, pid
	f.enter(pid, pid)
	if err := f.await(pid, func(w wait) bool { return w.kind == SignalStop }); err != nil {
		return err
	}
	if err := ptrace.Detach(pid, int(unix.SIGSTOP)); err != nil {
		return &Error{"PTRACE_DETACH", pid, err}
	}
	if err := f.await(pid, func(w wait) bool { return w.kind == SignalStop && w.code == int(unix.SIGSTOP) }); err != nil {
		return err
	}
	if err := ptrace.Seize(pid, ptrace.SessionOptions&^unix.PTRACE_O_TRACEVFORKDONE); err != nil {
		return &Error{"PTRACE_SEIZE", pid, err}
	}
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		return &Error{"kill", pid, err}
	}
	for stopped := false; ; {
		var w wait
		if err := f.await(pid, func(x wait) bool { w = x; return true }); err != nil {
			return err
		}
		if w.kind == SignalStop && w.code == int(unix.SIGCONT) {
			break
		}
		if w.kind != GroupStop && w.kind != EventStop || stopped && w.kind == GroupStop {
			return &Error{"start", pid, fmt.Errorf("a stop of kind %s before its first instruction", w.kind)}
		}
		stopped = w.kind == GroupStop
		if err := ptrace.Cont(pid, 0); err != nil {
			return &Error{"PTRACE_CONT", pid, err}
		}
	}
	return f.install(pid)
}

// await waits for one stop of a task that is the thread's only child.
func (f *follower) await(pid int, is func(wait) bool) error {
	var status uint32
	for {
		_, err := ptrace.Wait(pid, unix.WALL|wnothread|unix.WUNTRACED, &status, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return &Error{"wait4", pid, err}
		}
		break
	}
	switch w := classify(status); {
	case w.kind == ExitedDeath || w.kind == SignaledDeath:
		f.drop(pid)
		return &Error{"start", pid, fmt.Errorf("%w: it was killed before its first instruction", unix.ESRCH)}
	case !is(w):
		return &Error{"start", pid, fmt.Errorf("a stop of kind %s before its first instruction", w.kind)}
	}
	return nil
}

// begins tells of the execve that the program began by, whose arguments are on
// its stack in the order in which the kernel has put them there.
func (f *follower) begins(t *thread) error {
	if f.wantsName("execve") {
		if c, ok := firstCall(t.tid); ok {
			f.call = c
			if f.cfg.Witness.Enter(t.pid, t.tid, &f.call, nil) {
				f.cfg.Witness.Return(t.pid, t.tid, 0, false)
			}
		}
	}
	return f.resume(t, 0)
}

func (f *follower) wantsName(name string) bool {
	native := abi.Native()
	nr, ok := native.Number(name)
	return ok && f.wants(native, nr)
}
