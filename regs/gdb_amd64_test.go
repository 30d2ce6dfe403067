package regs_test

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/regs"
)

// parked leaves a traced program, which has stopped, at an endless loop for
// gdb to find, with its registers as they are.
func parked(t *testing.T, pid int) {
	t.Helper()
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	word, err := ptrace.PeekData(pid, uintptr(r.RIP))
	if err != nil {
		t.Fatal(err)
	}
	if err := ptrace.PokeData(pid, uintptr(r.RIP), word&^0xffff|0xfeeb); err != nil {
		t.Fatal(err)
	}
	// Nothing else ends an untraced loop if this program dies first.
	if err := unix.Prlimit(pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: 60, Max: 60}, nil); err != nil {
		t.Fatal(err)
	}
	if err := ptrace.Detach(pid, 0); err != nil {
		t.Fatal(err)
	}
}

// askGDB gives what gdb prints for commands on a process.
func askGDB(t *testing.T, pid int, commands ...string) string {
	t.Helper()
	gdb, err := exec.LookPath("gdb")
	if err != nil {
		missing(t, "no gdb to compare with")
	}
	if testing.Short() {
		t.Skip("gdb takes seconds")
	}
	args := []string{"-nx", "-batch", "-p", fmt.Sprint(pid)}
	for _, c := range commands {
		args = append(args, "-ex", c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, gdb, args...).Output()
	if err != nil {
		t.Skipf("gdb: %v\n%s", err, out)
	}
	return string(out)
}

// TestLiveAgainstGDB compares String with gdb's "info registers".
func TestLiveAgainstGDB(t *testing.T) {
	pid := start(t, compile(t, mirror))
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	wait(t, pid)
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	parked(t, pid)
	out := askGDB(t, pid, "info registers", "info registers orig_rax")
	if !strings.Contains(out, "\nrip ") {
		t.Skipf("gdb says %s", out)
	}
	symbol := regexp.MustCompile(` <.*>$`)
	theirs := map[string]string{}
	for line := range strings.Lines(out) {
		line = symbol.ReplaceAllString(strings.TrimSuffix(line, "\n"), "")
		name, _, _ := strings.Cut(line, " ")
		theirs[name] = line
	}
	for line := range strings.Lines(r.String()) {
		line = strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(line, " ")
		if theirs[name] == "" && strings.HasSuffix(name, "_base") {
			continue // gdb may not know them
		}
		if theirs[name] != line {
			t.Errorf("ours %q, gdb's %q", line, theirs[name])
		}
	}
}

// TestLiveVectorAgainstGDB: gdb finds by its names what was written by ours.
func TestLiveVectorAgainstGDB(t *testing.T) {
	pid := start(t, compile(t, mirror))
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	wait(t, pid)
	th := regs.Of(pid)
	for _, c := range [][2]string{
		{"fstat", "0x3000"}, // the top of the stack is 6
		{"st0", "1.5"},
		{"st1", "-2"},
		{"st7", "3.14159265358979323851"},
		{"ftw", "0xc1"},
		{"fctrl", "0x27f"},
		{"mxcsr", "0x1fa0"},
		{"xmm3.v4_float", "1, -2, 0.5, 1e10"},
		{"ymm4.v4_double", "1, 2, 3, -4.25"},
		{"ymm15", "0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"},
	} {
		info, err := regs.Lookup(c[0])
		if err != nil {
			t.Fatal(err)
		}
		v, err := info.Parse(c[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := th.Set(c[0], v); err != nil {
			t.Fatal(err)
		}
	}
	if err := th.Write(); err != nil {
		t.Fatal(err)
	}
	x, err := regs.ReadXState(pid)
	if err != nil {
		t.Fatal(err)
	}
	parked(t, pid)
	names := []string{"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop", "mxcsr"}
	commands := []string{"p $st0", "p $st1", "p $st7", "p $xmm3.v4_float", "p $ymm4.v4_double", "p/x $ymm15.v32_int8"}
	for _, name := range names {
		commands = append(commands, "p/x $"+name)
	}
	out := askGDB(t, pid, commands...)
	lane := func(name string) string {
		info, err := regs.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := x.Get(name)
		return info.Print(v)
	}
	want := []string{"1.5", "-2", lane("st7"), "{1, -2, 0.5, 1e+10}", "{1, 2, 3, -4.25}", "{0x20, 0x1f, 0x1e, 0x1d, 0x1c, 0x1b,"}
	for _, name := range names {
		v, _ := x.Get(name)
		want = append(want, v.String())
	}
	for i, w := range want {
		// gdb counts its values, and shortens lists that repeat.
		if answer := fmt.Sprintf("$%d = %s", i+1, w); !strings.Contains(out, answer) {
			t.Errorf("%s: no %q in\n%s", commands[i], answer, out)
		}
	}
}
