package gotab_test

import (
	"debug/elf"
	"debug/gosym"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"warder/unwind/gotab"
)

// compile builds a Go program and returns its table and the address of
// runtime.text.
func compile(t testing.TB) (table []byte, text uint64) {
	t.Helper()
	dir := t.TempDir()
	src := "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"
	for name, content := range map[string]string{"main.go": src, "go.mod": "module hello\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-o", "hello", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	f, err := elf.Open(filepath.Join(dir, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err = f.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range syms {
		if s.Name == "runtime.text" {
			text = s.Value
		}
	}
	return table, text
}

// TestAgainstLibrary compares with debug/gosym.
func TestAgainstLibrary(t *testing.T) {
	b, text := compile(t)
	table, err := gotab.New(b, text)
	if err != nil {
		t.Fatal(err)
	}
	lib, err := gosym.NewTable(nil, gosym.NewLineTable(b, text))
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.Funcs) < 1000 {
		t.Fatalf("only %d functions", len(lib.Funcs))
	}
	for i, want := range lib.Funcs {
		for _, addr := range []uint64{want.Entry, want.Entry + (want.End-want.Entry)/2, want.End - 1} {
			f, ok := table.Find(addr)
			if !ok || f.Name != want.Name || f.Entry != want.Entry || f.End != want.End {
				t.Fatalf("%#x: %+v, want %s at %#x to %#x", addr, f, want.Name, want.Entry, want.End)
			}
			wantFile, wantLine, _ := lib.PCToLine(addr)
			// It has -1, and less, for the padding behind a function.
			if file, line := table.Line(f, addr); file != wantFile || line != max(wantLine, 0) {
				t.Fatalf("%#x: %s:%d, want %s:%d", addr, file, line, wantFile, wantLine)
			}
		}
		// At its first instruction a function has nothing on the stack.
		f, _ := table.Find(want.Entry)
		if depth, ok := table.Depth(f, want.Entry); ok && depth != 0 {
			t.Errorf("function %d, %s: %d bytes on the stack at its entry", i, f.Name, depth)
		}
	}
	for _, addr := range []uint64{0, text - 1, lib.Funcs[len(lib.Funcs)-1].End, ^uint64(0)} {
		if f, ok := table.Find(addr); ok {
			t.Errorf("%#x is in %s", addr, f.Name)
		}
	}
}

func TestDamage(t *testing.T) {
	b, text := compile(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		damaged := append([]byte(nil), b...)
		for range 1 + r.IntN(1000) {
			damaged[r.IntN(len(damaged))] = byte(r.Uint32())
		}
		for range 8 {
			damaged[8+r.IntN(64)] = byte(r.Uint32())
		}
		table, err := gotab.New(damaged, text)
		if err != nil {
			continue
		}
		for range 100 {
			addr := text + r.Uint64N(1<<21)
			if f, ok := table.Find(addr); ok {
				table.Depth(f, addr)
				table.Line(f, addr)
			}
		}
	}
	for _, b := range [][]byte{nil, b[:71], b[:72], make([]byte, 100)} {
		if _, err := gotab.New(b, text); err == nil {
			t.Errorf("a table of %d bytes", len(b))
		}
	}
}

func FuzzTable(f *testing.F) {
	b, text := compile(f)
	f.Add(b[:min(len(b), 1<<16)], text, text+100)
	f.Fuzz(func(_ *testing.T, b []byte, text, addr uint64) {
		table, err := gotab.New(b, text)
		if err != nil {
			return
		}
		if f, ok := table.Find(addr); ok {
			table.Depth(f, addr)
			table.Line(f, addr)
		}
	})
}
