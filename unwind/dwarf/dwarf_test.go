package dwarf_test

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"warder/internal/elfread"
	"warder/unwind/dwarf"
)

const budget = 1 << 28

// sections reads a file's debugging information.
func sections(t testing.TB, path string) (dwarf.Sections, *elfread.File) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elfread.Open(strings.NewReader(string(b)), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) []byte {
		data, err := f.Data(".debug_"+name, 1<<30)
		if err != nil && !errors.Is(err, elfread.ErrAbsent) {
			t.Fatal(err)
		}
		return data
	}
	return dwarf.Sections{
		Abbrev: get("abbrev"), Addr: get("addr"), Info: get("info"), Line: get("line"), LineStr: get("line_str"),
		Ranges: get("ranges"), RngLists: get("rnglists"), Str: get("str"), StrOffsets: get("str_offsets"),
	}, f
}

// compile builds a C++ program of some size.
func compile(t testing.TB, flags ...string) string {
	t.Helper()
	return compileFile(t, "testdata/shapes.cc", flags...)
}

func compileFile(t testing.TB, source string, flags ...string) string {
	const compiler = "g++"
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	out := filepath.Join(t.TempDir(), "program")
	args := append([]string{"-o", out, source}, flags...)
	if said, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, said)
	}
	return out
}

// text returns the addresses of a section.
func text(t testing.TB, f *elfread.File) (start, size uint64) {
	t.Helper()
	s := f.Section(".text")
	if s == nil {
		t.Fatal("no .text")
	}
	return s.Addr, s.Size
}

// addr2line asks binutils, which prints a function and a place for each call.
func addr2line(t *testing.T, path string, addrs []uint64) [][]string {
	t.Helper()
	cmd := exec.Command("addr2line", "-e", path, "-a", "-f", "-i")
	var in strings.Builder
	for _, a := range addrs {
		fmt.Fprintf(&in, "%#x\n", a)
	}
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal("addr2line:", err)
	}
	var all [][]string
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		if strings.HasPrefix(s.Text(), "0x") {
			all = append(all, nil)
			continue
		}
		all[len(all)-1] = append(all[len(all)-1], s.Text())
	}
	return all
}

// show writes a call as addr2line does.
func show(calls []dwarf.Call) []string {
	var list []string
	for _, c := range calls {
		name := c.Linkage
		if name == "" {
			name = c.Name
		}
		file := "??"
		if c.File != "" {
			file = filepath.Clean(c.File)
		}
		list = append(list, name, fmt.Sprintf("%s:%d", file, c.Line))
	}
	return list
}

func TestAgainstAddr2line(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string
		other []string // flags of a program that addr2line understands better
	}{
		{"DWARF 5", []string{"-g", "-O2"}, nil},
		{"DWARF 4", []string{"-gdwarf-4", "-O2"}, nil},
		{"DWARF 3", []string{"-gdwarf-3", "-gstrict-dwarf", "-O2"}, nil},
		{"DWARF 2", []string{"-gdwarf-2", "-O1"}, nil},
		{"not optimized", []string{"-g", "-O0"}, nil},
		{"sections", []string{"-g", "-O3", "-ffunction-sections", "-Wl,--gc-sections"}, nil},
		{"compressed", []string{"-g", "-gz", "-O2"}, nil},
		{"64-bit format", []string{"-g", "-gdwarf64", "-O2"}, []string{"-g", "-O2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := compile(t, c.flags...)
			s, f := sections(t, path)
			d := dwarf.New(s)
			start, size := text(t, f)
			var addrs []uint64
			for a := start; a < start+size; a += 17 {
				addrs = append(addrs, a)
			}
			if c.other != nil {
				path = compile(t, c.other...)
			}
			want := addr2line(t, path, addrs)
			named, differ := 0, 0
			for i, a := range addrs {
				steps := budget
				calls, err := d.Find(a, &steps)
				if err != nil {
					t.Fatalf("%#x: %v", a, err)
				}
				// Without a function addr2line goes by symbols.
				if len(calls) == 0 || calls[0].Name == "" {
					continue
				}
				named++
				if got := show(calls); !same(got, want[i]) {
					if differ++; differ <= 10 {
						t.Logf("%#x:\n\t%s\nwant\n\t%s", a, strings.Join(got, "\n\t"), strings.Join(want[i], "\n\t"))
					}
				}
			}
			t.Logf("%d addresses of %d named, %d differ", named, len(addrs), differ)
			// Of one address in some hundreds addr2line gives a line of one file
			// with the name of another.
			if named < len(addrs)*3/4 || differ > named/200 {
				t.Errorf("%d addresses of %d named, %d differ", named, len(addrs), differ)
			}
		})
	}
}

// TestSplit shows what is left where the functions are in another file: lines.
func TestSplit(t *testing.T) {
	s, f := sections(t, compile(t, "-g", "-gsplit-dwarf", "-O2"))
	d := dwarf.New(s)
	start, size := text(t, f)
	lines := 0
	for a := start; a < start+size; a++ {
		steps := budget
		calls, err := d.Find(a, &steps)
		if err != nil {
			t.Fatal(err)
		}
		if len(calls) == 1 && calls[0].Name == "" && calls[0].Line > 0 {
			lines++
		}
	}
	if lines < int(size)/2 {
		t.Errorf("lines of %d addresses of %d", lines, size)
	}
}

// structors are the kinds of constructors and destructors: a symbol may be
// that of another kind with the same code.
var structors = regexp.MustCompile(`[CD][0-5]E`)

// same compares with what addr2line prints: of the last function its symbol,
// which may be of another alias; "file.c:12 (discriminator 3)"; a question mark
// for line 0.
func same(got, want []string) bool {
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		g, w := got[i], want[i]
		if i%2 == 1 {
			w, _, _ = strings.Cut(w, " (")
			file, line, _ := strings.Cut(w, ":")
			if w = filepath.Clean(file) + ":" + strings.ReplaceAll(line, "?", "0"); g != w {
				return false
			}
			continue
		}
		w, _, _ = strings.Cut(w, ".")
		base, _, _ := strings.Cut(g, "<")
		base = strings.TrimPrefix(base[strings.LastIndex(base, "::")+1:], ":")
		switch {
		case structors.ReplaceAllString(g, "") == structors.ReplaceAllString(w, ""):
		case strings.HasSuffix(g, "::"+w): // it does not qualify
		case strings.Contains(w, base) && strings.HasPrefix(w, "_Z"):
		case i == 0 && strings.HasPrefix(want[len(want)-2], w): // its name for an inlined lambda is the last one's
		default:
			return false
		}
	}
	return true
}

// TestDamage shows that damaged information gives errors, at most.
func TestDamage(t *testing.T) {
	path := compile(t, "-g", "-O2")
	s, f := sections(t, path)
	start, size := text(t, f)
	r := rand.New(rand.NewPCG(1, 2))
	failed := 0
	for range 300 {
		damaged := s
		for _, b := range []*[]byte{&damaged.Abbrev, &damaged.Info, &damaged.Line, &damaged.RngLists} {
			*b = append([]byte(nil), *b...)
			for range 1 + r.IntN(4) {
				(*b)[r.IntN(len(*b))] = byte(r.Uint32())
			}
			if r.IntN(10) == 0 {
				*b = (*b)[:r.IntN(len(*b))]
			}
		}
		d := dwarf.New(damaged)
		for range 20 {
			steps := 1 << 22
			if _, err := d.Find(start+r.Uint64N(size), &steps); err != nil {
				failed++
			}
		}
	}
	if failed == 0 {
		t.Error("no damage was noticed")
	}
}

// TestBudget shows that a look-up ends where its steps end, and that the next
// one with more is none the worse for it.
func TestBudget(t *testing.T) {
	path := compile(t, "-g", "-O2")
	s, f := sections(t, path)
	start, _ := text(t, f)
	d := dwarf.New(s)
	var at uint64
	for a := start; ; a++ {
		steps := budget
		if calls, _ := dwarf.New(s).Find(a, &steps); len(calls) > 1 {
			at = a
			break
		}
	}
	for steps := 1; steps < 1<<14; steps *= 2 {
		left := steps
		if _, err := d.Find(at, &left); !errors.Is(err, dwarf.ErrLimit) || left > 0 {
			t.Errorf("%d steps: %v, %d left", steps, err, left)
		}
		d = dwarf.New(s)
	}
	left := 100
	_, _ = d.Find(at, &left)
	left = budget
	if calls, err := d.Find(at, &left); err != nil || len(calls) < 2 {
		t.Errorf("after a look-up that was cut off: %v, %v", calls, err)
	}
}
