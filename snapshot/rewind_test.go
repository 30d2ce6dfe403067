package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"warder/memory"
	"warder/snapshot"
)

// marked makes a Base of a process, and a snapshot to compare with.
func marked(t *testing.T, tr *tracee) (*snapshot.Base, *snapshot.Core) {
	t.Helper()
	_ = track(t, tr).Close()
	tr.keepFrom = 1 // Mark sets the watch up first
	base, _, err := snapshot.Mark(context.Background(), tr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = base.Close() })
	path := filepath.Join(t.TempDir(), "core")
	if _, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: snapshot.StopCopy}); err != nil {
		t.Fatal(err)
	}
	return base, open(t, path)
}

// goOn lets a process that was kept go on, and asks it for a change.
func (tr *tracee) goOn(t *testing.T, how byte) {
	t.Helper()
	tr.keep = false
	if err := tr.Start(); err != nil {
		t.Fatal(err)
	}
	tr.change(t, how)
}

func (tr *tracee) change(t *testing.T, how byte) {
	t.Helper()
	if _, err := tr.stdin.Write([]byte{how}); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.stdout.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// TestLiveRewindChanging takes a process back that changes its memory in every
// way, and compares every page.
func TestLiveRewindChanging(t *testing.T) {
	program := compile(t, "changing.c")
	for seed := range 6 {
		tr := start(t, program, fmt.Sprint(seed))
		tr.change(t, '.')
		base, was := marked(t, tr)
		for i := range 8 {
			tr.goOn(t, '.')
			for range i {
				tr.change(t, '.')
			}
			tr.keep = true
			if _, err := base.Rewind(tr); err != nil {
				t.Fatalf("seed %d, %d: %v", seed, i, err)
			}
			sameMemory(t, was, memory.Of(tr.pid))
			if t.Failed() {
				t.Fatalf("seed %d, %d", seed, i)
			}
		}
	}
}

// TestLiveRewindReplaced: mappings that were replaced by others, untouched or
// not, in the same place.
func TestLiveRewindReplaced(t *testing.T) {
	tr := start(t, compile(t, "replaced.c"))
	base, was := marked(t, tr)
	for i, how := range "..ww.rrw.w" {
		tr.goOn(t, byte(how))
		tr.keep = true
		if _, err := base.Rewind(tr); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		sameMemory(t, was, memory.Of(tr.pid))
	}
}

// TestLiveRewindDescriptors: what was opened since is closed; what was closed or
// replaced cannot be had back, and is told.
func TestLiveRewindDescriptors(t *testing.T) {
	program := compile(t, "descriptors.c")
	for how, want := range map[byte]string{'c': "has been closed since", 'r': "is another file now"} {
		tr := start(t, program)
		base, _ := marked(t, tr)
		was := descriptors(t, tr.pid)
		for range 3 {
			tr.goOn(t, 'o')
			tr.change(t, 'o')
			if now := descriptors(t, tr.pid); len(now) <= len(was) {
				t.Fatalf("nothing was opened: %s", now)
			}
			tr.keep = true
			if _, err := base.Rewind(tr); err != nil {
				t.Fatal(err)
			}
			if now := descriptors(t, tr.pid); now != was {
				t.Errorf("descriptors %s, and then %s", was, now)
			}
		}
		tr.goOn(t, how)
		var refused *snapshot.ResumeError
		if _, err := base.Rewind(tr); !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%c: %v", how, err)
		}
	}
}
