package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/regs"
)

// running is a program that warder is to look at.
type running struct {
	*exec.Cmd
	pid   string
	in    io.WriteCloser
	out   *bufio.Reader
	first string
}

// launch starts a test program, as somebody else if attr says so, and waits
// for its first line.
func launch(t *testing.T, attr *syscall.SysProcAttr, name string, args ...string) *running {
	t.Helper()
	testutil.Require(t, testutil.Ptrace)
	p := &running{Cmd: exec.Command(testprog.Program(t, name), args...)}
	p.SysProcAttr, p.Dir = attr, "/"
	var err error
	if p.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = strconv.Itoa(p.Process.Pid)
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait() // some tests have done so
	})
	p.first = p.line(t)
	return p
}

func (p *running) line(t *testing.T) string {
	t.Helper()
	s, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", p.Path, err)
	}
	return strings.TrimSuffix(s, "\n")
}

// tells asks the program for a line.
func (p *running) tells(t *testing.T) string {
	t.Helper()
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		t.Fatal(err)
	}
	return p.line(t)
}

// exits waits for the program's end and gives its status.
func (p *running) exits(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func TestLiveRegs(t *testing.T) {
	p := launch(t, nil, "await", "pause")
	o := warder(t, "regs", p.pid)
	o.want(t, 0, "")
	var names []string
	for line := range strings.Lines(o.stdout) {
		names = append(names, strings.Fields(line)[0])
	}
	if got, want := strings.Join(names, " "), strings.Join(regs.Names(), " "); got != want {
		t.Errorf("shown are %s, want %s", got, want)
	}
	o = warder(t, "regs", p.pid, "orig_rax", "zf", "xmm0.v4_float", "mxcsr", "dr7")
	o.want(t, 0, "")
	for i, want := range []string{"orig_rax       0x22                34", "zf             0x", "xmm0.v4_float  0x", "mxcsr          0x1f80              [ IM DM ZM OM UM PM ]", "dr7            0x0                 [ ]"} {
		if lines := strings.Split(o.stdout, "\n"); len(lines) != 6 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q, want %q", i, o.stdout, want)
		}
	}
	type shown struct {
		PID     int `json:"pid"`
		Threads []struct {
			TID       int               `json:"tid"`
			Comm      string            `json:"comm"`
			Registers map[string]string `json:"registers"`
			Changed   map[string]struct{ Old, New string }
		} `json:"threads"`
	}
	read := func(args ...string) (s shown) {
		t.Helper()
		o := warder(t, append([]string{"regs", p.pid, "--json"}, args...)...)
		o.want(t, 0, "")
		if err := json.Unmarshal([]byte(o.stdout), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := read("--all")
	if th := s.Threads; len(th) != 1 || strconv.Itoa(s.PID) != p.pid || th[0].TID != s.PID || len(th[0].Registers) != len(regs.AllNames("")) || th[0].Registers["orig_rax"] != "0x22" {
		t.Errorf("%+v", s)
	}
	// A wait stays one: what was set is there, and the program goes on waiting.
	s = read("--set", "r12=-2", "--set", "ymm5.v4_double={1, 2, 3, 4}", "--set", "zf=1", "--thread", "all")
	if c := s.Threads[0].Changed; c["r12"].New != "0xfffffffffffffffe" || c["zf"].New != "0x1" || c["ymm5.v4_double"].New != "0x4010000000000000"+"4008000000000000"+"4000000000000000"+"3ff0000000000000" {
		t.Errorf("%+v", c)
	}
	s = read("r12", "ymm5", "orig_rax")
	if r := s.Threads[0].Registers; len(r) != 3 || r["r12"] != "0xfffffffffffffffe" || !strings.HasPrefix(r["ymm5"], "0x4010") || r["orig_rax"] != "0x22" {
		t.Errorf("%+v", r)
	}
}

func TestLiveRegsSet(t *testing.T) {
	p := launch(t, nil, "await", "spin")
	o := warder(t, "regs", p.pid, "--set", "xmm3.v2_int64[0]=40", "--set", "rbx=2", "xmm3")
	o.want(t, 0, "")
	if want := "xmm3.v2_int64[0] 0x0 -> 0x28\nrbx 0x0 -> 0x2\nxmm3           0x28\n"; o.stdout != want {
		t.Errorf("%q, want %q", o.stdout, want)
	}
	if got := p.exits(t); got != 42 {
		t.Errorf("the program exits with %d", got)
	}
	// The program counter of a thread that waits in a call.
	p = launch(t, nil, "await", "pause")
	o = warder(t, "regs", p.pid, "--set", "rip="+p.first)
	o.want(t, 0, "")
	if !strings.HasSuffix(o.stdout, "-> "+p.first+"\n") {
		t.Errorf("%q", o.stdout)
	}
	if got := p.exits(t); got != 9 {
		t.Errorf("the program exits with %d", got)
	}
	// What the kernel keeps is said; what it refuses changes nothing.
	p = launch(t, nil, "await", "pause")
	before := warder(t, "regs", p.pid, "--all").stdout
	warder(t, "regs", p.pid, "--set", "eflags=0").want(t, 0, "warder: warning: eflags of thread "+p.pid+": the kernel did not take every bit: it is 0x202, not 0x0")
	warder(t, "regs", p.pid, "--set", "r12=1", "--set", "fs_base=0x8000000000000000").want(t, 125, "write of thread "+p.pid+": input/output error")
	warder(t, "regs", p.pid, "--set", "r12=1", "--set", "dr0=0xffff800000000000").want(t, 125, "dr0 = 0xffff800000000000: invalid argument")
	after := warder(t, "regs", p.pid, "--all").stdout
	for i, line := range strings.Split(before, "\n") {
		if now := strings.Split(after, "\n")[i]; now != line && !strings.HasPrefix(line, "eflags") {
			t.Errorf("was %q, is %q", line, now)
		}
	}
}

func TestLiveRegsThreads(t *testing.T) {
	p := launch(t, nil, "sleeper", "3")
	o := warder(t, "regs", p.pid, "--thread", "all", "rip")
	o.want(t, 0, "")
	if n := strings.Count(o.stdout, "thread "); n < 3 || strings.Count(o.stdout, "\nrip ") != n || !strings.Contains(o.stdout, "thread "+p.pid+" (") {
		t.Errorf("%q", o.stdout)
	}
	var other string
	for line := range strings.Lines(o.stdout) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "thread" && f[1] != p.pid {
			other = f[1]
		}
	}
	// A thread by its own id, or with --thread.
	one := warder(t, "regs", other, "rsp")
	two := warder(t, "regs", p.pid, "--thread", other, "rsp")
	one.want(t, 0, "")
	two.want(t, 0, "")
	if one.stdout != two.stdout || one.stdout == warder(t, "regs", p.pid, "rsp").stdout {
		t.Errorf("%q and %q", one.stdout, two.stdout)
	}
	warder(t, "regs", p.pid, "--thread", "1").want(t, 125, fmt.Sprintf("process %s has no thread 1 that is alive; it has %s, ", p.pid, p.pid))
	warder(t, "regs", p.pid, "--thread", "x").want(t, 125, `--thread "x": want the number of a thread, or all`)
	if o := warder(t, "mem", p.pid, "maps"); !strings.Contains(o.stdout, "[heap]") {
		t.Error("the process is not there any more")
	}
}

func TestRegsUsage(t *testing.T) {
	for args, want := range map[string]string{
		"regs":                         "no PID given; try warder regs --help",
		"regs x":                       `PID "x": want the number of a process`,
		"regs 0":                       `PID "0": want the number of a process`,
		"regs 1073741824":              "process 1073741824: no such process",
		"regs 1 rxx":                   `no register "rxx" (did you mean "r`,
		"regs 1 --set rax":             `--set "rax": want NAME=VALUE`,
		"regs 1 --set rax=x":           `--set rax=x: "x": not a value`,
		"regs 1 --set al=256":          `--set al=256: "256": value too large`,
		"regs 1 --set ymm99=1":         `--set: no register "ymm99"`,
		"regs 1 --set xmm0.v4_float=1": `want 4 numbers separated by commas`,
		"regs 1 --nonsense":            "unknown flag: --nonsense",
		"regs 1 --set " + strings.Repeat("x", 10000): "want NAME=VALUE",
	} {
		o := warder(t, strings.Fields(args)...)
		o.want(t, 125, want)
		if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%.40s: printed %q, said %q", args, o.stdout, o.stderr)
		}
	}
}

// TestLiveRefusals: who may not look at a process is told why, in one line; by
// the capabilities of the binary's file nobody may.
func TestLiveRefusals(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Root)
	user := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}}
	roots, own := launch(t, nil, "cells"), launch(t, user, "cells")
	powerful := launch(t, &syscall.SysProcAttr{Credential: user.Credential, AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN}}, "cells")
	looks := func(pid string) [][]string {
		return [][]string{
			{"regs", pid},
			{"mem", pid, "maps"},
			{"mem", pid, "maps", "-s"},
			{"mem", pid, "read", "[stack]", "8"},
			{"mem", pid, "read", roots.first, "8", "--force"},
			{"mem", pid, "search", "text"},
			{"mem", pid, "strings"},
			{"mem", pid, "write", roots.first, "--u8", "1"},
			{"mem", pid, "write", roots.first, "--u8", "1", "--force", "--stop=false"},
		}
	}
	all := ways()
	for _, w := range []way{all[1], all[3]} {
		for target, want := range map[*running]string{
			roots:    "): not permitted: it belongs to user 0, and this program runs as user 65534 without CAP_SYS_PTRACE",
			powerful: "): not permitted: it has capabilities that this program has not: CAP_SYS_ADMIN",
		} {
			for _, args := range looks(target.pid) {
				t.Run(w.Name+" "+strings.Join(args, " "), func(t *testing.T) {
					o := finish(t, inWay(t, &w, args...))
					o.want(t, 125, "process "+target.pid+" ("+commOf(target.Process.Pid)+want)
					if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
						t.Errorf("printed %q, said %q", o.stdout, o.stderr)
					}
				})
			}
			if got, want := target.tells(t), "3199013687 1234.06 the text of the cells|only to be read"; got != want {
				t.Errorf("its memory is %q, want %q", got, want)
			}
		}
		finish(t, inWay(t, &w, "regs", own.pid, "rip")).want(t, 0, "")
		finish(t, inWay(t, &w, "mem", own.pid, "write", own.first, "--u32", "7")).want(t, 0, "")
		if got := own.tells(t); !strings.HasPrefix(got, "7 ") {
			t.Errorf("his own program has %q", got)
		}
	}
}
