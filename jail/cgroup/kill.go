package cgroup

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// killPatience is for how long Kill waits. Three thousand tasks go in half a
// second; one that has tens of gigabytes to give back takes a few.
const killPatience = 5 * time.Second

// Kill ends every process in the group, and returns when none is left but
// zombies, which are their parents' to wait for. Nothing inside can outrun it
// by forking: version 2's cgroup.kill (Linux 5.14) kills what is born
// meanwhile too, and without it the group is closed to new tasks (a pids.max
// of 0) until all are dead. That needs no freezer, under which a task neither
// dies nor can be resumed by its tracer. Where there is neither, Support says
// so, and Kill is a race against forks. Limits of CPU time do not hold
// meanwhile; Limit waits.
//
// It takes at most some five seconds. The error then wraps EBUSY and says what
// is left: processes that the kernel holds (state D), or of other users where
// this process is not root.
func (g *Group) Kill() error {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 0 {
		return g.closed("kill")
	}
	if err := g.kill(killPatience); err != nil {
		return fmt.Errorf("cgroup: kill: group %s: %w", g.name, err)
	}
	return nil
}

func (g *Group) kill(patience time.Duration) error {
	g.setting.Lock()
	defer g.setting.Unlock()
	if left, err := g.members(); err != nil || len(left) == 0 {
		return err // and FD is as good as before
	}
	settle, failed := g.condemn()
	defer settle()
	w := newWait(patience)
	for {
		left, err := g.members()
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		pause := w.step()
		if pause == 0 {
			return errors.Join(fmt.Errorf("%w after %v%s", unix.EBUSY, patience, g.inside()), failed)
		}
		if err := g.endAndWait(left, pause); err != nil {
			failed = err // the last one will do
		}
	}
}

// condemn sees to it that nothing is born in the group any more, and that
// what dies has the CPU time to do so: it gives back its memory itself. The
// function that it returns sets the limits again. An error is no reason not
// to kill.
func (g *Group) condemn() (settle func(), err error) {
	var undo []func()
	settle = func() {
		for _, f := range undo {
			f()
		}
	}
	if d := g.offering(roleKill); d != nil {
		// All in the version 2 tree are all in the group: nobody is put in one
		// of its trees and not in the others.
		g.struck.Store(true)
		err = d.strike()
	} else if d := g.offering(rolePids); d != nil {
		err = d.limitTasks(0)
		undo = append(undo, func() { _ = d.limitTasks(g.last.Processes) })
	}
	if d := g.offering(roleCPU); d != nil && g.last.CPUs >= 0 {
		err = errors.Join(err, d.limitCPU(NoLimit))
		undo = append(undo, func() { _ = d.limitCPU(g.last.CPUs) })
	}
	return settle, err
}

// strike kills all in a version 2 directory, and what is born there meanwhile.
func (d *directory) strike() error { return d.write("cgroup.kill", "1") }

// members lists the processes in any of the group's trees.
func (g *Group) members() ([]int, error) {
	var all []int
	for _, d := range g.dirs {
		list, err := d.pids()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// endAndWait kills some of the listed processes and waits until those have
// ended, or for so long. A pid may by now be that of another process,
// outside: so each is pinned by a descriptor, and killed only if it is listed
// once more after that. (Was it used again for another one inside, then the
// signal misses, and the next round has that one.)
func (g *Group) endAndWait(pids []int, pause time.Duration) error {
	const atOnce = 256 // descriptors
	var failed error
	pinned := map[int]int{}
	defer func() {
		for _, fd := range pinned {
			_ = unix.Close(fd)
		}
	}()
	for _, pid := range pids {
		if pid == 0 || len(pinned) == atOnce {
			continue // 0 is one of another pid namespace: cgroup.kill alone reaches it
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err == nil {
			pinned[pid] = fd
		} else if !errors.Is(err, unix.ESRCH) {
			failed = os.NewSyscallError("pidfd_open", err)
		}
	}
	still, err := g.members()
	if err != nil {
		return err
	}
	var ends []unix.PollFd
	for _, pid := range still {
		fd, ok := pinned[pid]
		if !ok {
			continue
		}
		if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			failed = fmt.Errorf("pidfd_send_signal to process %d: %w", pid, err)
		}
		ends = append(ends, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	awaitEnds(ends, pause)
	return failed
}

// awaitEnds waits until all have ended, or for so long. For those that had
// ended before and are still listed there is nothing to wait for but time.
func awaitEnds(ends []unix.PollFd, pause time.Duration) {
	until := time.Now().Add(pause)
	ends = pending(ends, 0)
	if len(ends) == 0 {
		<-time.After(pause)
		return
	}
	for left := pause; len(ends) > 0 && left > 0; left = time.Until(until) {
		ends = pending(ends, left)
	}
}

// pending waits for an end, and leaves out what has ended.
func pending(ends []unix.PollFd, patience time.Duration) []unix.PollFd {
	if len(ends) == 0 {
		return nil
	}
	// Rounded up: less than a millisecond would be none. EINTR: all are pending.
	millis := (patience + time.Millisecond - 1) / time.Millisecond
	if _, err := unix.Poll(ends, int(millis)); err != nil {
		return ends
	}
	return slices.DeleteFunc(ends, func(p unix.PollFd) bool { return p.Revents != 0 })
}
