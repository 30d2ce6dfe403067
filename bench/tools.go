package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Tools are rows of other supervisors that this machine has, each made to
// watch the measured call alone and to write nothing down: as they are when
// they are run, and, which they do not do by themselves, sharing the caller's
// core, the best that they could do.
func Tools(cores Cores) []Row {
	strace := func(name, text string, free bool, args ...string) Row {
		return Row{
			Name: name, Group: GroupOthers, Base: "native", Text: text,
			Measure: func(ctx context.Context, calls int) (Block, error) {
				path, err := exec.LookPath("strace")
				if err != nil {
					return Block{}, errors.New("strace is not installed")
				}
				return attended(ctx, cores, free, calls, append([]string{path}, args...))
			},
		}
	}
	return []Row{
		strace("strace-bpf-free", "strace -f --seccomp-bpf -e trace=getppid, output to /dev/null, where the scheduler has it", true,
			"-f", "--seccomp-bpf", "-e", "trace=getppid", "-e", "signal=none", "-o", "/dev/null"),
		strace("strace-bpf", "strace -f --seccomp-bpf -e trace=getppid, output to /dev/null, put on the same core", false,
			"-f", "--seccomp-bpf", "-e", "trace=getppid", "-e", "signal=none", "-o", "/dev/null"),
		strace("strace", "strace -f -e trace=getppid, output to /dev/null, put on the same core", false,
			"-f", "-e", "trace=getppid", "-e", "signal=none", "-o", "/dev/null"),
	}
}

// attended runs a meter as the program of a command line. Its clock is read by
// calls: nobody but a parent knows where its vDSO lies.
func attended(ctx context.Context, cores Cores, free bool, calls int, argv []string) (Block, error) {
	fd, err := meterFile()
	if err != nil {
		return Block{}, err
	}
	file, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return Block{}, err
	}
	defer file.Close()
	s := newScript(8)
	hurry(s)
	if !free {
		pin(s, cores.One)
	}
	s.loop(opTimed, calls, getppid)
	s.call("write", unix.SYS_WRITE, 1, headTimes, 32)
	s.end()
	stdin, err := fed(s)
	if err != nil {
		return Block{}, err
	}
	defer stdin.Close()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Args = append(cmd.Args, "/proc/self/fd/3") // ExtraFiles[0], inherited by the program
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &said
	if err := cmd.Start(); err != nil {
		return Block{}, err
	}
	var placed error
	if !free {
		var one unix.CPUSet
		one.Set(cores.One)
		// Before its child is born or not: the child pins itself.
		placed = unix.SchedSetaffinity(cmd.Process.Pid, &one)
	}
	if err := cmd.Wait(); err != nil {
		return Block{}, fmt.Errorf("%w: %s", err, firstLine(said.String()))
	}
	if placed != nil {
		return Block{}, fmt.Errorf("sched_setaffinity: %w", placed)
	}
	if out.Len() != 32 {
		return Block{}, s.complaint(out.Bytes())
	}
	return Block{PerCall: float64(between(out.Bytes())) / float64(calls)}, nil
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	return first
}

// floorMark begins the names of rows of a floor program.
const floorMark = "c-"

// Floor are the rows of a program made of bench/testdata/floor.c: the same
// loops in C. The rows that it has a loop for are shown against it from then
// on, and warder's against the loop that does what they do.
func Floor(ctx context.Context, path string, cores Cores, rows []Row) ([]Row, error) {
	out, err := exec.CommandContext(ctx, path, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", path, err)
	}
	known := make(map[string]bool)
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		known[lines.Text()] = true
	}
	var all []Row
	for _, row := range rows {
		if known[row.Name] {
			base := row.Base
			if !known[base] {
				base = "native"
			}
			row.Floor = floorMark + row.Name
			// Next to each other, so that what the machine does meanwhile is in both.
			all = append(all, row, floorRow(path, cores, row.Name, base))
			continue
		}
		if known[row.Floor] {
			row.Floor = floorMark + row.Floor
		}
		all = append(all, row)
	}
	return all, nil
}

func floorRow(path string, cores Cores, name, base string) Row {
	return Row{
		Name: floorMark + name, Group: GroupFloor, Base: floorMark + base, Text: "the same in C",
		Measure: func(ctx context.Context, calls int) (Block, error) {
			if strings.HasSuffix(name, apart) && cores.Other < 0 {
				return Block{}, errOneCore
			}
			cmd := exec.CommandContext(ctx, path, name, strconv.Itoa(calls), strconv.Itoa(cores.One), strconv.Itoa(cores.Other))
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			var said bytes.Buffer
			cmd.Stderr = &said
			out, err := cmd.Output()
			if err != nil {
				return Block{}, fmt.Errorf("%w: %s", err, firstLine(said.String()))
			}
			each, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				return Block{}, fmt.Errorf("it printed %q: %w", firstLine(string(out)), err)
			}
			return Block{PerCall: each}, nil
		},
	}
}
