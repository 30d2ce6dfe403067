package procfs

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// Stat is what a supervisor uses of /proc/<pid>/stat (proc_pid_stat(5)): what
// status does not say.
type Stat struct {
	State       byte
	PPID        int
	PGRP        int
	Session     int
	Flags       uint64 // PF_* of include/linux/sched.h, which may change from kernel to kernel
	MinorFaults uint64
	MajorFaults uint64
	Threads     int
	// StartTicks is when the process started, in clock ticks (1/100 s) since
	// boot. With the pid it tells a process from a later one of the same pid,
	// to the precision of a tick.
	StartTicks uint64
}

// ReadStat reads /proc/<pid>/stat. It exists for zombies too.
func ReadStat(pid int, s *Stat) error {
	// 52 numbers of at most 20 digits and a name of at most 64 bytes.
	var buf [4096]byte
	n, err := readAll(pid, "stat", buf[:])
	if err != nil {
		return err
	}
	if !s.parse(buf[:n]) {
		return &Error{"read", pid, "stat", ErrMalformed}
	}
	return nil
}

// parse counts fields from the last parenthesis: the name before it is the
// process's own choice and, unlike in status, printed as it is, so "x) R 1"
// and newlines are legal in it. No field after it can hold a parenthesis.
func (s *Stat) parse(b []byte) bool {
	*s = Stat{}
	i := bytes.LastIndexByte(b, ')')
	if i < 0 {
		return false
	}
	rest := b[i+1:]
	for n := 3; ; n++ { // proc(5) numbers the state 3
		rest = bytes.TrimLeft(rest, " \n")
		if len(rest) == 0 {
			return false
		}
		end := bytes.IndexAny(rest, " \n")
		if end < 0 {
			end = len(rest)
		}
		f := rest[:end]
		rest = rest[end:]
		switch n {
		case 3:
			s.State = f[0]
		case 4:
			s.PPID = leadingInt(f)
		case 5:
			s.PGRP = leadingInt(f)
		case 6:
			s.Session = leadingInt(f)
		case 9:
			s.Flags = leadingUint(f)
		case 10:
			s.MinorFaults = leadingUint(f)
		case 12:
			s.MajorFaults = leadingUint(f)
		case 20:
			s.Threads = leadingInt(f)
		case 22:
			s.StartTicks = leadingUint(f)
			return true
		}
	}
}

// FileStat is stat(2) of /proc/<pid>/<name>, links followed: of what root, cwd
// or fd/N leads to.
func FileStat(pid int, name string) (*unix.Stat_t, error) {
	dir, err := Root()
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstatat(dir, strconv.Itoa(pid)+"/"+name, &st, 0); err != nil {
		return nil, &Error{"stat", pid, name, err}
	}
	return &st, nil
}

// ReadLink is readlink(2) of /proc/<pid>/<name>, cut at 4096 bytes.
func ReadLink(pid int, name string) (string, error) {
	dir, err := Root()
	if err != nil {
		return "", err
	}
	var b [4096]byte
	n, err := unix.Readlinkat(dir, strconv.Itoa(pid)+"/"+name, b[:])
	if err != nil {
		return "", &Error{"readlink", pid, name, err}
	}
	return string(b[:n]), nil
}
