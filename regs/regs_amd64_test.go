package regs_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/regs"
)

func TestParts(t *testing.T) {
	const old = 0x1122334455667788
	for _, c := range []struct {
		name       string
		full       string
		read       uint64
		write      uint64
		after      uint64
		oneTooMany uint64
	}{
		{"rax", "rax", old, 5, 5, 0},
		{"eax", "rax", 0x55667788, 0xaabbccdd, 0xaabbccdd, 1 << 32},
		{"ax", "rax", 0x7788, 0xaabb, 0x112233445566aabb, 1 << 16},
		{"al", "rax", 0x88, 0xaa, 0x11223344556677aa, 1 << 8},
		{"ah", "rax", 0x77, 0xaa, 0x112233445566aa88, 1 << 8},
		{"bh", "rbx", 0x77, 0xaa, 0x112233445566aa88, 1 << 8},
		{"esi", "rsi", 0x55667788, 1, 1, 1 << 32},
		{"dil", "rdi", 0x88, 1, 0x1122334455667701, 1 << 8},
		{"bp", "rbp", 0x7788, 1, 0x1122334455660001, 1 << 16},
		{"sp", "rsp", old, 7, 7, 0},
		{"esp", "rsp", 0x55667788, 7, 7, 1 << 32},
		{"spl", "rsp", 0x88, 7, 0x1122334455667707, 1 << 8},
		{"r8d", "r8", 0x55667788, 9, 9, 1 << 32},
		{"r15w", "r15", 0x7788, 9, 0x1122334455660009, 1 << 16},
		{"r10b", "r10", 0x88, 9, 0x1122334455667709, 1 << 8},
		{"r10l", "r10", 0x88, 9, 0x1122334455667709, 1 << 8},
		{"pc", "rip", old, 3, 3, 0},
		{"rip", "rip", old, math.MaxUint64, math.MaxUint64, 0},
	} {
		var r regs.Regs
		r.Set(c.full, old)
		if v, ok := r.Get(c.name); !ok || v != c.read {
			t.Errorf("%s reads %#x, %v", c.name, v, ok)
		}
		if c.oneTooMany != 0 {
			if err := r.Set(c.name, c.oneTooMany); !errors.Is(err, regs.ErrRange) {
				t.Errorf("%s takes %#x: %v", c.name, c.oneTooMany, err)
			}
		}
		if v, _ := r.Get(c.full); v != old {
			t.Errorf("%s: a refused write changed %s", c.name, c.full)
		}
		if err := r.Set(c.name, c.write); err != nil {
			t.Error(err)
		}
		if v, _ := r.Get(c.full); v != c.after {
			t.Errorf("%s = %#x leaves %#x, want %#x", c.name, c.write, v, c.after)
		}
	}
	r := regs.Regs{EFLAGS: 0x246}
	for name, want := range map[string]uint64{"zf": 1, "pf": 1, "if": 1, "cf": 0, "sf": 0, "af": 0, "df": 0, "of": 0, "tf": 0} {
		if v, ok := r.Get(name); !ok || v != want {
			t.Errorf("%s = %d, %v", name, v, ok)
		}
	}
	r.Set("of", 1)
	r.Set("zf", 0)
	if r.EFLAGS != 0xa06 {
		t.Errorf("eflags %#x", r.EFLAGS)
	}
	if err := r.Set("zf", 2); !errors.Is(err, regs.ErrRange) {
		t.Error(err)
	}
	if err := r.Set("cs", 0x10000); !errors.Is(err, regs.ErrRange) {
		t.Error(err)
	}
}

// random gives values that the kernel takes as they are.
func random(now *regs.Regs) *regs.Regs {
	r := new(regs.Regs)
	for _, name := range regs.Names() {
		r.Set(name, rand.Uint64())
	}
	const user = 1<<47 - 4096 - 1
	r.RIP &= user
	r.FSBase &= user
	r.GSBase &= user
	r.CS, r.SS, r.DS, r.ES, r.FS, r.GS = now.CS, now.SS, now.DS, now.ES, now.FS, now.GS
	const arithmetic = 0x8d5 | 0x400 // CF PF AF ZF SF OF, DF
	r.EFLAGS = now.EFLAGS&^arithmetic | rand.Uint64()&arithmetic
	return r
}

func TestLiveRandomWrites(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	first, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	if first.CS != regs.CS64 || first.Is32() || first.EFLAGS&0x202 != 0x202 {
		t.Errorf("implausible:\n%s", first)
	}
	for range 500 {
		want := random(first)
		if err := want.Write(pid); err != nil {
			t.Fatalf("%v\n%s", err, want)
		}
		got, err := regs.Read(pid)
		if err != nil {
			t.Fatal(err)
		}
		if d := regs.Diff(want, got); d != nil {
			t.Fatalf("written and read: %v", d)
		}
	}
	if err := first.Write(pid); err != nil {
		t.Fatal(err)
	}
}

func TestLiveRefusedValues(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	first, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		value uint64
		err   error
	}{
		{"fs_base", 1 << 63, unix.EIO},
		{"gs_base", math.MaxUint64, unix.EIO},
		{"cs", 0, unix.EIO},
		{"ss", 0, unix.EIO},
		{"cs", 0x10, unix.EIO}, // the kernel's own segment
		{"ds", 0x18, unix.EIO},
	} {
		r := *first
		r.R15, r.GS = 0xdead, 0
		r.Set(c.name, c.value)
		if err := r.Write(pid); !errors.Is(err, c.err) {
			t.Errorf("%s = %#x: %v, want %v", c.name, c.value, err, c.err)
		}
		// R15 comes before all of these: it is what Write warns of.
		if got, err := regs.Read(pid); err != nil || got.R15 != 0xdead {
			t.Errorf("%s: R15 after the refusal %v (%v)", c.name, got, err)
		}
		if err := first.Write(pid); err != nil {
			t.Fatal(err)
		}
		if got, err := regs.Read(pid); err != nil || regs.Diff(first, got) != nil {
			t.Errorf("%s: not put back: %v", c.name, regs.Diff(first, got))
		}
	}
	// Bits that the kernel keeps, without an error.
	r := *first
	r.EFLAGS = 0
	if err := r.Write(pid); err != nil {
		t.Error(err)
	}
	if got, err := regs.Read(pid); err != nil || got.EFLAGS != 0x202 {
		t.Errorf("eflags 0 reads as %#x (%v)", got.EFLAGS, err)
	}
	r.EFLAGS = math.MaxUint32 &^ 0x100 // all but TF
	if err := r.Write(pid); err != nil {
		t.Error(err)
	}
	// FLAG_MASK, and the bits that were set before.
	if got, err := regs.Read(pid); err != nil || got.EFLAGS != 0x54cd5|0x202 {
		t.Errorf("eflags of all ones reads as %#x (%v)", got.EFLAGS, err)
	}
	// An address that is not canonical is taken; going on there is the fault.
	r = *first
	r.RIP, r.OrigRAX = 1<<63, math.MaxUint64
	if err := r.Write(pid); err != nil {
		t.Error(err)
	}
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	if ws := wait(t, pid); !ws.Stopped() || ws.StopSignal() != unix.SIGSEGV {
		t.Errorf("wait status %#x", int(ws))
	}
}

// A program can enter 32-bit code at will; its 64-bit registers must still be
// read and written whole.
const farJump = `
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
	char c;
	if (read(0, &c, 1))
		return 2;
	char *low = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	memcpy(low, "\x0f\x0b\xeb\xfe", 4); /* ud2; jmp . */
	struct { unsigned int off; unsigned short cs; } __attribute__((packed)) to = { (unsigned int)(long)low, 0x23 };
	__asm__ volatile("movabs $0x1122334455667788, %%r12\n\tljmp *%0" : : "m"(to) : "r12");
	return 0;
}
`

func TestLive32BitCode(t *testing.T) {
	pid := start(t, compile(t, farJump))
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	ws := wait(t, pid)
	if !ws.Stopped() || ws.StopSignal() != unix.SIGILL {
		t.Skipf("no 32-bit code here: wait status %#x", int(ws))
	}
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Is32() || r.R12 != 0x1122334455667788 {
		t.Errorf("32-bit code, but\n%s", r)
	}
	var set [27 * 8]byte
	if n, err := ptrace.GetRegSet(pid, 1, set[:]); n != 68 || err != nil {
		t.Errorf("NT_PRSTATUS has %d bytes, %v: the reason for PTRACE_GETREGS is gone", n, err)
	}
	want := *r
	want.R12, want.RAX, want.RIP = 0x8877665544332211, 0x99aabbccdd, r.RIP+2 // to jmp .
	if err := want.Write(pid); err != nil {
		t.Fatal(err)
	}
	got, err := regs.Read(pid)
	if err != nil || regs.Diff(&want, got) != nil {
		t.Errorf("%v, %v", regs.Diff(&want, got), err)
	}
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	interrupt(t, pid)
	if got, err = regs.Read(pid); err != nil || got.R12 != want.R12 || got.RIP != want.RIP || !got.Is32() {
		t.Errorf("after running: %v, %v", regs.Diff(&want, got), err)
	}
}

// The program sees what Write wrote.
const mirror = `
#include <unistd.h>
int main(void) {
	char c;
	if (read(0, &c, 1))
		return 2;
	__asm__ volatile("int3\n\tcmp $42, %rax\n\tjne 1f\n\tcmp $43, %r15\n\tjne 1f\n\t"
		"mov $60, %eax\n\txor %edi, %edi\n\tsyscall\n1:\tmov $60, %eax\n\tmov $1, %edi\n\tsyscall");
}
`

func TestLiveProgramSeesWrites(t *testing.T) {
	pid := start(t, compile(t, mirror))
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	if ws := wait(t, pid); !ws.Stopped() || ws.StopSignal() != unix.SIGTRAP {
		t.Fatalf("wait status %#x", int(ws))
	}
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	r.Set("eax", 42)
	r.Set("r15", 43)
	if err := r.Write(pid); err != nil {
		t.Fatal(err)
	}
	if err := ptrace.Cont(pid, 0); err != nil {
		t.Fatal(err)
	}
	if ws := wait(t, pid); !ws.Exited() || ws.ExitStatus() != 0 {
		t.Errorf("wait status %#x", int(ws))
	}
}
