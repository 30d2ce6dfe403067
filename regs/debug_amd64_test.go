package regs_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"warder/internal/ptrace"
	"warder/regs"
)

func TestWatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d regs.Debug
		want := map[int]regs.Watch{}
		for range rapid.IntRange(1, 8).Draw(t, "count") {
			i := rapid.IntRange(0, 3).Draw(t, "number")
			w := regs.Watch{
				Len:     rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "length"),
				Kind:    rapid.SampledFrom([]regs.WatchKind{regs.WatchExecute, regs.WatchWrite, regs.WatchReadWrite}).Draw(t, "kind"),
				Enabled: rapid.Bool().Draw(t, "enabled"),
			}
			if w.Kind == regs.WatchExecute {
				w.Len = 1
			}
			w.Addr = rapid.Uint64().Draw(t, "address") &^ uint64(w.Len-1)
			if err := d.SetWatch(i, w); err != nil {
				t.Fatal(err)
			}
			want[i] = w
		}
		for i, w := range want {
			if got, err := d.Watch(i); err != nil || got != w {
				t.Fatalf("%d: %+v, %v; want %+v", i, got, err, w)
			}
		}
	})
	var d regs.Debug
	for _, bad := range []regs.Watch{
		{0x1000, 3, regs.WatchWrite, true},
		{0x1000, 0, regs.WatchWrite, true},
		{0x1001, 2, regs.WatchWrite, true},
		{0x1000, 4, regs.WatchExecute, true},
		{0x1000, 1, 2, true},
		{0x1000, 1, 4, true},
	} {
		if err := d.SetWatch(0, bad); err == nil || d != (regs.Debug{}) {
			t.Errorf("%+v: %v, %+v", bad, err, d)
		}
	}
	for _, i := range []int{-1, 4} {
		if err := d.SetWatch(i, regs.Watch{0x1000, 1, regs.WatchWrite, true}); !errors.Is(err, regs.ErrUnknown) {
			t.Error(err)
		}
		if _, err := d.Watch(i); !errors.Is(err, regs.ErrUnknown) {
			t.Error(err)
		}
	}
	if err := d.SetWatch(2, regs.Watch{0x1000, 4, regs.WatchReadWrite, true}); err != nil {
		t.Fatal(err)
	}
	if s := d.String(); !strings.Contains(s, "dr7            0xf000010           [ 2:rw4 ]\n") {
		t.Error(s)
	}
	b, err := json.Marshal(&d)
	if err != nil || string(b) != `{"dr0":"0x0","dr1":"0x0","dr2":"0x1000","dr3":"0x0","dr6":"0x0","dr7":"0xf000010"}` {
		t.Errorf("%s, %v", b, err)
	}
	if diff := regs.DiffDebug(&regs.Debug{}, &d); len(diff) != 2 || diff[0].Name != "dr2" || diff[1].New != 0xf000010 {
		t.Errorf("%v", diff)
	}
	if err := d.Set("dr4", 0); !errors.Is(err, regs.ErrUnknown) {
		t.Error(err)
	}
	if _, ok := d.Get("dr5"); ok {
		t.Error("dr5 is there")
	}
}

// TestLiveDebug: what is written to the debug registers reads back equal.
func TestLiveDebug(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	rapid.Check(t, func(rt *rapid.T) {
		var d regs.Debug
		for i := range 4 {
			w := regs.Watch{Len: 1, Kind: regs.WatchExecute, Enabled: rapid.Bool().Draw(rt, "enabled")}
			if rapid.Bool().Draw(rt, "data") {
				w.Kind = rapid.SampledFrom([]regs.WatchKind{regs.WatchWrite, regs.WatchReadWrite}).Draw(rt, "kind")
				w.Len = rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(rt, "length")
			}
			w.Addr = rapid.Uint64Range(0, 1<<47-4097).Draw(rt, "address") &^ uint64(w.Len-1)
			if err := d.SetWatch(i, w); err != nil {
				rt.Fatal(err)
			}
		}
		d.DR6 = rapid.Uint64().Draw(rt, "status") & 0xe00f
		if err := d.Write(pid); err != nil {
			rt.Fatal(err)
		}
		got, err := regs.ReadDebug(pid)
		if err != nil || *got != d {
			rt.Fatalf("read %+v, written %+v, %v", got, d, err)
		}
	})
	before, err := regs.ReadDebug(pid)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]regs.Debug{
		"a kernel address":             {DR: [4]uint64{1 << 63}, DR7: 1},
		"8 bytes at a multiple of 4":   {DR: [4]uint64{0x1004}, DR7: 1 | 9<<16},
		"input and output":             {DR: [4]uint64{0x1000}, DR7: 1 | 2<<16},
		"instructions of 4 bytes":      {DR: [4]uint64{0x1000}, DR7: 1 | 0xc<<16},
		"the last of four, in kernels": {DR: [4]uint64{1, 2, 3, 1<<64 - 8}, DR7: 0x55},
	} {
		if err := bad.Write(pid); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := regs.ReadDebug(pid); err != nil || *got != *before {
			t.Errorf("%s: %+v instead of %+v, %v", name, got, before, err)
		}
	}
}

const counter = `
#include <unistd.h>
volatile long count __attribute__((aligned(64)));
int main(void) {
	char c;
	if (read(0, &c, 1))
		return 2;
	__asm__ volatile("lea count(%rip), %r15\n\tint3");
	for (;;)
		count++;
}
`

// TestLiveWatchpoint: a write to the watched word stops the program.
func TestLiveWatchpoint(t *testing.T) {
	pid := start(t, compile(t, counter))
	resume := func() {
		t.Helper()
		if err := ptrace.Cont(pid, 0); err != nil {
			t.Fatal(err)
		}
		if ws := wait(t, pid); !ws.Stopped() || ws.StopSignal() != unix.SIGTRAP {
			t.Fatalf("wait status %#x", int(ws))
		}
	}
	resume()
	r, err := regs.Read(pid)
	if err != nil {
		t.Fatal(err)
	}
	var d regs.Debug
	if err := d.SetWatch(1, regs.Watch{r.R15, 8, regs.WatchWrite, true}); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(pid); err != nil {
		t.Fatal(err)
	}
	for i := uint64(1); i < 4; i++ {
		resume()
		now, err := regs.ReadDebug(pid)
		if err != nil || now.DR6&0xf != 2 {
			t.Errorf("dr6 %+v, %v", now, err)
		}
		if v, err := ptrace.PeekData(pid, uintptr(r.R15)); err != nil || v != i {
			t.Errorf("the count is %d, %v; want %d", v, err, i)
		}
		now.DR6 = 0
		if err := now.Write(pid); err != nil {
			t.Fatal(err)
		}
	}
}
