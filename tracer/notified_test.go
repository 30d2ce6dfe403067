package tracer_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// noted copies a static program with the note of Go's linker put in the place
// of another note, so that it is held by notifications as Go's programs are.
// It is "" for a program with a loader, which is not.
func noted(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(text))
	if err != nil {
		return "" // a script, or no ELF file by intent
	}
	const header, size = 64, 56 // Elf64_Ehdr, Elf64_Phdr
	at := -1
	for i, p := range f.Progs {
		switch p.Type {
		case elf.PT_INTERP:
			return ""
		case elf.PT_NOTE, elf.PT_GNU_PROPERTY, elf.PT_GNU_STACK:
			if at < 0 || f.Progs[at].Type == elf.PT_GNU_STACK {
				at = i
			}
		}
	}
	if at < 0 {
		t.Fatalf("%s has no header to spare", path)
	}
	note := append(binary.LittleEndian.AppendUint32(nil, 4), 4, 0, 0, 0, 4, 0, 0, 0, 'G', 'o', 0, 0, 'i', 'd', 0, 0)
	for len(text)%8 != 0 {
		text = append(text, 0)
	}
	h := text[int(binary.LittleEndian.Uint64(text[32:]))+at*size:]
	binary.LittleEndian.PutUint32(h, uint32(elf.PT_NOTE))
	binary.LittleEndian.PutUint64(h[8:], uint64(len(text)))
	binary.LittleEndian.PutUint64(h[32:], uint64(len(note)))
	binary.LittleEndian.PutUint64(h[40:], uint64(len(note)))
	dir := filepath.Join(testprog.Scratch(t), "go")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(copied, append(text, note...), 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// notified reports whether a session's program was let go.
func notified(r *tracer.Result) bool { return !slices.Contains(r.Walls, tracer.WallTracer) }

// TestLiveAttacksNotified holds the corpus as programs of Go: the outcomes are
// those of traced sessions.
func TestLiveAttacksNotified(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	testprog.CompileAll(t)
	compute := profile(t, "compute")
	for _, a := range testprog.Attacks(t) {
		path := noted(t, testprog.Attack(t, a.Name))
		if path == "" {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			want := a.Expected("compute", "hybrid")
			r, out := hold(t, tracer.Config{
				Path: path, Args: []string{a.Name, testprog.Scratch(t)},
				Policy: compute, Limits: attackLimits(a.Class),
			})
			if got := fate(r); !expected(got, want) {
				t.Errorf("%s: got %s, want %s\n%s\n%s", a.Claim, got, strings.Join(want, " | "), r.Message, out[:min(len(out), 300)])
			}
			if !notified(r) {
				t.Error("it was traced")
			}
		})
	}
}
