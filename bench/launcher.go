package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Sample is one run of a program.
type Sample struct {
	Wall time.Duration
	// Program is CPU time, user and system, of the program and what it waited
	// for; of a tool's command line, the tool's own is in it.
	Program time.Duration
	// Supervisor is warder's own CPU time meanwhile.
	Supervisor time.Duration
	Stops      float64 // ptrace-stops, or unknown
	Peak       float64 // bytes: the largest resident set of one process
	// Unseen is the part of Program that getrusage(2) of ours does not count.
	Unseen time.Duration
}

const unknown = -1

// Command is a command line to be run.
type Command struct {
	Path  string   // the file, which is not looked up anywhere
	Args  []string // argv, argv[0] included
	Env   []string
	Dir   string // "": the caller's
	Stdin string // a file; "" is /dev/null
}

// ProgramError says that a command line does not end well by itself.
type ProgramError struct {
	Status syscall.WaitStatus
}

func (e *ProgramError) Error() string {
	if e.Status.Signaled() {
		return fmt.Sprintf("it died of signal %d (%s)", int(e.Status.Signal()), e.Status.Signal())
	}
	return fmt.Sprintf("it ended with exit status %d", e.Status.ExitStatus())
}

// spawn runs a command line with nothing around it: a process of a few pages
// does clone, execve and wait4, and reads the clock before and behind. A child
// of this process would begin with its memory, and that would be the peak.
func spawn(ctx context.Context, c *Command) (Sample, error) {
	files, closeAll, err := c.open()
	if err != nil {
		return Sample{}, err
	}
	defer closeAll()
	m, err := startMeter(ctx, c.script(), files...)
	if err != nil {
		return Sample{}, err
	}
	defer m.kill()
	if err := m.from.SetReadDeadline(time.Time{}); err != nil { // a program may take its time
		return Sample{}, err
	}
	var b [launchReport]byte
	if _, err := io.ReadFull(m.from, b[:16]); err != nil {
		return Sample{}, errors.Join(context.Cause(ctx), m.died(err))
	}
	if binary.LittleEndian.Uint64(b[:]) >= meterData { // no status is so large: a row's address
		_, err := m.script.outcome(b[:16])
		return Sample{}, err
	}
	if _, err := io.ReadFull(m.from, b[16:]); err != nil {
		return Sample{}, errors.Join(context.Cause(ctx), m.died(err))
	}
	if err := ctx.Err(); err != nil {
		return Sample{}, err
	}
	s := sampleOf(b[:])
	if status := syscall.WaitStatus(binary.LittleEndian.Uint32(b[:])); status != 0 {
		return s, &ProgramError{status}
	}
	return s, nil
}

// Descriptors of a launcher: those of the program, and one for reports that
// the program does not inherit.
const (
	launchStdin  = 3
	launchStdout = 4
	launchStderr = 5
	launchTold   = 6
)

// launchReport is the length of what a launcher tells: the scratch memory from
// status to the second time.
const launchReport = timeAfter + 16 - status

func sampleOf(b []byte) Sample {
	word := func(at int) int64 { return int64(binary.LittleEndian.Uint64(b[at:])) }
	const (
		ru     = usage - status
		second = 1_000_000
	)
	cpu := (word(ru)+word(ru+16))*second + word(ru+8) + word(ru+24)
	return Sample{
		Wall: between(b[timeBefore-status:]), Program: time.Duration(cpu) * time.Microsecond,
		Stops: 0, Peak: float64(word(ru+32)) * 1024, // ru_maxrss, in KiB
	}
}

// script is what the launcher does.
func (c *Command) script() *script {
	const (
		rows  = 16
		child = 7 // the row that the vforked child goes on at
	)
	s := newScript(rows)
	s.report = launchTold
	s.call("dup3", unix.SYS_DUP3, 1, launchTold, unix.O_CLOEXEC)
	s.call("clock_gettime", unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, timeBefore)
	s.fork("clone", unix.SYS_CLONE, s.at(child), unix.CLONE_VM|unix.CLONE_VFORK|uint64(unix.SIGCHLD), 0, 0, 0, 0)
	s.call("wait4", unix.SYS_WAIT4, ^uint64(0), status, 0, usage)
	s.call("clock_gettime", unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, timeAfter)
	s.call("write", unix.SYS_WRITE, 1, status, launchReport)
	s.end()
	s.call("dup3", unix.SYS_DUP3, launchStdin, 0, 0) // row child
	s.call("dup3", unix.SYS_DUP3, launchStdout, 1, 0)
	s.call("dup3", unix.SYS_DUP3, launchStderr, 2, 0)
	s.call("close_range", unix.SYS_CLOSE_RANGE, 3, uint64(^uint32(0)), unix.CLOSE_RANGE_CLOEXEC)
	if c.Dir != "" {
		s.call("chdir "+c.Dir, unix.SYS_CHDIR, s.str(c.Dir))
	}
	s.call("execve "+c.Path, unix.SYS_EXECVE, s.str(c.Path), s.strs(c.Args), s.strs(c.Env))
	return s
}

// strs places strings and the array of pointers to them.
func (s *script) strs(list []string) uint64 {
	var pointers []uint64
	for _, text := range list {
		pointers = append(pointers, s.str(text))
	}
	return s.words(append(pointers, 0)...)
}

// open gives the program's three descriptors; what it writes is discarded.
func (c *Command) open() (files []*os.File, closeAll func(), err error) {
	closeAll = func() {
		for _, f := range files {
			_ = f.Close() // nothing was written to them by us
		}
	}
	in := c.Stdin
	if in == "" {
		in = os.DevNull
	}
	for _, one := range []struct {
		name string
		mode int
	}{{in, os.O_RDONLY}, {os.DevNull, os.O_WRONLY}, {os.DevNull, os.O_WRONLY}} {
		f, err := os.OpenFile(one.name, one.mode, 0)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		files = append(files, f)
	}
	return files, closeAll, nil
}
