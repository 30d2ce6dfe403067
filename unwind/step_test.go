package unwind_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/regs"
	"warder/unwind"
)

// step executes one instruction.
func (tr *tracee) step(t testing.TB) {
	t.Helper()
	if _, _, e := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SINGLESTEP, uintptr(tr.pid), 0, 0, 0, 0); e != 0 {
		t.Fatal("single step:", e)
	}
	if ws := tr.wait(t, tr.pid); !ws.Stopped() || ws.StopSignal() != syscall.SIGTRAP {
		t.Fatalf("wait status %#x after a step", int(ws))
	}
}

// TestLiveEveryInstruction walks the stack at each instruction of a stretch of
// a program: from wherever it is, the trace must lead through main to _start
// and be neither cut off nor guessed.
func TestLiveEveryInstruction(t *testing.T) {
	const steps = 6000
	for _, c := range []struct {
		flags string
		wrong int // instructions at which the compiler's information is
	}{
		// Behind the last pop of a function that realigned its stack gcc 12
		// still says that the caller's %rbp is stored where %rbp points to.
		{"-g -O0", 2},
		{"-g -O2 -fomit-frame-pointer", 0},
		{"-O3 -static", 0},
		{"-O2 -fno-plt", 0},
		{"-Os", 0},
		{"-O2 -Wl,-z,lazy", 0},
		{"-O2 -fcf-protection=full -Wl,-z,lazy", 0},
	} {
		t.Run(c.flags, func(t *testing.T) {
			tr := start(t, false, build(t, "steps.c", strings.Fields(c.flags)...))
			p, err := unwind.Live(tr.pid)
			if err != nil {
				t.Fatal(err)
			}
			u := unwind.New(unwind.Config{DebugDirs: []string{}})
			// The pause is over, as if by a signal.
			r, err := regs.Read(tr.pid)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(r.Set("rax", 0), r.Set("orig_rax", ^uint64(0))); err != nil {
				t.Fatal(err)
			}
			if err := r.Write(tr.pid); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			failed := 0
			for range steps {
				tr.step(t)
				if r, err = regs.Read(tr.pid); err != nil {
					t.Fatal(err)
				}
				trace := u.Backtrace(p, r)
				var names []string
				bad := !trace.Complete
				for _, f := range trace.Frames {
					names = append(names, f.Function)
					// Stubs of functions of which a static program chooses one have
					// neither a name nor any information.
					bad = bad || f.Guess() && !(f.How == unwind.ByStack && names[0] == "")
				}
				chain := " " + strings.Join(names, " ")
				if !strings.Contains(chain, " main") || !strings.HasSuffix(chain, " _start") {
					bad = true
				}
				if bad {
					if failed++; failed > c.wrong && failed < 5 {
						t.Errorf("%s(%s)", trace, trace.End)
					}
				}
				seen[names[0]]++
				if names[0] == "end" {
					break
				}
			}
			for _, name := range []string{"jumps", "aligned", "many", "end"} {
				if seen[name] == 0 {
					t.Errorf("%s was not seen: %v", name, seen)
				}
			}
			if failed > c.wrong {
				t.Errorf("%d traces failed", failed)
			}
		})
	}
}
