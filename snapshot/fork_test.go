package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/snapshot"
	"warder/tracer"
)

// mayMake is what the rewriter does beyond computing.
const mayMake = `name: may-make
base: compute
syscalls:
  - calls: [wait4, getrusage, madvise]
    action: allow
`

// rewriter is a session of a program that goes on writing its memory.
func rewriter(t *testing.T, out *os.File, mib, rounds int) tracer.Config {
	t.Helper()
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	policy, err := rules.Parse("may-make", []byte(mayMake), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return tracer.Config{
		Path: testprog.Program(t, "rewriter"), Args: []string{"rewriter", fmt.Sprint(mib), fmt.Sprint(rounds)},
		Policy: policy, Stdout: out, Stderr: out,
		// Its first thread, the writer, and one at a time; one that has been joined
		// counts a little longer.
		Limits: tracer.Limits{CPU: tracer.Unlimited, Wall: tracer.Unlimited, Memory: tracer.Unlimited, Processes: 8},
		Watch:  tracer.Watch{Calls: []string{"getppid"}},
	}
}

// TestLiveFork: what is copied from a fork is what the process was while it
// stood still, in spite of what it has written since; and it learns nothing.
func TestLiveFork(t *testing.T) {
	const rounds = 6
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cfg := rewriter(t, out, 40, rounds)
	still := func(i int) string { return filepath.Join(dir, fmt.Sprintf("still.%d", i)) }
	forked := func(i int) string { return filepath.Join(dir, fmt.Sprintf("forked.%d", i)) }
	var pending []*snapshot.Pending
	cfg.Hooks.Event = func(f *tracer.Frozen, _ *tracer.Event) {
		i := len(pending)
		// A call puts the program before its own again: for both it is there.
		if err := f.Inject(f.Threads()[0].TID, []snapshot.Call{{Nr: unix.SYS_GETPID}}); err != nil {
			t.Error(err)
		}
		files := i%2 == 1
		if _, err := snapshot.Capture(t.Context(), f, still(i), &snapshot.Config{Method: snapshot.StopCopy, NoSync: true, Files: files}); err != nil {
			t.Error(err)
		}
		method := snapshot.ForkCopy
		if i < 2 {
			method = "" // the one that fits
		}
		p, err := snapshot.Begin(t.Context(), f, forked(i), &snapshot.Config{Method: method, NoSync: true, Files: files})
		if err != nil {
			t.Error(err)
			f.End("no fork")
		}
		pending = append(pending, p)
	}
	r, err := tracer.Run(t.Context(), &cfg)
	if err != nil || r.Outcome != tracer.OK || len(pending) != rounds {
		t.Fatalf("%+v, %v, %d snapshots", r, err, len(pending))
	}
	if said, err := os.ReadFile(out.Name()); string(said) != "children 0, signals 0, of 0 KiB; threads refused 0\n" {
		t.Errorf("the program says %q, %v", said, err)
	}
	for i, p := range pending {
		r, err := p.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if r.Method != snapshot.ForkCopy || r.Why != "" || r.Threads != 2 || r.Freeze <= 0 || r.Freeze > r.Total {
			t.Errorf("%+v", r)
		}
		same(t, open(t, still(i)), open(t, forked(i)))
	}
	tracer.CloseIdle()
	if left := testutil.Descendants(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// same compares two snapshots of one moment.
func same(t *testing.T, a, b *snapshot.Core) {
	t.Helper()
	want, got := a.State(), b.State()
	if len(want.Mappings) != len(got.Mappings) || len(want.Threads) != len(got.Threads) {
		t.Fatalf("%d mappings of %d, %d threads of %d", len(got.Mappings), len(want.Mappings), len(got.Threads), len(want.Threads))
	}
	for i := range want.Threads {
		x, y := want.Threads[i], got.Threads[i]
		if x.TID != y.TID || x.Regs != y.Regs || !reflect.DeepEqual(x.Sets, y.Sets) || x.SigMask != y.SigMask {
			t.Errorf("thread %d: %+v and %+v", x.TID, x, y)
		}
	}
	for i := range want.Mappings {
		x, y := want.Mappings[i], got.Mappings[i]
		wiped := !slices.Equal(x.Flags, y.Flags)
		if slices.Contains(x.Flags, "dc") && slices.Equal(y.Flags, []string{"dc"}) {
			wiped = false // the copy lacks it
		}
		if x.Start != y.Start || x.End != y.End || x.Perms != y.Perms || want.PathOf(&x) != got.PathOf(&y) || x.Offset != y.Offset || wiped {
			t.Errorf("mapping %+v\n of the fork %+v", x, y)
		}
	}
	p, q := make([]byte, page), make([]byte, page)
	for _, kind := range []snapshot.Kind{snapshot.Data, snapshot.Zero} {
		for _, r := range a.Spans(kind) {
			for at := r.Addr; at < r.End(); at += page {
				if _, err := a.ReadAt(p, int64(at)); err != nil {
					t.Fatal(err)
				}
				if _, err := b.ReadAt(q, int64(at)); err != nil {
					t.Fatalf("of the fork: %v", err)
				}
				forgetRseq(want, at, p)
				forgetRseq(got, at, q)
				if !bytes.Equal(p, q) {
					t.Errorf("the page at %#x differs", at)
				}
			}
		}
	}
	for _, kind := range []snapshot.Kind{snapshot.Clean, snapshot.Guard, snapshot.Lost} {
		if x, y := a.Pages(kind), b.Pages(kind); x != y {
			t.Errorf("%d pages that are %s, of the fork %d", x, kind, y)
		}
	}
}

// TestLiveForkOutlives: the snapshot is completed after its process has ended;
// and a copy that somebody kills is an error and no file.
func TestLiveForkOutlives(t *testing.T) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, kill := range []bool{false, true} {
		cfg := rewriter(t, out, 64, 1)
		path := filepath.Join(dir, fmt.Sprint(kill))
		var p *snapshot.Pending
		cfg.Hooks.Event = func(f *tracer.Frozen, _ *tracer.Event) {
			src := &copies{Frozen: f}
			if p, err = snapshot.Begin(t.Context(), src, path, &snapshot.Config{Method: snapshot.ForkCopy, NoSync: true}); err != nil {
				t.Error(err)
			}
			if src.pid <= 0 {
				t.Errorf("no copy was made: %+v", p)
			} else if kill {
				if err := unix.Kill(src.pid, unix.SIGKILL); err != nil {
					t.Error(err)
				}
			}
			f.End("enough")
		}
		r, err := tracer.Run(t.Context(), &cfg)
		if err != nil || r.Outcome != tracer.Halted {
			t.Fatalf("%+v, %v", r, err)
		}
		report, err := p.Wait()
		_, there := os.Stat(path)
		if kill && (err == nil && report.Total > time.Minute || err != nil && (!errors.Is(err, unix.ESRCH) || there == nil)) {
			t.Errorf("of a copy that was killed: %+v, %v; file: %v", report, err, there)
		}
		if !kill && (err != nil || there != nil) {
			t.Errorf("%v, %v", err, there)
		}
		list, err := os.ReadDir(dir)
		for _, e := range list {
			if strings.HasPrefix(e.Name(), ".") {
				t.Errorf("%s is left, %v", e.Name(), err)
			}
		}
	}
}

// copies notes the copy that is made.
type copies struct {
	*tracer.Frozen
	pid int
}

func (c *copies) Fork(tid int) (pid int, end func() error, err error) {
	c.pid, end, err = c.Frozen.Fork(tid)
	return c.pid, end, err
}

// TestLiveForkUnfit: what keeps a process from being copied so is said, and it
// is stopped and copied.
func TestLiveForkUnfit(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	path := filepath.Join(t.TempDir(), "core")
	r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: snapshot.ForkCopy})
	if err != nil || r.Method != snapshot.StopCopy || !strings.Contains(r.Why, "whoever holds the process cannot make one") {
		t.Errorf("%+v, %v", r, err)
	}
	out, err := os.Create(path + ".out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cfg := rewriter(t, out, 8, 1)
	cfg.Hooks.Event = func(f *tracer.Frozen, _ *tracer.Event) {
		for _, test := range []struct {
			src  snapshot.Source
			cfg  snapshot.Config
			want string
		}{
			{f, snapshot.Config{BufferMax: 64 << 10}, "of its memory are shared or kept from children"},
			{failing{f, unix.EAGAIN}, snapshot.Config{}, "resource temporarily unavailable"},
			{failing{f, unix.ENOMEM}, snapshot.Config{}, "cannot allocate memory"},
		} {
			test.cfg.Method = snapshot.ForkCopy
			p, err := snapshot.Begin(t.Context(), test.src, path, &test.cfg)
			if err != nil {
				t.Error(err)
				continue
			}
			if r, err := p.Wait(); err != nil || r.Method != snapshot.StopCopy || !strings.Contains(r.Why, test.want) {
				t.Errorf("%+v, %v, want %q", r, err, test.want)
			}
			var st procfs.Status
			if err := procfs.ReadStatus(f.PID(), &st); err != nil || st.State != 't' {
				t.Errorf("the program's state is %c, %v", st.State, err)
			}
		}
	}
	if r, err := tracer.Run(t.Context(), &cfg); err != nil || r.Outcome != tracer.OK {
		t.Fatalf("%+v, %v", r, err)
	}
}

// failing is a process that cannot be forked.
type failing struct {
	*tracer.Frozen
	errno unix.Errno
}

func (f failing) Fork(int) (int, func() error, error) { return 0, nil, f.errno }
