package procfs

import (
	"time"

	"golang.org/x/sys/unix"
)

// Which CPU clock of a process; the low bits of its clock id
// (include/linux/posix-timers_types.h).
const (
	clockProf  = 0 // utime + stime
	clockVirt  = 1 // utime
	clockSched = 2 // run time as the scheduler counts it
)

// pidMax is PID_MAX_LIMIT of include/linux/threads.h: no id is above it, and
// below it ids do not overflow when they are shifted into a clock id.
const pidMax = 1 << 22

// CPUTime returns the CPU time of a process, user and system, of all its
// threads, those that ended included: the clock of clock_getcpuclockid(3). It
// is exact to the scheduler's nanoseconds, running threads included, needs no
// rights over the process, and goes on answering for a zombie until it is
// reaped. pid must be a process, not one of its other threads.
func CPUTime(pid int) (time.Duration, error) {
	return cpuClock(pid, clockSched)
}

// CPUTimes returns user and system time of a process apart. On most kernels
// these are sampled by the timer tick (1 to 10 ms), which a program can dodge
// by sleeping across ticks: they are for reports, limits belong on [CPUTime].
// The two are read one after the other; of a running process system may be
// too large by the time between.
func CPUTimes(pid int) (user, system time.Duration, err error) {
	user, err = cpuClock(pid, clockVirt)
	if err != nil {
		return 0, 0, err
	}
	both, err := cpuClock(pid, clockProf)
	if err != nil {
		return 0, 0, err
	}
	return user, max(both-user, 0), nil
}

func cpuClock(pid, which int) (time.Duration, error) {
	if pid <= 0 || pid > pidMax { // 0 would be the caller itself
		return 0, &Error{"clock", pid, "", unix.ESRCH}
	}
	var ts unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|which), &ts)
	if err == unix.EINVAL {
		// The id is well formed, so EINVAL says that no process has this pid
		// (pid_for_clock, kernel/time/posix-cpu-timers.c).
		err = unix.ESRCH
	}
	if err != nil {
		return 0, &Error{"clock", pid, "", err}
	}
	return time.Duration(ts.Nano()), nil
}
