package regs_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"warder/regs"
)

// TestLookup: a name of any set is found, and tells its set and width.
func TestLookup(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range append(regs.AllNames(""), regs.PartNames()...) {
		i, err := regs.Lookup(name)
		if err != nil || i.Name != name || i.Bits < 1 || i.Bits > 512 || i.Set == "" {
			t.Errorf("%s: %+v, %v", name, i, err)
		}
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
	}
	n := 0
	for _, set := range []string{"general", "vector", "debug"} {
		for _, name := range regs.AllNames(set) {
			n++
			if i, err := regs.Lookup(name); err != nil || i.Set != set {
				t.Errorf("%s of set %s: %+v, %v", name, set, i, err)
			}
		}
	}
	if n != len(regs.AllNames("")) || len(regs.AllNames("nonsense")) != 0 {
		t.Errorf("%d names in the sets, %d in all", n, len(regs.AllNames("")))
	}
	for _, bad := range []string{"", "nonsense", "RAX", "x99", strings.Repeat("x", 1<<16)} {
		if _, err := regs.Lookup(bad); !errors.Is(err, regs.ErrUnknown) || len(err.Error()) > 100 {
			t.Errorf("%.20q: %.200v", bad, err)
		}
	}
}

// TestLiveThread: sets are changed together or not at all.
func TestLiveThread(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	names := regs.AllNames("")
	before := regs.Of(pid)
	old := map[string]regs.Value{}
	for _, name := range names {
		v, err := before.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = v
	}
	th := regs.Of(pid)
	if th.TID() != pid {
		t.Errorf("thread %d", th.TID())
	}
	first, wide := regs.AllNames("general")[0], regs.AllNames("vector")[16]
	for name, v := range map[string]uint64{first: 0x1234, wide: 0x5678} {
		if err := th.Set(name, regs.Uint(v)); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := regs.Of(pid).Get(first); err != nil || !v.Equal(old[first]) {
		t.Errorf("changed before Write: %v, %v", v, err)
	}
	if err := th.Write(); err != nil {
		t.Fatal(err)
	}
	after := regs.Of(pid)
	for _, name := range names {
		want := old[name]
		switch name {
		case first:
			want = regs.Uint(0x1234)
		case wide:
			want = regs.Uint(0x5678)
		}
		if v, err := after.Get(name); err != nil || !v.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", name, v, err, want)
		}
	}
	text, err := after.Print(first)
	if err != nil || !strings.HasPrefix(text, first) || !strings.Contains(text, "0x1234") || !strings.HasSuffix(text, "\n") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := after.Get("nonsense"); !errors.Is(err, regs.ErrUnknown) {
		t.Error(err)
	}
	if err := after.Set("nonsense", nil); !errors.Is(err, regs.ErrUnknown) {
		t.Error(err)
	}
	if err := after.Set(first, make(regs.Value, 200)); err != nil {
		t.Errorf("a wide zero: %v", err)
	}
	if err := after.Set(first, append(make(regs.Value, 8), 1)); !errors.Is(err, regs.ErrRange) {
		t.Errorf("65 bits: %v", err)
	}
	end(pid)
	if _, err := regs.Of(pid).Get(first); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after the end: %v", err)
	}
	if err := after.Write(); !errors.Is(err, unix.ESRCH) {
		t.Errorf("write after the end: %v", err)
	}
}
