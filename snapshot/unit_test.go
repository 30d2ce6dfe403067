package snapshot

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// paint gives each of the first n units its kind, 0 for none.
func paint(list []span, n int) []Kind {
	out := make([]Kind, n)
	for _, s := range list {
		for i := s.start; i < s.end; i++ {
			out[i] = s.kind
		}
	}
	return out
}

func randomSpans(r *rand.Rand, n int) []span {
	var list []span
	for at := r.Intn(5); at < n; at += r.Intn(4) {
		end := min(at+1+r.Intn(5), n)
		list = add(list, span{uint64(at), uint64(end), []Kind{Data, Zero, Clean}[r.Intn(3)]})
		at = end
	}
	return list
}

// TestSpans compares the operations on lists with the same on single pages.
func TestSpans(t *testing.T) {
	const n = 60
	for seed := range int64(2000) {
		r := rand.New(rand.NewSource(seed))
		a, b := randomSpans(r, n), randomSpans(r, n)
		over := overlay(a, b)
		want := paint(a, n)
		for i, k := range paint(b, n) {
			if k != 0 {
				want[i] = k
			}
		}
		if got := paint(over, n); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v over %v is %v", seed, b, a, over)
		}
		ordered(t, over)
		start, end := uint64(r.Intn(n)), uint64(r.Intn(n))
		if start > end {
			start, end = end, start
		}
		part := within(a, start, end)
		filled := fill(part, start, end, Lost)
		left := subtract(a, b)
		for i, k := range paint(a, n) {
			in := uint64(i) >= start && uint64(i) < end
			if got := paint(part, n)[i]; in && got != k || !in && got != 0 {
				t.Fatalf("seed %d: %v within %d to %d is %v", seed, a, start, end, part)
			}
			if got := paint(filled, n)[i]; in && k == 0 && got != Lost || in && k != 0 && got != k {
				t.Fatalf("seed %d: %v filled is %v", seed, part, filled)
			}
			if got := paint(left, n)[i]; paint(b, n)[i] != 0 && got != 0 || paint(b, n)[i] == 0 && got != k {
				t.Fatalf("seed %d: %v without %v is %v", seed, a, b, left)
			}
		}
		if bytesOf(filled) != end-start {
			t.Fatalf("seed %d: %v does not fill %d to %d", seed, filled, start, end)
		}
		ordered(t, filled)
		ordered(t, left)
	}
}

func ordered(t *testing.T, list []span) {
	t.Helper()
	for i, s := range list {
		if s.start >= s.end || i > 0 && (s.start < list[i-1].end || s.start == list[i-1].end && s.kind == list[i-1].kind) {
			t.Fatalf("not in order, or not merged: %v", list)
		}
	}
}

func TestRuns(t *testing.T) {
	runs := Runs{{12, Data}, {3, Zero}, {40, Clean}, {1, Guard}, {2, Lost}, {9, Same}}
	text, err := runs.MarshalText()
	if err != nil || string(text) != "12d3z40f1g2x9s" {
		t.Errorf("%s, %v", text, err)
	}
	var back Runs
	if err := back.UnmarshalText(text); err != nil || !reflect.DeepEqual(back, runs) {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"d", "0d", "1", "1q", "-1d", "1d 2z", "1d2", "9999999999999999d", "1\x00"} {
		if err := back.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, back)
		}
	}
}

// TestIntelImage moves the components of an AMD's image.
func TestIntelImage(t *testing.T) {
	amd := []XSaveComponent{{2, 576, 256}, {5, 832, 64}, {6, 896, 512}, {7, 1408, 1024}, {9, 2432, 8}, {11, 2440, 16}}
	image := make([]byte, 2456)
	for i := range image {
		image[i] = byte(i * 7)
	}
	const all = 1<<9 | 7<<5 | 7
	binary.LittleEndian.PutUint64(image[xcr0Offset:], all)
	binary.LittleEndian.PutUint64(image[stateBV:], all|1<<11)
	out := intelImage(image, amd)
	if len(out) != 2696 {
		t.Fatalf("%d bytes", len(out))
	}
	for _, c := range [][3]int{{576, 576, 256}, {832, 1088, 64}, {896, 1152, 512}, {1408, 1664, 1024}, {2432, 2688, 8}} {
		if !bytes.Equal(image[c[0]:c[0]+c[2]], out[c[1]:c[1]+c[2]]) {
			t.Errorf("the component at %d is not at %d", c[0], c[1])
		}
	}
	if bv := binary.LittleEndian.Uint64(out[stateBV:]); bv != all {
		t.Errorf("XSTATE_BV %#x, want %#x", bv, uint64(all))
	}
	for xcr0, size := range map[uint64]int{3: 576, 7: 832, 7 | 3<<3: 1088, 7 | 7<<5: 2688, all | 3<<17: 2696} {
		binary.LittleEndian.PutUint64(image[xcr0Offset:], xcr0)
		if n := len(intelImage(image, amd)); n != size {
			t.Errorf("XCR0 %#x: %d bytes, want %d", xcr0, n, size)
		}
	}
	// Layouts that do not fit the image are those of a hostile file.
	_ = intelImage(image[:600], amd)
	_ = intelImage(image[:10], amd)
}

// TestPagemap: both ways to ask for the pages give the same answer, each
// region once and in order, also at the sizes of the kernel's buffers.
func TestPagemap(t *testing.T) {
	table, err := openPagemap(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	r := rand.New(rand.NewSource(5))
	for _, regions := range []int{0, 1, 63, 64, 65, 511, 512, 513, 1024, 1500, manyInCall - 1, manyInCall, manyInCall + 1, 3 * manyInCall} {
		pages := 2*regions + 1
		size := uint64(pages * pageSize)
		b, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			t.Fatal(err)
		}
		_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
		start := addressOf(b)
		var want []span
		for i := range regions {
			at := uint64((2*i + r.Intn(2)) * pageSize)
			b[at] = 1
			want = add(want, span{start + at, start + at + uint64(pageSize), Data})
		}
		for name, ask := range map[string]func(func(region)) error{
			"PAGEMAP_SCAN": func(found func(region)) error { return table.present(start, start+size, found) },
			"entries":      func(found func(region)) error { return table.entries(start, start+size, found) },
		} {
			var got []span
			err := ask(func(r region) {
				if r.categories&(pagePresent|pageFile) != pagePresent {
					t.Errorf("%d regions: %s: %+v", regions, name, r)
				}
				got = add(got, span{r.start, r.end, Data})
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d regions: %s: %d regions, %v", regions, name, len(got), err)
			}
		}
		if err := unix.Munmap(b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParseAreas(t *testing.T) {
	const text = `7f0000000000-7f0000002000 r-xp 00001000 fe:00 42                         /usr/lib/a b
Size:                  8 kB
Rss:                   4 kB
Swap:                  0 kB
ProtectionKey:         3
VmFlags: rd ex mr mw me gd 
7f0000002000-7f0000003000 rw-p 00000000 00:00 0 
Rss:                   0 kB
VmFlags: rd wr 
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
VmFlags: ex 
`
	areas, err := parseAreas(strings.NewReader(text))
	if err != nil || len(areas) != 2 {
		t.Fatalf("%+v, %v", areas, err)
	}
	a := areas[0]
	if a.Path != "/usr/lib/a b" || a.pkey != 3 || a.empty || !a.flag("gd") || a.flag("wr") || !areas[1].empty {
		t.Errorf("%+v", areas)
	}
	for _, bad := range []string{"Size: 4 kB\n", "7f0000000000 r-xp\n", strings.Repeat("a", 70<<10) + "\n"} {
		if areas, err := parseAreas(strings.NewReader(bad)); err == nil {
			t.Errorf("%.20q is read as %+v", bad, areas)
		}
	}
}

func FuzzAreas(f *testing.F) {
	f.Add([]byte("7f0000000000-7f0000002000 r-xp 00001000 fe:00 42 /a\nRss: 4 kB\nVmFlags: rd ex\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		areas, err := parseAreas(bytes.NewReader(b))
		if err != nil && len(areas) > 0 {
			t.Errorf("%d areas and %v", len(areas), err)
		}
	})
}
