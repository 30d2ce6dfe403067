package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"warder/internal/guess"
	"warder/record"
	"warder/regs"
	"warder/tracer"
)

// regsFlags are the flags of warder regs.
type regsFlags struct {
	thread      string
	all, asJSON bool
	set         []string
}

func newRegs() *cobra.Command {
	var f regsFlags
	cmd := &cobra.Command{
		Use:   "regs [flags] PID [NAME...]",
		Short: "Show or change the registers of a running process",
		Long: `Stop a process that you may trace for a moment, show the registers of a thread,
and let it go on. PID may be that of any thread. Without a NAME the general
registers are shown.

Names are those of gdb: rax, eax, al, eflags and its bits (zf, cf …), st0, mm0,
xmm3, ymm3, zmm3, k1, fctrl, mxcsr, pkru, dr0 … dr7; "xmm3.v4_float" shows lanes
and "xmm3.v4_float[1]" is one. Values of --set are 0x… for the bits, or a
decimal number, which may be negative; a floating-point number for st0 and for
floating-point lanes; {1, 2, 3, 4} for lanes. All values of a thread are set, or
none. What was set and what it is then are printed.

Setting rip takes the thread out of the call that it waits in. Debug registers
stay set when the process goes on: what they watch for then sends it SIGTRAP,
which ends most programs.`,
		Example: `  warder regs 1234
  warder regs 1234 rip rsp eflags ymm3
  warder regs 1234 --all --thread all --json
  warder regs 1234 --set rax=-1 --set zf=0 --set 'xmm0.v4_float={1, 2, 3, 4}'`,
		Args: needPID,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.OutOrStdout(), args) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.thread, "thread", "", "`TID` of the thread, or all; without it the one that PID names")
	fs.BoolVar(&f.all, "all", false, "show vector and debug registers, too")
	fs.StringArrayVar(&f.set, "set", nil, "`NAME=VALUE` to set before showing (repeatable)")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON: registers as hexadecimal strings")
	return cmd
}

// setting is one --set.
type setting struct {
	info  regs.Info
	value regs.Value
}

// threadRegs is what is shown of a thread.
type threadRegs struct {
	tid     int
	comm    string
	names   []string
	values  map[string]regs.Value
	changed []regs.WideChange
	kept    []string // warnings
}

func (f *regsFlags) run(w io.Writer, args []string) error {
	pid, err := parsePID(args[0])
	if err != nil {
		return err
	}
	names, settings, err := f.parse(args[1:])
	if err != nil {
		return err
	}
	a, err := tracer.Attach(pid)
	if err != nil {
		return err
	}
	// What is shown is collected first: a slow reader of ours must not keep
	// the process stopped.
	var shown []*threadRegs
	err = a.Do(func(s *tracer.Stopped) error {
		tids, err := f.threads(pid, s)
		if err != nil {
			return err
		}
		for _, tid := range tids {
			r, err := lookAt(s, tid, names, settings)
			if err != nil {
				return err
			}
			shown = append(shown, r)
		}
		return nil
	})
	if err = letGo(a, err); err != nil {
		return err
	}
	for _, r := range shown {
		for _, warning := range r.kept {
			say(warning)
		}
	}
	if f.asJSON {
		err = printRegsJSON(w, a.PID(), shown)
	} else {
		err = printRegs(w, shown)
	}
	if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// parse checks names and values before the process is stopped.
func (f *regsFlags) parse(args []string) (names []string, settings []setting, err error) {
	for _, name := range args {
		if _, err := lookup(name); err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	for _, text := range f.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, nil, fmt.Errorf("--set %q: want NAME=VALUE", text)
		}
		info, err := lookup(strings.TrimSpace(name))
		if err != nil {
			return nil, nil, fmt.Errorf("--set: %w", err)
		}
		v, err := info.Parse(value)
		if err != nil {
			return nil, nil, fmt.Errorf("--set %s: %w", text, unprefixed(err))
		}
		settings = append(settings, setting{info, v})
	}
	if len(names) == 0 && len(settings) == 0 {
		names = regs.AllNames("general")
	}
	if f.all {
		names = regs.AllNames("")
	}
	return names, settings, nil
}

// unprefixed is the cause of an error of package regs: what it says of the
// operation is said already.
func unprefixed(err error) error {
	var e *regs.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// lookup is regs.Lookup with the name that was probably meant.
func lookup(name string) (regs.Info, error) {
	info, err := regs.Lookup(name)
	switch {
	case errors.Is(err, regs.ErrUnknown):
		known := append(regs.AllNames(""), regs.PartNames()...)
		return info, fmt.Errorf("no register %.40q%s", name, guess.Hint(name, known))
	case err != nil:
		return info, fmt.Errorf("register %.40q: %w", name, unprefixed(err))
	}
	return info, nil
}

// threads are the threads that are meant.
func (f *regsFlags) threads(pid int, s *tracer.Stopped) ([]int, error) {
	all := s.Threads()
	if f.thread == "all" {
		return all, nil
	}
	tid := pid
	if f.thread != "" {
		n, err := strconv.ParseInt(f.thread, 10, 32)
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("--thread %q: want the number of a thread, or all", f.thread)
		}
		tid = int(n)
	}
	if !slices.Contains(all, tid) {
		return nil, fmt.Errorf("process %d has no thread %d that is alive; it has %s", s.PID(), tid, joined(all))
	}
	return []int{tid}, nil
}

// joined lists numbers, not more than a line of them.
func joined(numbers []int) string {
	const most = 10
	var b strings.Builder
	for i, n := range numbers {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(numbers)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// lookAt sets and reads a thread's registers.
func lookAt(s *tracer.Stopped, tid int, names []string, settings []setting) (*threadRegs, error) {
	t, err := s.Registers(tid)
	if err != nil {
		return nil, err
	}
	r := &threadRegs{tid: tid, comm: commOf(tid), names: names, values: map[string]regs.Value{}}
	for _, set := range settings {
		old, err := t.Get(set.info.Name)
		if err != nil {
			return nil, err
		}
		r.changed = append(r.changed, regs.WideChange{Name: set.info.Name, Old: old})
		if err := t.Set(set.info.Name, set.value); err != nil {
			return nil, err
		}
	}
	if len(settings) > 0 {
		asked := t
		if err := t.Write(); err != nil {
			return nil, err
		}
		if t, err = s.Registers(tid); err != nil { // as the kernel has them now
			return nil, err
		}
		for i := range r.changed {
			c := &r.changed[i]
			if c.New, err = t.Get(c.Name); err != nil {
				return nil, err
			}
			if v, err := asked.Get(c.Name); err == nil && !v.Equal(c.New) {
				r.kept = append(r.kept, fmt.Sprintf("warning: %s of thread %d: the kernel did not take every bit: it is %s, not %s", c.Name, tid, c.New, v))
			}
		}
	}
	for _, name := range names {
		if r.values[name], err = t.Get(name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func printRegs(w io.Writer, shown []*threadRegs) error {
	var b bytes.Buffer
	for i, r := range shown {
		if len(shown) > 1 {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "thread %d (%s)\n", r.tid, record.Clean(r.comm))
		}
		for _, c := range r.changed {
			fmt.Fprintf(&b, "%s\n", c)
		}
		for _, name := range r.names {
			info, err := regs.Lookup(name)
			if err != nil {
				return err
			}
			b.WriteString(info.Line(r.values[name]))
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

func printRegsJSON(w io.Writer, pid int, shown []*threadRegs) error {
	type change struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	type thread struct {
		TID       int     `json:"tid"`
		Comm      string  `json:"comm"`
		Changed   ordered `json:"changed,omitempty"`
		Registers ordered `json:"registers,omitempty"`
	}
	var out struct {
		PID     int      `json:"pid"`
		Threads []thread `json:"threads"`
	}
	out.PID = pid
	for _, r := range shown {
		t := thread{TID: r.tid, Comm: r.comm}
		for _, c := range r.changed {
			t.Changed.add(c.Name, change{c.Old.String(), c.New.String()})
		}
		for _, name := range r.names {
			t.Registers.add(name, r.values[name].String())
		}
		out.Threads = append(out.Threads, t)
	}
	return printJSON(w, out)
}
