package snapshot

import (
	"math/rand"
	"os"
	"reflect"
	"slices"
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
