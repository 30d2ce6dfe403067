package regs_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"warder/internal/ptrace"
	"warder/regs"
)

// keeps gives a random value that the kernel and the CPU take as it is, for
// any register or part.
func keeps(t *rapid.T, name string, info regs.Info, now regs.Value) regs.Value {
	v := legal(name, value(t, info.Bits))
	switch name {
	case "rip", "pc", "fs_base", "gs_base":
		return regs.Uint(v.Uint64() & (1<<47 - 4097))
	case "cs", "ss", "ds", "es", "fs", "gs", "if", "tf":
		return now
	case "eflags", "rflags":
		const arithmetic = 0x8d5 | 0x400 // CF PF AF ZF SF OF, DF
		return regs.Uint(now.Uint64()&^arithmetic | v.Uint64()&arithmetic)
	case "pkru":
		return v
	}
	return v
}

// TestLiveEveryRegister: whatever is written to any register or part of a
// stopped thread reads back equal, and leaves what is not part of it alone.
func TestLiveEveryRegister(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	first := regs.Of(pid)
	full := regs.AllNames("")
	for _, name := range append(full, "rsp", "ftw") {
		if _, err := first.Get(name); err != nil {
			t.Fatal(err)
		}
	}
	all := append(append([]string{}, full...), regs.PartNames()...)
	for i := range 16 {
		all = append(all, "xmm"+strconv.Itoa(i)+".v4_float["+strconv.Itoa(i%4)+"]", "ymm"+strconv.Itoa(i)+".v32_int8")
	}
	var skipped []string
	for _, name := range all {
		if _, err := regs.Lookup(name); errors.Is(err, regs.ErrAbsent) {
			skipped = append(skipped, name)
		}
	}
	t.Logf("%d registers and parts, without %v", len(all), skipped)
	rapid.Check(t, func(rt *rapid.T) {
		th := regs.Of(pid)
		wrote := map[string]regs.Value{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 30, rapid.ID).Draw(rt, "names") {
			info, err := regs.Lookup(name)
			if errors.Is(err, regs.ErrAbsent) {
				continue
			}
			if err != nil {
				rt.Fatal(err)
			}
			if info.Set == "debug" {
				continue // they depend on each other: TestLiveDebug
			}
			now, err := th.Get(name)
			if err != nil {
				rt.Fatal(err)
			}
			v := keeps(rt, name, info, now)
			if err := th.Set(name, v); err != nil {
				rt.Fatalf("%s = %v: %v", name, v, err)
			}
			if got, err := th.Get(name); err != nil || !got.Equal(v) {
				rt.Fatalf("%s = %v reads %v, %v", name, v, got, err)
			}
			wrote[name] = v
		}
		want := map[string]regs.Value{}
		for _, name := range all {
			if v, err := th.Get(name); err == nil {
				want[name] = v
			}
		}
		if err := th.Write(); err != nil {
			rt.Fatalf("%v: %v", wrote, err)
		}
		if wrote["rip"] != nil || wrote["pc"] != nil || wrote["eip"] != nil {
			if wrote["orig_rax"] == nil {
				want["orig_rax"] = regs.Uint(^uint64(0))
			}
		}
		again := regs.Of(pid)
		for name, v := range want {
			if got, err := again.Get(name); err != nil || !got.Equal(v) {
				rt.Fatalf("%s was %v and is read as %v, %v; written: %v", name, v, got, err, wrote)
			}
		}
	})
}

// TestLiveRefusedState: what the kernel refuses is an error, and nothing of
// the write is done.
func TestLiveRefusedState(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	before, err := regs.ReadXState(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Set("xmm1", regs.Uint(1)); err != nil { // mxcsr counts only with SSE in use
		t.Fatal(err)
	}
	if err := before.Write(pid); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(raw []byte){
		"reserved bits": func(raw []byte) { binary.LittleEndian.PutUint32(raw[24:], 0xffff0000) },
	} {
		raw := before.Raw()
		raw[160] ^= 0xff
		change(raw)
		x, err := regs.NewXState(raw, before.Layout())
		if err != nil {
			t.Fatal(err)
		}
		var e *regs.Error
		if err := x.Write(pid); !errors.Is(err, unix.EINVAL) || !errors.As(err, &e) || e.TID != pid || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		after, err := regs.ReadXState(pid)
		if err != nil || !bytes.Equal(before.Raw(), after.Raw()) {
			t.Errorf("%s: something was written: %v, %v", name, regs.DiffXState(before, after), err)
		}
	}
	// Of two sets the first is put back when the second is refused.
	th := regs.Of(pid)
	old := map[string]regs.Value{}
	for name, v := range map[string]uint64{"rbx": 0x1234567, "xmm2": 0x7654321, "dr0": 1 << 63} {
		if old[name], err = th.Get(name); err != nil {
			t.Fatal(err)
		}
		if err := th.Set(name, regs.Uint(v)); err != nil {
			t.Fatal(err)
		}
	}
	err = th.Write()
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "dr0 = 0x8000000000000000") {
		t.Errorf("a kernel address to watch: %v", err)
	}
	th = regs.Of(pid)
	for name, want := range old {
		if v, err := th.Get(name); err != nil || !v.Equal(want) {
			t.Errorf("%s after the refusal: %v, %v; want %v", name, v, err, want)
		}
	}
	if err := new(regs.XState).Write(pid); !errors.Is(err, regs.ErrLayout) {
		t.Errorf("an empty state: %v", err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if regs.ReadXStateInto(pid, before) != nil {
			t.Error("read failed")
		}
	}); n != 0 {
		t.Errorf("reading allocates %v times", n)
	}
}

// shuttle lets the program itself store and load its registers: at the first
// trap it is given values, by the second it has stored them in out and loaded
// in, and so on.
const shuttle = `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
struct area { unsigned char fx[512]; unsigned char v[16][32]; } __attribute__((aligned(64)));
struct area out, in;
int main(void) {
	char c;
	setvbuf(stdout, 0, _IONBF, 0);
	if (read(0, &c, 1))
		return 2;
	__asm__ volatile(
		"lea out(%rip), %r14\n\t" "lea in(%rip), %r15\n\t"
		"1: int3\n\t"
		"fxsave64 (%r14)\n\t"
#define SAVE(i) "vmovdqu %ymm" #i ", 512+32*" #i "(%r14)\n\t"
#define LOAD(i) "vmovdqu 512+32*" #i "(%r15), %ymm" #i "\n\t"
#define ALL(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
		ALL(SAVE)
		"fxrstor64 (%r15)\n\t"
		ALL(LOAD)
		"jmp 1b\n\t");
}
`

// TestLiveProgramSeesState: the program finds in its registers what was
// written, and what it loads itself is read.
func TestLiveProgramSeesState(t *testing.T) {
	pid := start(t, compile(t, shuttle))
	step := func() {
		if err := ptrace.Cont(pid, 0); err != nil {
			t.Fatal(err)
		}
		if ws := wait(t, pid); !ws.Stopped() || ws.StopSignal() != unix.SIGTRAP {
			t.Fatalf("wait status %#x", int(ws))
		}
	}
	step()
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	fill := func(at uint64, b []byte) {
		for i := 0; i < len(b); i += 8 {
			if err := ptrace.PokeData(pid, uintptr(at)+uintptr(i), binary.LittleEndian.Uint64(b[i:])); err != nil {
				t.Fatal(err)
			}
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		x, err := regs.ReadXState(pid)
		if err != nil {
			rt.Fatal(err)
		}
		want := map[string]regs.Value{}
		for i := range 8 {
			// A valid number in each, as the CPU need not keep others.
			v := value(rt, 80)
			v[7] |= 0x80
			v[9] = v[9]&0x80 | 0x3f
			want["st"+strconv.Itoa(i)] = v
		}
		for i := range 16 {
			want["ymm"+strconv.Itoa(i)] = value(rt, 256)
		}
		want["fctrl"] = regs.Uint(0x37f &^ (rapid.Uint64().Draw(rt, "control") & 0xc00))
		want["fstat"] = regs.Uint(rapid.Uint64().Draw(rt, "status") & 0x7f00 &^ 0x8000)
		want["ftw"] = regs.Uint(rapid.Uint64().Draw(rt, "tags") & 0xff)
		want["mxcsr"] = regs.Uint(0x1f80 | rapid.Uint64().Draw(rt, "mxcsr")&0xe03f)
		if rapid.Bool().Draw(rt, "written") { // by us, and stored by the program
			for name, v := range want {
				if err := x.Set(name, v); err != nil {
					rt.Fatal(err)
				}
			}
			if err := x.Write(pid); err != nil {
				rt.Fatal(err)
			}
			step()
			got := make([]byte, 1024)
			for i := 0; i < len(got); i += 8 {
				word, err := ptrace.PeekData(pid, uintptr(r.R14)+uintptr(i))
				if err != nil {
					rt.Fatal(err)
				}
				binary.LittleEndian.PutUint64(got[i:], word)
			}
			for i := range 8 {
				if name := "st" + strconv.Itoa(i); !want[name].Equal(regs.Value(got[32+16*i:][:10])) {
					rt.Fatalf("%s: the program has %x, want %v", name, got[32+16*i:][:10], want[name])
				}
			}
			for i := range 16 {
				if name := "ymm" + strconv.Itoa(i); !want[name].Equal(regs.Value(got[512+32*i:][:32])) {
					rt.Fatalf("%s: the program has %x, want %v", name, got[512+32*i:][:32], want[name])
				}
			}
			for name, at := range map[string]int{"fctrl": 0, "fstat": 2, "mxcsr": 24} {
				if v := regs.Value(got[at:][:len(want[name])]); !v[:2].Equal(want[name]) {
					rt.Fatalf("%s: the program has %v, want %v", name, v, want[name])
				}
			}
			if got[4] != byte(want["ftw"].Uint64()) {
				rt.Fatalf("ftw: the program has %#x, want %v", got[4], want["ftw"])
			}
			return
		}
		// Loaded by the program, and read by us.
		area := x.FXImage()
		for i := range 8 {
			copy(area[32+16*i:], want["st"+strconv.Itoa(i)])
		}
		copy(area, want["fctrl"][:2])
		copy(area[2:], want["fstat"][:2])
		area[4] = want["ftw"][0]
		copy(area[24:], want["mxcsr"][:4])
		for i := range 16 {
			area = append(area, want["ymm"+strconv.Itoa(i)]...)
		}
		fill(r.R15, area)
		step()
		if x, err = regs.ReadXState(pid); err != nil {
			rt.Fatal(err)
		}
		for name, v := range want {
			if got, ok := x.Get(name); !ok || !got.Equal(v) {
				rt.Fatalf("%s: read %v, the program loaded %v", name, got, v)
			}
		}
	})
}

// TestLiveFresh: a thread that has used nothing shows initial values.
func TestLiveFresh(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	x, err := regs.ReadXState(pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint64{"fctrl": 0x37f, "ftag": 0xffff, "mxcsr": 0x1f80, "st0": 0} {
		if v, ok := x.Get(name); !ok || v.Uint64() != want {
			t.Errorf("%s is %v, want %#x", name, v, want)
		}
	}
	if !x.Layout().Equal(regs.CPULayout()) || len(x.Raw()) != x.Layout().Size {
		t.Errorf("layout %+v of %d bytes, the CPU's %+v", x.Layout(), len(x.Raw()), regs.CPULayout())
	}
}

func BenchmarkReadXState(b *testing.B) {
	pid := start(b, "/bin/sleep", "100")
	var x regs.XState
	for b.Loop() {
		if err := regs.ReadXStateInto(pid, &x); err != nil {
			b.Fatal(err)
		}
	}
}
