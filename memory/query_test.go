package memory

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

func TestEncode(t *testing.T) {
	for name, got := range map[string][]byte{
		"07":               Encode(uint8(7)),
		"0201":             Encode(uint16(0x102)),
		"feffffff":         Encode(int32(-2)),
		"0807060504030201": Encode(uint64(0x102030405060708)),
		"0000c03f":         Encode(float32(1.5)),
		"000000000000f8bf": Encode(-1.5),
	} {
		if s := fmt.Sprintf("%x", got); s != name {
			t.Errorf("%s, want %s", s, name)
		}
	}
}

// TestLiveSearchFor: random patterns are found where a plain search of a copy
// finds them: everywhere, aligned, in parts of memory, across pieces.
func TestLiveSearchFor(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	// Three pages that lie together, of few different bytes.
	image := make([]byte, 3*page)
	copied := Range{tr.base, uint64(len(image))}
	rapid.Check(t, func(rt *rapid.T) {
		for i := range image {
			image[i] = byte(i>>5) & 1
		}
		for range rapid.IntRange(0, 20).Draw(rt, "spots") {
			at := rapid.IntRange(0, len(image)-16).Draw(rt, "spot")
			copy(image[at:], rapid.SliceOfN(rapid.ByteRange(0, 2), 1, 16).Draw(rt, "bytes"))
		}
		if _, err := s.WriteAt(image, int64(tr.base)); err != nil {
			rt.Fatal(err)
		}
		q := Query{
			Pattern: rapid.SliceOfN(rapid.ByteRange(0, 2), 1, 12).Draw(rt, "pattern"),
			Align:   rapid.SampledFrom([]uint64{0, 1, 2, 4, 8, 3, 4096, math.MaxUint64}).Draw(rt, "align"),
			Limit:   rapid.IntRange(1, 5000).Draw(rt, "limit"),
			Within:  []Range{copied},
		}
		if rapid.Bool().Draw(rt, "part") {
			from := rapid.IntRange(0, len(image)).Draw(rt, "from")
			q.Within = []Range{{0x1000, 0x1000}, {tr.base + uint64(from), uint64(rapid.IntRange(0, len(image)).Draw(rt, "size"))}}
			if q.Within[1].End() > copied.End() {
				q.Within[1].Len = copied.End() - q.Within[1].Addr
			}
		}
		part := q.Within[len(q.Within)-1]
		var want []uint64
		for at := part.Addr; at+uint64(len(q.Pattern)) <= part.End() && len(want) < q.Limit; at++ {
			if (q.Align == 0 || at%q.Align == 0) && bytes.HasPrefix(image[at-tr.base:], q.Pattern) {
				want = append(want, at)
			}
		}
		got, err := s.SearchFor(q)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			rt.Fatalf("%+v: %s, %v", q, d, err)
		}
	})
	for name, q := range map[string]Query{
		"nothing":      {Limit: 1},
		"no limit":     {Pattern: []byte{1}},
		"long pattern": {Pattern: make([]byte, maxPattern+1), Limit: 1},
	} {
		if _, err := s.SearchFor(q); !errors.Is(err, unix.EINVAL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMatchPieces: an occurrence is found once, wherever pieces and holes are.
func TestMatchPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.ByteRange(0, 1), 0, 60).Draw(t, "memory")
		q := Query{Pattern: rapid.SliceOfN(rapid.ByteRange(0, 1), 1, 4).Draw(t, "pattern"), Limit: 1000, Align: rapid.Uint64Range(0, 5).Draw(t, "align")}
		addr := rapid.Uint64Range(0, 100).Draw(t, "address")
		hole := make([]bool, len(p))
		var holes []Range
		for at := 0; at < len(p); {
			at += rapid.IntRange(1, 30).Draw(t, "gap")
			size := rapid.IntRange(1, 10).Draw(t, "hole")
			if at+size > len(p) {
				break
			}
			holes = append(holes, Range{addr + uint64(at), uint64(size)})
			for i := range size {
				hole[at+i], p[at+i] = true, 0
			}
			at += size
		}
		var want []uint64
		for i := 0; i+len(q.Pattern) <= len(p); i++ {
			ok := bytes.HasPrefix(p[i:], q.Pattern) && (q.Align == 0 || (addr+uint64(i))%q.Align == 0)
			for j := range q.Pattern {
				ok = ok && !hole[i+j]
			}
			if ok {
				want = append(want, addr+uint64(i))
			}
		}
		if d := cmp.Diff(want, q.match(nil, p, addr, holes)); d != "" {
			t.Fatal(d)
		}
	})
}

// TestLiveStrings: what strings(1) finds in the same bytes is found.
func TestLiveStrings(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	image := bytes.Repeat([]byte{0}, 3*page)
	long := strings.Repeat("0123456789", 2*MaxText/10)
	copy(image[100:], "abc\x00four\x00a tab\there\x01\xffend\nline")
	copy(image[1000:], long)
	copy(image[3*page-6:], "at end") // the next page is not mapped
	if _, err := s.WriteAt(image, int64(tr.base)); err != nil {
		t.Fatal(err)
	}
	collect := func(q TextQuery) (texts []Text) {
		t.Helper()
		if err := s.Strings(q, func(x Text) bool { texts = append(texts, x); return true }); err != nil {
			t.Fatal(err)
		}
		return texts
	}
	within := []Range{{tr.base, 3 * page}}
	want := []Text{
		{tr.base + 104, "four", false},
		{tr.base + 109, "a tab\there", false},
		{tr.base + 125, "line", false},
		{tr.base + 1000, long[:MaxText], true},
		{tr.base + 1000 + MaxText, long[MaxText:], false},
		{tr.base + 3*page - 6, "at end", false},
	}
	if d := cmp.Diff(want, collect(TextQuery{Within: within})); d != "" {
		t.Error(d)
	}
	if got := collect(TextQuery{Min: 3, Within: within}); len(got) != len(want)+2 || got[0].Text != "abc" {
		t.Errorf("of three and more: %d", len(got))
	}
	// The second piece of a long run is given, however short.
	exact := bytes.Repeat([]byte{'x'}, MaxText+1)
	if _, err := s.WriteAt(append(exact, 0), int64(tr.base)); err != nil {
		t.Fatal(err)
	}
	if got := collect(TextQuery{Within: within}); len(got) < 2 || !got[0].Cut || got[1] != (Text{tr.base + MaxText, "x", false}) {
		t.Errorf("a run of %d: %+v", MaxText+1, got)
	}
	n := 0
	if err := s.Strings(TextQuery{}, func(Text) bool { n++; return n < 3 }); err != nil || n != 3 {
		t.Errorf("visit was asked %d times, %v", n, err)
	}
	for _, bad := range []int{-1, MaxText + 1} {
		if err := s.Strings(TextQuery{Min: bad}, nil); !errors.Is(err, unix.EINVAL) {
			t.Errorf("of %d and more: %v", bad, err)
		}
	}
	// Against the program of that name, on random bytes.
	tool, err := exec.LookPath("strings")
	if err != nil {
		missing(t, "no strings to compare with")
	}
	rapid.Check(t, func(rt *rapid.T) {
		for i := range image {
			image[i] = byte(i) & 0x9f
		}
		for range 50 {
			at := rapid.IntRange(0, len(image)-40).Draw(rt, "at")
			copy(image[at:], rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(rt, "bytes"))
		}
		if _, err := s.WriteAt(image, int64(tr.base)); err != nil {
			rt.Fatal(err)
		}
		cmd := exec.Command(tool, "-a", "-td")
		cmd.Stdin = bytes.NewReader(image)
		out, err := cmd.Output()
		if err != nil {
			rt.Fatal(err)
		}
		var ours strings.Builder
		err = s.Strings(TextQuery{Within: within}, func(x Text) bool {
			fmt.Fprintf(&ours, "%7d %s\n", x.Addr-tr.base, x.Text)
			return true
		})
		if d := cmp.Diff(string(out), ours.String()); d != "" || err != nil {
			rt.Fatal(d, err)
		}
	})
}

// TestLiveModel: whatever is written to a tracee's memory, in whatever
// way, reads back equal in every way, and nothing else changes.
func TestLiveModel(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	// What of the sixteen pages there is, and what a write may do with it.
	unmapped, forced := map[int]bool{3: true, 6: true}, map[int]bool{8: true, 10: true}
	never := map[int]bool{3: true, 6: true, 12: true}
	model := make([]byte, 16*page)
	for i := range 16 {
		if n, err := s.ReadForce(model[i*page:(i+1)*page], int64(tr.base)+int64(i*page)); !unmapped[i] && (n != page || err != nil) {
			t.Fatal(n, err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.IntRange(0, 16*page-1).Draw(rt, "at")
		data := rapid.SliceOfN(rapid.Byte(), 0, min(3*page, 16*page-at)).Draw(rt, "data")
		force := rapid.Bool().Draw(rt, "force")
		can := 0 // how much of it the kernel takes
		for can < len(data) {
			p := (at + can) / page
			if never[p] || forced[p] && !force {
				break
			}
			can++
		}
		write := s.WriteAt
		if force {
			write = s.WriteForce
		}
		n, err := write(data, int64(tr.base)+int64(at))
		if n != can || (err == nil) != (n == len(data)) || err != nil && !errors.Is(err, unix.EFAULT) {
			rt.Fatalf("%d of %d written, force %v, want %d: %v", n, len(data), force, can, err)
		}
		copy(model[at:at+n], data)
		got := make([]byte, len(data))
		m, holes, err := s.Read(got, tr.base+uint64(at))
		if err != nil {
			rt.Fatal(err)
		}
		hole := map[int]bool{}
		for _, h := range holes {
			for i := range h.Len {
				hole[int(h.Addr-tr.base+i)] = true
			}
		}
		if m+len(hole) != len(data) {
			rt.Fatalf("%d read and %d missing of %d", m, len(hole), len(data))
		}
		for i := range data {
			p := (at + i) / page
			if hole[at+i] != (unmapped[p] || p == 10) || !hole[at+i] && got[i] != model[at+i] {
				rt.Fatalf("byte %#x of page %d: hole %v, read %#x, want %#x", at+i, p, hole[at+i], got[i], model[at+i])
			}
		}
		ends := min(can, len(data))
		back := make([]byte, ends)
		if _, err := s.ReadForce(back, int64(tr.base)+int64(at)); err != nil || !bytes.Equal(back, data[:ends]) {
			rt.Fatalf("by force another: %v", err)
		}
	})
	for i := range 16 {
		got := make([]byte, page)
		if _, err := s.ReadForce(got, int64(tr.base)+int64(i*page)); !unmapped[i] && (err != nil || !bytes.Equal(got, model[i*page:(i+1)*page])) {
			t.Errorf("page %d is not what was written: %v", i, err)
		}
	}
}
