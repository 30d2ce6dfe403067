package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"warder/memory"
	"warder/snapshot"
)

// track begins to watch a process, or skips where the kernel cannot.
func track(t testing.TB, tr *tracee) *snapshot.Tracker {
	t.Helper()
	watch, err := snapshot.Track(tr)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EPERM) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = watch.Close() })
	return watch
}

// TestLivePreCopy copies every kind of memory while the process runs.
func TestLivePreCopy(t *testing.T) {
	tr, where := zoo(t)
	_ = track(t, tr).Close()
	for _, cfg := range []snapshot.Config{
		{Method: snapshot.PreCopy},
		{Method: snapshot.PreCopy, Files: true},
		{Method: snapshot.PreCopy, BufferMax: 4096},
	} {
		path := filepath.Join(t.TempDir(), "core")
		tr.keepFrom = 1
		r, err := snapshot.Capture(context.Background(), tr, path, &cfg)
		if err != nil {
			t.Fatal(err)
		}
		if r.Method != snapshot.PreCopy || r.Why != "" || r.Rounds == 0 || r.Late == 0 || r.Late == r.Pages {
			t.Errorf("%+v", r)
		}
		c := open(t, path)
		sameMemory(t, c, memory.Of(tr.pid))
		if _, ok := where["noguard"]; !ok && kinds(c, where["guarded"]) != "ddgggddd" {
			t.Errorf("guarded: %s", kinds(c, where["guarded"]))
		}
		sparse(t, path, r)
		tr.keep = false
		if err := tr.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if fds := descriptors(t, tr.pid); strings.Contains(fds, "userfaultfd") {
		t.Errorf("the process has %s", fds)
	}
}

// TestLivePreCopyChanging copies a process that changes its memory in every
// way meanwhile. At the end it is left stopped, so each page can be compared.
func TestLivePreCopyChanging(t *testing.T) {
	program := compile(t, "changing.c")
	for i := range 12 {
		tr := start(t, program)
		if i == 0 {
			_ = track(t, tr).Close()
		}
		// The last Start of the capture is the one to leave out.
		tr.keepFrom = 1
		path := filepath.Join(t.TempDir(), "core")
		r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: snapshot.PreCopy, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Method != snapshot.PreCopy || r.Threads != 2 {
			t.Errorf("%+v", r)
		}
		sameMemory(t, open(t, path), memory.Of(tr.pid))
		sparse(t, path, r)
	}
}

// TestLiveIncrements makes a chain of a process that changes in every way, and
// compares each merged prefix with the stopped process. Half of them have a
// large mapping besides, which is armed in the walk that looks at it.
func TestLiveIncrements(t *testing.T) {
	program := compile(t, "changing.c")
	for seed := range 4 {
		args := []string{fmt.Sprint(seed)}
		if seed%2 == 1 {
			args = append(args, "70")
		}
		tr := start(t, append([]string{program}, args...)...)
		watch := track(t, tr)
		dir := t.TempDir()
		var chain []*snapshot.Core
		for i := range 8 {
			if i > 0 {
				for range i * i {
					if _, err := tr.stdin.Write([]byte{'.'}); err != nil {
						t.Fatal(err)
					}
					if _, err := tr.stdout.ReadString('\n'); err != nil {
						t.Fatal(err)
					}
				}
			}
			tr.keep = true // what is compared must be what was copied
			path := filepath.Join(dir, fmt.Sprint(i))
			r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Tracker: watch, NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			if watch.Last() != r.ID {
				t.Errorf("the next builds on %q; this is %q", watch.Last(), r.ID)
			}
			c := open(t, path)
			chain = append(chain, c)
			if i == 0 {
				if r.Parent != "" {
					t.Errorf("the first is an increment on %s", r.Parent)
				}
			} else if r.Parent != chain[i-1].State().ID || r.Pages >= chain[0].Pages(snapshot.Data) && i == 1 {
				t.Errorf("%+v", r)
			}
			merged := filepath.Join(dir, "merged")
			if err := snapshot.Merge(context.Background(), merged, true, chain...); err != nil {
				t.Fatal(err)
			}
			sameMemory(t, open(t, merged), memory.Of(tr.pid))
			tr.keep = false
			if err := tr.Start(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestLiveCannot: what keeps a process from being copied while it runs is said.
func TestLiveCannot(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	path := filepath.Join(t.TempDir(), "core")
	asked := &snapshot.Config{Method: snapshot.PreCopy}
	r, err := snapshot.Capture(context.Background(), struct{ snapshot.Source }{tr}, path, asked)
	if err != nil || r.Method != snapshot.StopCopy || !strings.Contains(r.Why, "cannot be injected") {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = snapshot.Capture(context.Background(), refusing{tr}, path, asked)
	if err != nil || r.Method != snapshot.StopCopy || !strings.Contains(r.Why, "operation not permitted") {
		t.Errorf("%+v, %v", r, err)
	}
	if s := open(t, path).State(); s.Threads[0].AltStack != nil || len(s.Notes) == 0 {
		t.Errorf("known in spite of that: %+v; notes %q", s.Threads[0].AltStack, s.Notes)
	}
}

// refusing has a filter that answers every call with EPERM.
type refusing struct{ *tracee }

func (refusing) Inject(_ int, calls []snapshot.Call) error {
	for i := range calls {
		calls[i].Result = -int64(unix.EPERM)
	}
	return nil
}

// TestLiveRejoin: when a mapping is moved so that the kernel joins it with one
// that is watched, it watches neither from then on, and the marks of their
// pages say "not written" for ever.
func TestLiveRejoin(t *testing.T) {
	tr := start(t, compile(t, "rejoin.c"))
	watch := track(t, tr)
	dir := t.TempDir()
	var chain []*snapshot.Core
	for i := range 6 {
		if i > 0 {
			if _, err := tr.stdin.Write([]byte{'.'}); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.stdout.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		tr.keep = true
		path := filepath.Join(dir, fmt.Sprint(i))
		if _, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Tracker: watch, NoSync: true}); err != nil {
			t.Fatal(err)
		}
		chain = append(chain, open(t, path))
		merged := filepath.Join(dir, "merged")
		if err := snapshot.Merge(context.Background(), merged, true, chain...); err != nil {
			t.Fatal(err)
		}
		sameMemory(t, open(t, merged), memory.Of(tr.pid))
		tr.keep = false
		if err := tr.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if n := chain[5].Pages(snapshot.Data); n > 20 {
		t.Errorf("%d pages in the last increment: the watch did not come back", n)
	}
}

// TestLiveTrackExec: the watch is of one image of the program.
func TestLiveTrackExec(t *testing.T) {
	tr := start(t, "sh", "-c", "echo ready; read x; exec cat")
	watch := track(t, tr)
	path := filepath.Join(t.TempDir(), "core")
	cfg := &snapshot.Config{Tracker: watch}
	if _, err := snapshot.Capture(context.Background(), tr, path, cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.stdin.Write([]byte("go on\nand\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := tr.stdout.ReadString('\n'); line != "and\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := snapshot.Capture(context.Background(), tr, path, cfg); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after execve: %v", err)
	}
	tr.gadget = 0
	cfg.Tracker = track(t, tr)
	if r, err := snapshot.Capture(context.Background(), tr, path, cfg); err != nil || r.Parent != "" {
		t.Errorf("%+v, %v", r, err)
	}
}
