package elfread_test

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warder/internal/elfread"
)

const source = `
#include <stdio.h>
int twice(int n) { return 2 * n; }
static int __attribute__((noinline)) hidden(int n) { return n + 1; }
int alias(int) __attribute__((alias("twice")));
__asm__(".text\nlabel: nop\nnop\nafter: ret\n");
int main(int argc, char **argv) { (void)argv; return twice(argc) + hidden(argc); }
`

// compile builds source with flags.
func compile(t testing.TB, flags ...string) (string, *elfread.File) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(out+".c", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-O1", "-o", out, out + ".c"}, flags...)
	if said, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("gcc: %v\n%s", err, said)
		}
		t.Skipf("gcc: %v\n%s", err, said)
	}
	return out, open(t, out)
}

func open(t testing.TB, path string) *elfread.File {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elfread.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAgainstLibrary compares with debug/elf, on a file that can be trusted.
func TestAgainstLibrary(t *testing.T) {
	for _, flags := range [][]string{{"-g"}, {"-g", "-gz=zlib"}, {"-g", "-gz=zstd"}, {"-static", "-s"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			if slices.Contains(flags, "-gz=zstd") && exec.Command("gcc", "-gz=zstd", "-E", "-x", "c", "/dev/null").Run() != nil {
				t.Skip("this gcc knows no -gz=zstd (it came with 13)")
			}
			path, f := compile(t, flags...)
			want, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			if len(f.Progs) != len(want.Progs) || len(f.Sections) != len(want.Sections) || f.Machine != want.Machine || f.Entry != want.Entry {
				t.Fatalf("%d programs, %d sections", len(f.Progs), len(f.Sections))
			}
			for i, p := range want.Progs {
				if g := f.Progs[i]; g.Type != p.Type || g.Off != p.Off || g.Vaddr != p.Vaddr || g.Filesz != p.Filesz || g.Size != p.Memsz || g.Flags != p.Flags {
					t.Errorf("program header %d: %+v, want %+v", i, g, p.ProgHeader)
				}
			}
			for _, s := range want.Sections {
				if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
					continue
				}
				wantData, err := s.Data()
				if err != nil {
					t.Fatal(err)
				}
				data, err := f.Data(s.Name, 1<<30)
				if err != nil || !bytes.Equal(data, wantData) {
					t.Errorf("%s: %d bytes, %v, want %d", s.Name, len(data), err, len(wantData))
				}
				if _, err := f.Data(s.Name, uint64(len(wantData))-1); len(wantData) > 0 && !errors.Is(err, elfread.ErrLimit) {
					t.Errorf("%s over the limit: %v", s.Name, err)
				}
			}
			out, err := exec.Command("readelf", "-n", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if id := hex.EncodeToString(f.BuildID()); id == "" || !strings.Contains(string(out), "Build ID: "+id) {
				t.Errorf("build id %s", id)
			}
		})
	}
}

func TestSymbols(t *testing.T) {
	path, f := compile(t)
	syms, err := f.Symbols(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]elf.Symbol{}
	for _, s := range list {
		at[s.Name] = s
	}
	for _, c := range []struct {
		addr uint64
		want string
	}{
		{at["main"].Value, "main"},
		{at["main"].Value + at["main"].Size - 1, "main"},
		{at["hidden"].Value, "hidden"},
		{at["twice"].Value + 1, "alias"}, // two names: the first of equal length, else the shorter
		{at["label"].Value, "label"},
		{at["label"].Value + 1, "label"},
		{at["after"].Value, "after"},
		{at["_init"].Value - 1, ""},
		{0, ""},
		{math.MaxUint64, ""},
	} {
		got, ok := syms.Lookup(c.addr)
		if got.Name != c.want && !(c.want == "alias" && got.Name == "twice") || ok != (c.want != "") {
			t.Errorf("%#x is in %q, want %q", c.addr, got.Name, c.want)
		}
	}
	if a, ok := syms.Named("main"); !ok || a != at["main"].Value {
		t.Errorf("main at %#x", a)
	}
	if _, err := f.Symbols(100); !errors.Is(err, elfread.ErrLimit) {
		t.Errorf("symbols over the limit: %v", err)
	}
	stripped, _ := compile(t, "-static", "-s")
	if _, err := open(t, stripped).Symbols(1 << 20); !errors.Is(err, elfread.ErrAbsent) {
		t.Errorf("symbols of a stripped program: %v", err)
	}
}

func TestImage(t *testing.T) {
	path, f := compile(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	memory := append(make([]byte, 4096), b...)
	image, err := elfread.OpenImage(bytes.NewReader(memory), 4096)
	if err != nil || len(image.Progs) != len(f.Progs) || len(image.Sections) != 0 {
		t.Errorf("image: %+v, %v", image, err)
	}
	if _, err := elfread.OpenImage(bytes.NewReader(memory), math.MaxUint64-10); err == nil {
		t.Error("an image at the end of the address space")
	}
}

// TestBomb shows that a section takes no more than it is allowed to.
func TestBomb(t *testing.T) {
	path, _ := compile(t, "-g", "-gz=zlib")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	s := f.Section(".debug_info")
	if s == nil || s.Flags&elf.SHF_COMPRESSED == 0 {
		t.Fatal(".debug_info is not compressed")
	}
	for i := range 8 { // the uncompressed size
		b[s.Off+8+uint64(i)] = 0xff
	}
	f, err = elfread.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Data(".debug_info", 1<<30); !errors.Is(err, elfread.ErrLimit) {
		t.Errorf("a size of 2^64: %v", err)
	}
	b[s.Off+8+2], b[s.Off+8+3], b[s.Off+8+4] = 0xff, 0, 0 // about 16 MiB
	b[s.Off+8+5], b[s.Off+8+6], b[s.Off+8+7] = 0, 0, 0
	if d, err := f.Data(".debug_info", 1<<30); err == nil {
		t.Errorf("a size of 16 MiB gave %d bytes", len(d))
	}
}

func FuzzOpen(f *testing.F) {
	path, file := compile(f, "-g", "-gz=zlib", "-nostdlib", "-Wl,--entry=main")
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	_ = file
	f.Add(b)
	f.Add(b[:4096])
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := elfread.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, s := range file.Sections {
			if d, err := file.Data(s.Name, 1<<20); err == nil && len(d) > 1<<20 {
				t.Fatalf("%s has %d bytes", s.Name, len(d))
			}
		}
		file.BuildID()
		syms, err := file.Symbols(1 << 20)
		if err != nil {
			return
		}
		for _, s := range file.Sections {
			if sym, ok := syms.Lookup(s.Addr); ok && len(sym.Name) > elfread.MaxName*3 {
				t.Fatalf("a name of %d bytes", len(sym.Name))
			}
		}
	})
}
