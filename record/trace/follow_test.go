package trace_test

import (
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/record/trace"
	"warder/rules"
)

// follower is a small tracer of its own: it stops a program at every call and
// tells a collector. The session's loop, with policy, filter and job control,
// is package tracer's; this one is to see what a collector makes of a real
// program.
type follower struct {
	t     testing.TB
	c     *trace.Collector
	tasks map[int]*followed
	born  map[int]int // parents of threads that have not stopped yet
	info  ptrace.SyscallInfo
}

type followed struct {
	pid   int
	asked bool // the collector wants its return
}

// follow runs a command under a collector until it ends. Its first execve has
// been made by then.
func follow(t testing.TB, c *trace.Collector, cmd *exec.Cmd) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &follower{t: t, c: c, tasks: map[int]*followed{}, born: map[int]int{}}
	first := cmd.Process.Pid
	f.tasks[first] = &followed{pid: first}
	var status uint32
	if _, err := ptrace.Wait(first, unix.WALL, &status, nil); err != nil {
		t.Fatal(err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
		unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL
	if err := ptrace.SetOptions(first, options); err != nil {
		t.Fatal(err)
	}
	f.resume(first, 0)
	for { // until no child is left: a task may be born that nobody has heard of
		tid, err := ptrace.Wait(-1, unix.WALL|unix.WNOTHREAD, &status, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			_ = cmd.Process.Release() // it has been waited for
			return
		case err != nil:
			t.Fatal(err)
		}
		f.stopped(tid, unix.WaitStatus(status))
	}
}

// resume goes on; a thread that is gone says so by its end.
func (f *follower) resume(tid, sig int) {
	if err := ptrace.Syscall(tid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
		f.t.Errorf("resume %d: %v", tid, err)
	}
}

func (f *follower) stopped(tid int, status unix.WaitStatus) {
	task := f.tasks[tid]
	if status.Exited() || status.Signaled() {
		if task != nil {
			f.c.Ended(task.pid, tid, status)
		}
		delete(f.tasks, tid)
		return
	}
	sig := int(status.StopSignal())
	if task == nil { // its first stop
		task = &followed{pid: tid}
		f.tasks[tid] = task
		parent, told := f.born[tid]
		if !told {
			// It came before its parent's event: its process is known all the same.
			parent = 0
		}
		if tgid := tgidOf(tid); tgid != 0 {
			task.pid = tgid
		}
		delete(f.born, tid)
		f.c.Born(task.pid, tid, parent)
		if sig == int(unix.SIGSTOP) {
			sig = 0
		}
		f.resume(tid, sig)
		return
	}
	switch event := int(status) >> 16; {
	case sig == int(unix.SIGTRAP)|0x80:
		f.call(tid, task)
		sig = 0
	case event == unix.PTRACE_EVENT_EXEC:
		former, err := ptrace.EventMsg(tid)
		if err != nil {
			return
		}
		f.c.Executed(tid, int(former))
		for other, t := range f.tasks {
			if t.pid == tid && other != int(former) && other != tid {
				delete(f.tasks, other)
			}
		}
		if int(former) != tid {
			*task = *f.tasks[int(former)]
			delete(f.tasks, int(former))
		}
		sig = 0
	case event != 0:
		if child, err := ptrace.EventMsg(tid); err == nil && f.tasks[int(child)] == nil {
			f.born[int(child)] = tid
		}
		sig = 0
	default:
		info, err := ptrace.RawSigInfo(tid)
		if err != nil {
			info = nil
		}
		f.c.Signal(task.pid, tid, sig, info)
	}
	f.resume(tid, sig)
}

func (f *follower) call(tid int, task *followed) {
	if err := ptrace.GetSyscallInfo(tid, &f.info); err != nil {
		return
	}
	switch f.info.Op {
	case ptrace.OpEntry:
		arch, _ := abi.ArchOfAudit(f.info.Arch)
		call := rules.Call{Arch: arch, Nr: uint32(f.info.Nr), Args: f.info.Args}
		task.asked = f.c.Enter(task.pid, tid, &call, nil)
	case ptrace.OpExit:
		if !task.asked {
			return
		}
		task.asked = false
		value, failed := f.info.Exit()
		if failed {
			value = -value
		}
		f.c.Return(task.pid, tid, uint64(value), failed)
	}
}

// tgidOf is a thread's process, 0 where it is gone.
func tgidOf(tid int) int {
	g, err := procfs.ReadGuard(tid)
	if err != nil {
		return 0
	}
	return g.TGID
}
