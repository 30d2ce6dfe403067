package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"warder/internal/procfs"
	"warder/memory"
	"warder/tracer"
)

// needPID asks for a process's id first.
func needPID(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no PID given; try %s --help", cmd.CommandPath())
	}
	return nil
}

// parsePID reads the id of a process.
func parsePID(s string) (int, error) {
	pid, err := strconv.ParseInt(s, 10, 32)
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("PID %q: want the number of a process", s)
	}
	return int(pid), nil
}

// commOf is what a thread calls itself, or "".
func commOf(tid int) string {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(name), "\n")
}

// withMemory gives f a process's memory: stopped for as long as f takes, or
// while it runs on. Refusals say why.
func withMemory(pid int, stop bool, f func(*memory.Space) error) error {
	if !stop {
		err := f(memory.Of(living(pid)))
		return tracer.Explain(pid, err)
	}
	a, err := tracer.Attach(pid)
	if err != nil {
		return err
	}
	err = a.Do(func(s *tracer.Stopped) error {
		m, err := s.Memory()
		if err != nil {
			return err
		}
		return f(m)
	})
	return letGo(a, err)
}

// letGo detaches, and adds to an error what that met, unless it is the same:
// the process's death.
func letGo(a *tracer.Attached, err error) error {
	left := a.Detach()
	if err == nil || left != nil && !errors.Is(left, tracer.ErrGone) {
		return errors.Join(err, left)
	}
	return err
}

// living is a thread of a process that is alive: a leader that has ended
// before its threads has no memory. Where there is none it is pid.
func living(pid int) int {
	g, err := procfs.ReadGuard(pid)
	if err != nil || g.State != 'Z' || g.Ended() {
		return pid
	}
	ids, err := procfs.ThreadIDs(pid)
	if err != nil {
		return pid
	}
	for _, tid := range ids {
		if g, err := procfs.ReadGuard(tid); err == nil && g.State != 'Z' && g.State != 'X' {
			return tid
		}
	}
	return pid
}

// ordered is a JSON object whose members keep their order.
type ordered []struct {
	name  string
	value any
}

// MarshalJSON gives the object.
func (o ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

func (o *ordered) add(name string, value any) {
	*o = append(*o, struct {
		name  string
		value any
	}{name, value})
}
