package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
	"warder/regs"
)

const page = 4096

// fiction is a snapshot of a process that never was, with its memory.
type fiction struct {
	state *State
	pages map[uint64][]byte
}

func (f *fiction) ReadAt(p []byte, addr int64) (int, error) {
	n := 0
	for n < len(p) {
		at := uint64(addr) + uint64(n)
		b, ok := f.pages[at&^(page-1)]
		if !ok {
			return n, fmt.Errorf("no page at %#x", at)
		}
		n += copy(p[n:], b[at%page:])
	}
	return n, nil
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	r.Read(b)
	return b
}

// invent makes a fiction of everything that a state can hold.
func invent(r *rand.Rand, increment bool) *fiction {
	f := &fiction{pages: map[uint64][]byte{}}
	size, mtime := r.Int63(), r.Int63()
	s := &State{
		ID: newID(), Arch: thisArch, PageSize: page, Taken: time.Unix(r.Int63n(1e9), 123).UTC(),
		Host: Host{Release: "6.1", CPUFlags: []string{"a", "b"}, VDSO: "00", XSave: []XSaveComponent{{2, 576, 256}, {9, 832, 8}}},
		Files: []File{
			{Path: "/bin/true", Dev: "fe:00", Inode: r.Uint64(), Size: &size, MTime: &mtime, BuildID: "ab"},
			{Path: "/memfd:x", Dev: "00:01", Inode: 7, Deleted: true},
		},
		Notes: []string{"one \u2028 two"},
	}
	if increment {
		s.Parent = newID()
	}
	s.Process = Process{
		PID: 1 + r.Intn(1000), PPID: 1, Name: "a b", Args: []string{"a", "", "c"},
		Auxv: []Aux{{6, page}, {33, 0x7fff0000}}, Layout: Layout{Brk: 0x1000, BrkRounded: true},
		Signals:     Signals{Caught: r.Uint64(), Actions: []SigAction{{Signal: 11, Handler: 1, Mask: r.Uint64()}}, Pending: [][]byte{randomBytes(r, ptrace.SigInfoSize)}},
		Descriptors: []Descriptor{{FD: 0, Path: "pipe:[1]", Kind: "pipe", Pos: -1}},
		Facts:       map[string]string{"umask": "0022"},
	}
	for i := range 1 + r.Intn(4) {
		addr := r.Uint64()
		t := Thread{
			TID: s.Process.PID + i, Name: "t", Signal: r.Intn(3), SigMask: r.Uint64(), SigInfo: randomBytes(r, ptrace.SigInfoSize),
			ClearChildTID: &addr, AltStack: &AltStack{addr, 2, 8192}, Restart: &Restart{7, 514}, UserTicks: uint64(r.Intn(1000)),
		}
		for _, name := range regs.Names() {
			if t.Regs.Set(name, r.Uint64()) != nil {
				_ = t.Regs.Set(name, uint64(r.Intn(1<<16)))
			}
		}
		for _, kind := range setNotes[:1] {
			set := randomBytes(r, 840)
			clear(set[464:472]) // XCR0: only what every CPU has
			clear(set[512:576]) // the header, but for what is in use
			set[512] = 7
			t.Sets = append(t.Sets, RegSet{kind, set})
		}
		s.Threads = append(s.Threads, t)
	}
	at := uint64(0x400000)
	kinds := []Kind{Data, Data, Zero, Clean, Guard, Lost}
	if increment {
		kinds = append(kinds, Same)
	}
	for range r.Intn(12) {
		m := Mapping{Perms: "rw-p", File: r.Intn(3), Flags: []string{"rd", "mw"}, PKey: r.Intn(16)}
		if r.Intn(2) == 0 {
			at += uint64(r.Intn(1000)) * page
		}
		m.Start = at
		for range 1 + r.Intn(8) {
			run := Run{1 + uint64(r.Intn(5)), kinds[r.Intn(len(kinds))]}
			if run.Kind == Zero && r.Intn(3) == 0 {
				run.Pages += maxGap / page // a hole that the file does not have
			}
			if n := len(m.Runs) - 1; n >= 0 && m.Runs[n].Kind == run.Kind {
				continue
			}
			if run.Kind == Data {
				for i := range run.Pages {
					f.pages[at+i*page] = randomBytes(r, page)
				}
			}
			m.Runs = append(m.Runs, run)
			at += run.Pages * page
		}
		m.End = at
		s.Mappings = append(s.Mappings, m)
	}
	f.state = s
	return f
}

func (f *fiction) write(t testing.TB) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "core"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if err := writeFrom(context.Background(), file, f.state, f); err != nil {
		t.Fatal(err)
	}
	return file
}

// same compares a core with what it was made of.
func (f *fiction) same(t *testing.T, c *Core) {
	t.Helper()
	if !reflect.DeepEqual(c.State(), f.state) {
		t.Errorf("the state is\n%+v\nwant\n%+v", c.State(), f.state)
	}
	buf := make([]byte, page)
	for _, s := range c.spans {
		for at := s.start; at < s.end; at += page {
			n, err := c.ReadAt(buf, int64(at))
			want := error(nil)
			switch s.kind {
			case Data:
				if !bytes.Equal(buf, f.pages[at]) {
					t.Fatalf("the page at %#x differs", at)
				}
			case Zero:
				if !bytes.Equal(buf, zeros[:page]) {
					t.Fatalf("the page at %#x is not zero", at)
				}
				at += s.size() / 16 / page * page // some of a large hole
			case Clean, Same:
				want = ErrElsewhere
			default:
				want = unix.EFAULT
			}
			if !errors.Is(err, want) || err != nil && n != 0 {
				t.Fatalf("%v page at %#x: %d bytes, %v; want %v", s.kind, at, n, err, want)
			}
		}
	}
}

func TestWriteOpen(t *testing.T) {
	for seed := range int64(60) {
		f := invent(rand.New(rand.NewSource(seed)), seed%3 == 0)
		file := f.write(t)
		c, err := Open(file.Name(), nil)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		f.same(t, c)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenCompressed(t *testing.T) {
	f := invent(rand.New(rand.NewSource(4)), false)
	dir := t.TempDir()
	path := filepath.Join(dir, "core.zst")
	target, err := newTarget(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFrom(context.Background(), target.raw(), f.state, f); err != nil {
		t.Fatal(err)
	}
	if err := target.commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.same(t, c)
	_ = c.Close()

	if _, err := Open(path, &OpenConfig{MaxSize: 10_000}); err == nil || !strings.Contains(err.Error(), "longer than 10000") {
		t.Errorf("above its bound: %v", err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("cut: %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// TestManySegments goes past what the ELF header can count (PN_XNUM).
func TestManySegments(t *testing.T) {
	const count = maxPlainHeaders + 100
	f := invent(rand.New(rand.NewSource(1)), true)
	m := Mapping{Start: 1 << 32, End: 1<<32 + 2*count*page, Perms: "rw-p"}
	data := bytes.Repeat([]byte{1}, page)
	for i := range uint64(count) {
		m.Runs = append(m.Runs, Run{1, Data}, Run{1, Same})
		f.pages[m.Start+2*i*page] = data
	}
	f.state.Mappings = []Mapping{m}
	file := f.write(t)
	c, err := Open(file.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(c.loads) != count {
		t.Errorf("%d segments, want %d", len(c.loads), count)
	}
	f.same(t, c)
}

// TestHeadersBehind makes the reserved room too small.
func TestHeadersBehind(t *testing.T) {
	f := invent(rand.New(rand.NewSource(7)), false)
	var data []span
	for i := range f.state.Mappings {
		data = append(data, only(f.state.Mappings[i].spans(page), Data)...)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "core"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img := newImage(file, 64, page)
	img.put(data, maxGap)
	for _, c := range img.x.chunks(data, page) {
		if err := writeAt(file, f.pages[c.addr], c.off); err != nil {
			t.Fatal(err)
		}
	}
	if err := img.finish(f.state); err != nil {
		t.Fatal(err)
	}
	c, err := Open(file.Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	f.same(t, c)
}

// TestMerge compares merged chains with what they were made of.
func TestMerge(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	full := invent(r, false)
	for len(full.state.Mappings) < 3 {
		full = invent(r, false)
	}
	cores := []*Core{reopen(t, full)}
	now := full
	for range 4 {
		inc, after := now.increment(r)
		cores = append(cores, reopen(t, inc))
		now = after
		path := filepath.Join(t.TempDir(), "merged")
		if err := Merge(context.Background(), path, true, cores...); err != nil {
			t.Fatal(err)
		}
		c, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		now.same(t, c)
		_ = c.Close()
	}
	for _, test := range []struct {
		name string
		list []*Core
	}{
		{"empty", nil},
		{"without the full one", cores[1:]},
		{"with a gap", []*Core{cores[0], cores[2]}},
		{"two full ones", []*Core{cores[0], cores[0]}},
		{"in another order", []*Core{cores[0], cores[2], cores[1]}},
	} {
		path := filepath.Join(t.TempDir(), "merged")
		err := Merge(context.Background(), path, true, test.list...)
		if !errors.Is(err, ErrChain) {
			t.Errorf("%s: %v", test.name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a file is there: %v", test.name, err)
		}
	}
	// The same as in a page that the parent has not.
	orphan, _ := full.increment(r)
	orphan.state.Mappings = []Mapping{{Start: 1 << 40, End: 1<<40 + page, Perms: "r--p", Runs: Runs{{1, Same}}}}
	err := Merge(context.Background(), filepath.Join(t.TempDir(), "merged"), true, cores[0], reopen(t, orphan))
	if !errors.Is(err, ErrChain) || !strings.Contains(err.Error(), "0x10000000000") {
		t.Errorf("a page that the parent has not: %v", err)
	}
}

// increment changes some pages; after is the whole as it then is.
func (f *fiction) increment(r *rand.Rand) (inc, after *fiction) {
	one, two := *f.state, *f.state
	one.ID, one.Parent = newID(), f.state.ID
	two.ID = one.ID
	one.Mappings, two.Mappings = nil, nil
	inc = &fiction{&one, map[uint64][]byte{}}
	after = &fiction{&two, map[uint64][]byte{}}
	for i, m := range f.state.Mappings {
		if i == 0 && len(f.state.Mappings) > 1 && r.Intn(2) == 0 {
			continue // unmapped
		}
		var news, olds []span
		for _, s := range m.spans(page) {
			for at := s.start; at < s.end; at += page {
				if s.size() > 100*page { // a large hole stays one
					news, olds = add(news, span{s.start, s.end, Same}), add(olds, s)
					break
				}
				kind := s.kind
				switch r.Intn(6) {
				case 0:
					kind = Data
					b := randomBytes(r, page)
					inc.pages[at], after.pages[at] = b, b
					news = add(news, span{at, at + page, Data})
				case 1:
					kind = Zero
					news = add(news, span{at, at + page, Zero})
				default:
					if kind == Data {
						after.pages[at] = f.pages[at]
					}
					news = add(news, span{at, at + page, Same})
				}
				olds = add(olds, span{at, at + page, kind})
			}
		}
		m.Runs = runs(news, page)
		one.Mappings = append(one.Mappings, m)
		m.Runs = runs(olds, page)
		two.Mappings = append(two.Mappings, m)
	}
	return inc, after
}

func reopen(t *testing.T, f *fiction) *Core {
	t.Helper()
	c, err := Open(f.write(t).Name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
