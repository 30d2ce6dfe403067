package memory

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

var (
	_ io.ReaderAt = (*Space)(nil)
	_ io.WriterAt = (*Space)(nil)
)

// wantError checks cause and address.
func wantError(t *testing.T, err, cause error, addr uint64) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, cause) || e.Addr != addr {
		t.Errorf("error %v; want %v at %#x", err, cause, addr)
	}
}

func TestLiveReadAt(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	buf := make([]byte, 4*page)

	n, err := s.ReadAt(buf[:page], int64(tr.base+page/2))
	if n != page || err != nil || buf[0] != 'A' || buf[page-1] != 'B' {
		t.Errorf("across two pages: %d, %v, %q", n, err, buf[page-1])
	}
	n, err = s.ReadAt(buf, int64(tr.base+page+1))
	if n != 2*page-1 {
		t.Errorf("before the hole: %d", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+3*page)
	n, err = s.ReadAt(buf, int64(tr.base+3*page+5))
	if n != 0 {
		t.Errorf("in the hole: %d", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+3*page+5)
	if n, err := s.ReadAt(nil, int64(tr.base+3*page)); n != 0 || err != nil {
		t.Errorf("nothing: %d, %v", n, err)
	}

	// The other way in says the same.
	if n, err := s.readFile(tr.base+page+1, buf, unix.ENOSYS); n != 2*page-1 || err != nil || buf[0] != 'B' {
		t.Errorf("mem before the hole: %d, %v", n, err)
	}
	if _, err := s.readFile(tr.base+3*page, buf, unix.ENOSYS); err != unix.EFAULT {
		t.Errorf("mem in the hole: %v", err)
	}

	// A page that the program itself may not read.
	n, err = s.ReadAt(buf[:8], int64(tr.base+10*page))
	if n != 0 {
		t.Errorf("on a forbidden page: %d", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+10*page)
	if n, err := s.ReadForce(buf[:8], int64(tr.base+10*page)); n != 8 || err != nil || string(buf[:8]) != "KKKKKKKK" {
		t.Errorf("by force: %d, %v, %q", n, err, buf[:8])
	}
	n, err = s.ReadForce(buf[:16], int64(tr.base+3*page-8))
	if n != 8 {
		t.Errorf("by force before the hole: %d", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+3*page)

	for _, addr := range []int64{-1, math.MinInt64, math.MaxInt64, math.MaxInt64 - 8, -4096} {
		n, err := s.ReadAt(buf, addr)
		if n != 0 {
			t.Errorf("%#x: %d bytes", addr, n)
		}
		wantError(t, err, unix.EFAULT, uint64(addr))
		if _, err := s.WriteAt(buf, addr); !errors.Is(err, unix.EFAULT) {
			t.Errorf("write at %#x: %v", addr, err)
		}
		if _, err := s.WriteForce(buf, addr); !errors.Is(err, unix.EFAULT) {
			t.Errorf("force at %#x: %v", addr, err)
		}
		if _, err := s.String(uint64(addr), 100); !errors.Is(err, unix.EFAULT) {
			t.Errorf("string at %#x: %v", addr, err)
		}
		if _, _, err := s.Read(buf, uint64(addr)); !errors.Is(err, unix.EFAULT) {
			t.Errorf("holes at %#x: %v", addr, err)
		}
	}
}

func TestLiveWriteAt(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	data := []byte("0123456789abcdef")

	// Read-only: refused, then forced; the second half of one write is.
	at := tr.base + 8*page - 8
	n, err := s.WriteAt(data, int64(at))
	if n != 8 {
		t.Errorf("up to the read-only page: %d", n)
	}
	wantError(t, err, unix.EFAULT, at+8)
	if n, err := s.WriteForce(data, int64(at)); n != len(data) || err != nil {
		t.Errorf("forced: %d, %v", n, err)
	}
	got := make([]byte, len(data))
	if _, err := s.ReadAt(got, int64(at)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read back %q, %v", got, err)
	}

	// Shared and read-only: not even forced. Unmapped: neither.
	for _, at := range []uint64{tr.base + 12*page, tr.base + 3*page} {
		n, err := s.WriteForce(data, int64(at))
		if n != 0 {
			t.Errorf("%d bytes written", n)
		}
		wantError(t, err, unix.EFAULT, at)
	}
	n, err = s.WriteForce(data, int64(tr.base+3*page-5))
	if n != 5 {
		t.Errorf("%d bytes before the hole", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+3*page)
}

func TestLivePoke(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	before, after := make([]byte, 64), make([]byte, 64)
	at := int64(tr.base + 8*page) // read-only
	for off := range 9 {
		for size := range 20 {
			s.ReadAt(before, at)
			data := make([]byte, size)
			for i := range data {
				data[i] = byte(rand.Uint32())
			}
			if n, err := s.poke(data, uint64(at)+uint64(off)); n != size || err != nil {
				t.Fatalf("poke of %d at %d: %d, %v", size, off, n, err)
			}
			s.ReadAt(after, at)
			copy(before[off:], data)
			if !bytes.Equal(before, after) {
				t.Fatalf("poke of %d at %d: %x, want %x", size, off, after, before)
			}
		}
	}
	if n, err := s.poke(make([]byte, 20), tr.base+3*page-10); n != 10 || fileErr(err) != unix.EFAULT {
		t.Errorf("poke into the hole: %d, %v", n, err)
	}
}

func TestLiveString(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	for _, c := range []struct {
		name string
		addr uint64
		max  int
		want string
		err  error
		at   uint64
	}{
		{"short", tr.base + 100, 4096, "short", nil, 0},
		{"at the last byte before a hole", tr.base + 3*page - 8, 4096, "the end", nil, 0},
		{"empty, last byte", tr.base + 3*page - 1, 4096, "", nil, 0},
		{"exactly max with its NUL", tr.base + 100, 6, "short", nil, 0},
		{"one less", tr.base + 100, 5, "short", ErrTooLong, tr.base + 100},
		{"none allowed", tr.base + 100, 0, "", ErrTooLong, tr.base + 100},
		{"negative", tr.base + 100, -1, "", ErrTooLong, tr.base + 100},
		{"across pages", tr.base + page - 3, 4096, "AAA" + strings.Repeat("B", 10), nil, 0},
		{"into a hole", tr.base + 6*page - 16, 4096, strings.Repeat("F", 16), unix.EFAULT, tr.base + 6*page},
		{"max at the hole", tr.base + 6*page - 16, 16, strings.Repeat("F", 16), ErrTooLong, tr.base + 6*page - 16},
		{"in a hole", tr.base + 6*page + 7, 4096, "", unix.EFAULT, tr.base + 6*page + 7},
		{"null", 0, 4096, "", unix.EFAULT, 0},
	} {
		got, err := s.String(c.addr, c.max)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if c.err != nil {
			wantError(t, err, c.err, c.at)
		} else if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.String(tr.base+100, 4096) }); n > 1 && !raceEnabled {
		t.Errorf("a short string costs %v allocations", n)
	}
	if v, err := s.Uint64(tr.base + 2*page); v != 0x4343434343434343 || err != nil {
		t.Errorf("Uint64: %#x, %v", v, err)
	}
	if v, err := s.Uint32(tr.base + 2*page - 2); v != 0x43434242 || err != nil {
		t.Errorf("Uint32: %#x, %v", v, err)
	}
	_, err := s.Uint64(tr.base + 3*page - 4)
	wantError(t, err, unix.EFAULT, tr.base+3*page)
}

func TestLiveHoles(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	buf := bytes.Repeat([]byte{0xee}, 10*page)
	n, holes, err := s.Read(buf, tr.base+page/2)
	if err != nil {
		t.Fatal(err)
	}
	// From the middle of page 0 to that of page 10, which has no access.
	want := []Range{{tr.base + 3*page, page}, {tr.base + 6*page, page}, {tr.base + 10*page, page / 2}}
	if d := cmp.Diff(want, holes); d != "" {
		t.Error(d)
	}
	if n != 10*page-2*page-page/2 {
		t.Errorf("%d bytes", n)
	}
	for i, c := range buf {
		pg := (page/2 + i) / page
		hole := pg == 3 || pg == 6 || pg == 10
		if hole && c != 0 || !hole && c == 0xee {
			t.Fatalf("byte %d, of page %d, is %#x", i, pg, c)
		}
	}

	// Neighbouring pages of a hole are one hole.
	_, holes, err = s.Read(make([]byte, 3*page+20), 4096)
	if d := cmp.Diff([]Range{{4096, 3*page + 20}}, holes); d != "" || err != nil {
		t.Error(d, err)
	}

	ranges := []Range{{tr.base, 3}, {}, {tr.base + page - 1, 2}, {tr.base + 7*page, 0}, {tr.base + 2*page, 1}}
	got := make([]byte, 10)
	if n, err := s.ReadV(ranges, got); n != 6 || err != nil || string(got[:n]) != "AAAABC" {
		t.Errorf("ReadV: %d, %v, %q", n, err, got[:n])
	}
	if _, err := s.ReadV(ranges, got[:5]); !errors.Is(err, ErrTooLong) {
		t.Errorf("ReadV into a short buffer: %v", err)
	}
	n, err = s.ReadV([]Range{{tr.base, 3}, {tr.base + 3*page - 2, 5}, {tr.base, 1}}, got)
	if n != 5 {
		t.Errorf("ReadV into a hole: %d", n)
	}
	wantError(t, err, unix.EFAULT, tr.base+3*page)
	var many []Range
	for i := range 2500 {
		many = append(many, Range{tr.base + page + 16 + uint64(i%100), uint64(i % 3)})
	}
	long := make([]byte, 5000)
	if n, err := s.ReadV(many, long); n != 2499 || err != nil || strings.Trim(string(long[:n]), "B") != "" {
		t.Errorf("ReadV of %d ranges: %d, %v", len(many), n, err)
	}
	if n, err := s.ReadV(nil, nil); n != 0 || err != nil {
		t.Errorf("ReadV of nothing: %d, %v", n, err)
	}
	if _, err := s.ReadV([]Range{{0, math.MaxUint64}, {0, math.MaxUint64}}, long); err == nil {
		t.Error("ReadV of everything: no error")
	}
}

func TestLiveMaps(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	maps, err := s.Maps()
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range maps {
		if i > 0 && m.Start < maps[i-1].End {
			t.Errorf("%v is not above %v", m, maps[i-1])
		}
	}
	for pg, want := range map[uint64]string{2: "rw-p", 8: "r--p", 10: "---p", 12: "r--s"} {
		if m, ok := Find(maps, tr.base+pg*page+5); !ok || m.Perms.String() != want {
			t.Errorf("page %d: %v, %v", pg, m, ok)
		}
	}
	if m, ok := Find(maps, tr.base+3*page); ok {
		t.Errorf("the hole is %v", m)
	}
	m, ok := Find(maps, tr.file)
	if !ok || m.Path != tr.path || !m.Deleted || m.Offset != page || m.Size() != 2*page || m.Inode == 0 {
		t.Errorf("the file is %+v, %v", m, ok)
	}
	if got := Locate(maps, tr.file+0x10); !strings.HasSuffix(got, `of two lines"+0x1010`) || strings.Contains(got, "\n") {
		t.Errorf("in the file: %s", got)
	}
	var names []string
	for _, m := range maps {
		names = append(names, m.Path)
	}
	for _, name := range []string{"[stack]", "[vdso]"} {
		if !strings.Contains(strings.Join(names, "|"), name) {
			t.Errorf("no %s in %q", name, names)
		}
	}
}

func TestLiveSearch(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	pattern := make([]byte, 8)
	for i := range pattern {
		pattern[i] = byte(0x51 ^ i*73)
	}
	got, err := s.Search(pattern, 10)
	if d := cmp.Diff([]uint64{tr.base + 15*page - 4}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if got, err := s.Search(bytes.Repeat([]byte{'B'}, 1000), 7); len(got) != 7 || err != nil || got[6] != got[0]+6 {
		t.Errorf("limit: %x, %v", got, err)
	}
	if got, err := s.Search(bytes.Repeat([]byte{'Z'}, searchChunk+10), 1); len(got) != 0 || err != nil {
		t.Errorf("a long pattern: %x, %v", got, err)
	}
	if _, err := s.Search(nil, 1); err == nil {
		t.Error("an empty pattern: no error")
	}
}

func TestLiveGone(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	buf := make([]byte, 10)

	// A zombie has a number and no memory.
	unix.Kill(tr.pid, unix.SIGKILL)
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, tr.pid, &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	_, errZombie := s.ReadAt(buf, int64(tr.base))
	_, errZombieForce := s.WriteForce(buf, int64(tr.base))
	_, errZombieMaps := s.Maps()

	tr.end()
	_, errRead := s.ReadAt(buf, int64(tr.base))
	_, errWrite := s.WriteAt(buf, int64(tr.base))
	_, errForce := s.WriteForce(buf, int64(tr.base))
	_, errString := s.String(tr.base, 10)
	_, _, errHoles := s.Read(buf, tr.base)
	_, errV := s.ReadV([]Range{{tr.base, 3}}, buf)
	_, errMaps := s.Maps()
	_, errSearch := s.Search(buf, 1)
	for i, err := range []error{
		errRead, errWrite, errForce, errString, errHoles, errV, errMaps, errSearch,
		errZombie, errZombieForce, errZombieMaps,
	} {
		if !errors.Is(err, unix.ESRCH) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.ReadAt(buf, 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for _, tid := range []int{0, -1} {
		if _, err := Of(tid).ReadAt(buf, int64(tr.base)); !errors.Is(err, unix.ESRCH) {
			t.Errorf("thread %d: %v", tid, err)
		}
	}
}

func BenchmarkString(b *testing.B) {
	tr := start(b)
	s := Of(tr.pid)
	for b.Loop() {
		if _, err := s.String(tr.base+100, 4096); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAt(b *testing.B) {
	tr := start(b)
	s := Of(tr.pid)
	buf := make([]byte, 2*page)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := s.ReadAt(buf, int64(tr.base)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteForce(b *testing.B) {
	tr := start(b)
	s := Of(tr.pid)
	for b.Loop() {
		if _, err := s.WriteForce([]byte{0xcc}, int64(tr.base+8*page)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMaps(b *testing.B) {
	tr := start(b)
	s := Of(tr.pid)
	for b.Loop() {
		if _, err := s.Maps(); err != nil {
			b.Fatal(err)
		}
	}
}
