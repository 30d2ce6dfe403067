package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/memory"
	"warder/snapshot"
)

// zoo runs the program with every kind of memory and returns where each lies.
func zoo(t *testing.T) (*tracee, map[string]memory.Range) {
	t.Helper()
	testutil.Require(t, testutil.Ptrace)
	tr := launch(t, compile(t, "zoo.c"), t.TempDir())
	where := map[string]memory.Range{}
	for {
		line, err := tr.stdout.ReadString('\n')
		if err != nil {
			t.Fatalf("zoo: %v after %v", err, where)
		}
		if strings.TrimSpace(line) == "ready" {
			return tr, where
		}
		var name string
		var addr, pages uint64
		if _, err := fmt.Sscanf(line, "%s %x %d", &name, &addr, &pages); err != nil {
			t.Fatalf("zoo: %q: %v", line, err)
		}
		where[name] = memory.Range{Addr: addr, Len: pages * page}
	}
}

const page = 4096

// open opens a snapshot for the test.
func open(t *testing.T, path string) *snapshot.Core {
	t.Helper()
	c, err := snapshot.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// join appends a mapping to a list. What the kernel watches for writes is a
// mapping of its own, and becomes one with its neighbour when that ends.
func join(list []memory.Mapping, m memory.Mapping) []memory.Mapping {
	if n := len(list) - 1; n >= 0 && list[n].End == m.Start && list[n].Path == m.Path && !strings.Contains(m.Path, "/") {
		list[n].End = m.End
		return list
	}
	return append(list, m)
}

// sameMemory compares every page of a core with the stopped process's.
func sameMemory(t *testing.T, c *snapshot.Core, mem *memory.Space) {
	t.Helper()
	maps, err := mem.Maps()
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs []memory.Mapping
	for i := range c.State().Mappings {
		m := &c.State().Mappings[i]
		ours = join(ours, memory.Mapping{Start: m.Start, End: m.End, Path: m.Perms + " " + c.State().PathOf(m), Offset: m.Offset})
	}
	for _, m := range maps {
		if m.Path != "[vsyscall]" {
			theirs = join(theirs, memory.Mapping{Start: m.Start, End: m.End, Path: m.Perms.String() + " " + m.Path, Offset: m.Offset})
		}
	}
	if !slices.Equal(ours, theirs) {
		t.Fatalf("mappings\n%v\nthe process has\n%v", ours, theirs)
	}
	want, got := make([]byte, 1<<20), make([]byte, 1<<20)
	for _, r := range c.Spans(snapshot.Data) {
		for r.Len > 0 {
			n := min(r.Len, uint64(len(want)))
			if _, err := mem.ReadForce(want[:n], int64(r.Addr)); err != nil {
				t.Errorf("data that the process has not: %v", err)
			}
			if _, err := c.ReadAt(got[:n], int64(r.Addr)); err != nil {
				t.Error(err)
			}
			forgetRseq(c.State(), r.Addr, got[:n])
			forgetRseq(c.State(), r.Addr, want[:n])
			for i := range n / page {
				if a, b := got[i*page:(i+1)*page], want[i*page:(i+1)*page]; !bytes.Equal(a, b) {
					t.Errorf("the page at %#x differs", r.Addr+i*page)
				}
			}
			r.Addr, r.Len = r.Addr+n, r.Len-n
		}
	}
	zero := make([]byte, len(want))
	for _, r := range c.Spans(snapshot.Zero) {
		n := min(r.Len, uint64(len(want)))
		if _, err := mem.ReadForce(want[:n], int64(r.Addr)); err == nil && !bytes.Equal(want[:n], zero[:n]) {
			t.Errorf("the %d bytes at %#x are zero in the file only", n, r.Addr)
		}
	}
}

// forgetRseq clears what the kernel writes for a thread each time that it goes
// on: the CPU that it is on.
func forgetRseq(s *snapshot.State, addr uint64, b []byte) {
	for _, t := range s.Threads {
		if q := t.Rseq; q != nil && q.Area >= addr && q.Area+32 <= addr+uint64(len(b)) {
			clear(b[q.Area-addr:][:32])
		}
	}
}

func kinds(c *snapshot.Core, r memory.Range) string {
	var b []byte
	for at := r.Addr; at < r.End() && len(b) < 16; at += page {
		k, ok := c.KindAt(at)
		if !ok {
			k = '-'
		}
		b = append(b, byte(k))
	}
	return string(b)
}

func TestLiveKinds(t *testing.T) {
	tr, where := zoo(t)
	tr.keep = true
	path := filepath.Join(t.TempDir(), "core")
	r, err := snapshot.Capture(context.Background(), tr, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := open(t, path)
	sameMemory(t, c, memory.Of(tr.pid))
	guard := "g"
	if _, ok := where["noguard"]; ok {
		guard = "d" // before Linux 6.13
	}
	for name, want := range map[string]string{
		"anon":       "dzzdzzzz",
		"locked":     "dddd",
		"code":       "dd",
		"guarded":    "dd" + strings.Repeat(guard, 3) + "ddd",
		"private":    "fffdff",
		"readonly":   "ffff",
		"sharedfile": "ffffff",
		"deleted":    "ddddxx",
		"reserved":   "zzzzzzzzzzzzzzzz",
		"shared":     "zzdzzzzz",
		"memfd":      "zzzzdzzz",
		"huge":       "dddddddddddddddd",
	} {
		if os.Geteuid() != 0 && name == "memfd" {
			want = "zzzzzzzz" // map_files is not open to us: and the state says so
			if !strings.Contains(strings.Join(r.Notes, "\n"), "memfd:zoo") {
				t.Errorf("nothing is said about the memfd: %v", r.Notes)
			}
		}
		if got := kinds(c, where[name]); got != want {
			t.Errorf("%s: pages %s, want %s", name, got, want)
		}
	}
	b := make([]byte, 10)
	if _, err := c.ReadAt(b[:1], int64(where["reserved"].Addr+8<<30+page)); err != nil || b[0] != 'r' {
		t.Errorf("in the reservation: %q, %v", b[0], err)
	}
	if _, err := c.ReadAt(b, int64(where["private"].Addr)); !errors.Is(err, snapshot.ErrElsewhere) {
		t.Errorf("a clean page of a file: %v", err)
	}
	if _, err := c.ReadAt(b, int64(where["deleted"].Addr+4*page)); !errors.Is(err, unix.EFAULT) {
		t.Errorf("beyond the end of a file: %v", err)
	}
	if n, err := c.ReadAt(make([]byte, 4*page), int64(where["anon"].Addr+7*page)); n < page || err == nil && n < 4*page {
		t.Errorf("%d bytes, %v", n, err)
	}
	sparse(t, path, r)
}

// sparse checks that a file takes the space of its pages and no more.
func sparse(t *testing.T, path string, r *snapshot.Report) {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	if took, most := uint64(st.Blocks)*512, r.Written+256<<10; took > most {
		t.Errorf("the file takes %d bytes for %d of pages", took, r.Written)
	}
	if r.Size != uint64(st.Size) || r.Size > 64<<20 {
		t.Errorf("the file is %d bytes long; the report says %d", st.Size, r.Size)
	}
}

// TestLiveFiles: with the pages of files the core needs none of them.
func TestLiveFiles(t *testing.T) {
	tr, where := zoo(t)
	tr.keep = true
	path := filepath.Join(t.TempDir(), "core.zst")
	if _, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Files: true, NoSync: true}); err != nil {
		t.Fatal(err)
	}
	c := open(t, path)
	sameMemory(t, c, memory.Of(tr.pid))
	if left := c.Spans(snapshot.Clean); len(left) > 0 {
		t.Errorf("still in files only: %v", left)
	}
	for name, want := range map[string]string{"private": "aaa", "readonly": "ccc", "sharedfile": "aaa"} {
		b := make([]byte, 3)
		if _, err := c.ReadAt(b, int64(where[name].Addr)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v; want %q", name, b, err, want)
		}
	}
}

// TestLiveStraight copies more than the buffer takes, straight to the file.
func TestLiveStraight(t *testing.T) {
	tr, _ := zoo(t)
	tr.keep = true
	path := filepath.Join(t.TempDir(), "core")
	r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: snapshot.StopCopy, BufferMax: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	sameMemory(t, open(t, path), memory.Of(tr.pid))
	sparse(t, path, r)
}

// TestLiveCrowd: nearly as many mappings as a process may have, and many threads.
func TestLiveCrowd(t *testing.T) {
	tr := start(t, compile(t, "crowd.c"), "60000", "200")
	for _, method := range []snapshot.Method{snapshot.StopCopy, snapshot.PreCopy} {
		path := filepath.Join(t.TempDir(), "core")
		r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		c := open(t, path)
		if n := len(c.State().Mappings); n < 60_000 || r.Threads != 201 || len(c.State().Threads) != 201 {
			t.Errorf("%d mappings, %d threads; %+v", n, len(c.State().Threads), r)
		}
		t.Logf("%s: %v of %v", r.Method, r.Freeze, r.Total)
	}
}
