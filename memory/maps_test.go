package memory_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"warder/memory"
)

const sample = `55d0c0a00000-55d0c0a02000 r--p 00001000 fd:01 123                        /usr/bin/a b
55d0c0a02000-55d0c0a04000 r-xp 00003000 fd:01 123                        /usr/bin/a b
55d0c0b00000-55d0c0c00000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 rw-s 00000000 00:01 7                          /memfd:x (deleted)
7f0000002000-7f0000003000 ---p 00000000 00:00 0 
7f0000004000-7f0000005000 r-xp 0002a000 fd:01 9                          /lib/a\012b
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`

func TestParseMaps(t *testing.T) {
	type m = memory.Mapping
	type p = memory.Perms
	want := []m{
		{0x55d0c0a00000, 0x55d0c0a02000, p{R: true}, 0x1000, "fd:01", 123, "/usr/bin/a b", false},
		{0x55d0c0a02000, 0x55d0c0a04000, p{R: true, X: true}, 0x3000, "fd:01", 123, "/usr/bin/a b", false},
		{0x55d0c0b00000, 0x55d0c0c00000, p{R: true, W: true}, 0, "00:00", 0, "[heap]", false},
		{0x7f0000000000, 0x7f0000001000, p{R: true, W: true, Shared: true}, 0, "00:01", 7, "/memfd:x", true},
		{0x7f0000002000, 0x7f0000003000, p{}, 0, "00:00", 0, "", false},
		{0x7f0000004000, 0x7f0000005000, p{R: true, X: true}, 0x2a000, "fd:01", 9, "/lib/a\nb", false},
		{0xffffffffff600000, 0xffffffffff601000, p{X: true}, 0, "00:00", 0, "[vsyscall]", false},
	}
	for name, r := range map[string]io.Reader{
		"whole":          strings.NewReader(sample),
		"bytes":          iotest.OneByteReader(strings.NewReader(sample)),
		"without an end": strings.NewReader(strings.TrimSuffix(sample, "\n")),
		"data and EOF":   iotest.DataErrReader(strings.NewReader(sample)),
	} {
		got, err := memory.ParseMaps(r)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Error(name, d, err)
		}
	}
	for addr, place := range map[uint64]string{
		0x55d0c0a02010:     "/usr/bin/a b+0x3010",
		0x55d0c0b00020:     "[heap]+0x20",
		0x7f0000002001:     "0x7f0000002001",
		0x7f0000003000:     "0x7f0000003000",
		0x7f0000004001:     `"/lib/a\nb"+0x2a001`,
		0:                  "0x0",
		0xffffffffffffffff: "0xffffffffffffffff",
	} {
		if got := memory.Locate(want, addr); got != place {
			t.Errorf("Locate(%#x) = %s, want %s", addr, got, place)
		}
	}
}

func TestParseMapsRefusals(t *testing.T) {
	for _, bad := range []string{
		"x", "\n", "1000-2000", "1000-2000 r--p 0 0:0", "2000-1000 r--p 0 0:0 0", "1000-1000 r--p 0 0:0 0",
		"-1000 r--p 0 0:0 0", "1000-2000 r--px 0 0:0 0", "1000-2000 r--p 0x0 0:0 0", "1000-2000 r--p 0 0:0 -1",
		"10000000000000000-20000000000000000 r--p 0 0:0 0", "1000-2000 r--p 0  0",
	} {
		maps, err := memory.ParseMaps(strings.NewReader("1000-2000 r--p 0 0:0 0\n" + bad))
		if !errors.Is(err, memory.ErrMalformed) || len(maps) != 1 {
			t.Errorf("%q: %v, %v", bad, maps, err)
		}
	}
	// A path longer than any buffer loses its end and nothing else.
	long := "1000-2000 r--p 0 0:0 5 /" + strings.Repeat("d/", 1<<20) + "\n2000-3000 r--p 0 0:0 0\n"
	maps, err := memory.ParseMaps(strings.NewReader(long))
	if err != nil || len(maps) != 2 || len(maps[0].Path) < 60_000 || len(maps[0].Path) > 65_536 || maps[1].Path != "" {
		t.Errorf("a long path: %d mappings, %v", len(maps), err)
	}
	broken := errors.New("broken")
	if _, err := memory.ParseMaps(io.MultiReader(strings.NewReader(sample), iotest.ErrReader(broken))); err != broken {
		t.Errorf("a failing reader: %v", err)
	}
}

func TestParseMapsBounds(t *testing.T) {
	var b bytes.Buffer
	for i := range memory.MaxMappings + 1 {
		fmt.Fprintf(&b, "%x-%x rw-p 0 0:0 0\n", (i+1)<<12, (i+2)<<12)
	}
	maps, err := memory.ParseMaps(&b)
	if !errors.Is(err, memory.ErrTooMany) || len(maps) != memory.MaxMappings {
		t.Errorf("%d mappings, %v", len(maps), err)
	}
	b.Reset()
	for i := range 1000 {
		fmt.Fprintf(&b, "%x-%x rw-p 0 0:0 1 /%d%s\n", (i+1)<<12, (i+2)<<12, i, strings.Repeat("x", 50_000))
	}
	if _, err := memory.ParseMaps(&b); !errors.Is(err, memory.ErrTooMany) {
		t.Errorf("50 MB of paths: %v", err)
	}
}

func TestMapsOfSelf(t *testing.T) {
	s := memory.Of(os.Getpid())
	if _, err := s.Maps(); err != nil {
		t.Fatal(err)
	}
}

func FuzzMaps(f *testing.F) {
	for line := range strings.Lines(sample) {
		f.Add([]byte(line))
	}
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, b []byte) {
		maps, err := memory.ParseMaps(bytes.NewReader(b))
		slow, errSlow := memory.ParseMaps(iotest.HalfReader(bytes.NewReader(b)))
		if d := cmp.Diff(maps, slow); d != "" || !errors.Is(err, errSlow) {
			t.Fatalf("depends on how it is read: %s; %v, %v", d, err, errSlow)
		}
		for _, m := range maps {
			again, err := memory.ParseMaps(strings.NewReader(m.String() + "\n"))
			if err != nil || len(again) != 1 || again[0] != m {
				t.Fatalf("%+v prints as %q, which reads as %+v (%v)", m, m, again, err)
			}
			memory.Locate(maps, m.Start)
			memory.Locate(maps, m.End)
		}
	})
}
