package cfi_test

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"warder/unwind/cfi"
)

// sections reads what a table is made of.
func sections(t testing.TB, path string) (frame, hdr, debug cfi.Section) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, s := range map[string]*cfi.Section{".eh_frame": &frame, ".eh_frame_hdr": &hdr, ".debug_frame": &debug} {
		if sec := f.Section(name); sec != nil {
			data, err := sec.Data()
			if err != nil {
				t.Fatal(err)
			}
			*s = cfi.Section{Data: data, Addr: sec.Addr}
		}
	}
	return frame, hdr, debug
}

// library finds the C library's file.
func library(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("gcc", "-print-file-name=libc.so.6").Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("gcc:", err)
		}
		t.Skip("gcc:", err)
	}
	return strings.TrimSpace(string(out))
}

// dwarfNumbers are those of the names that readelf prints.
var dwarfNumbers = map[string]int{
	"rax": 0, "rdx": 1, "rcx": 2, "rbx": 3, "rsi": 4, "rdi": 5, "rbp": 6, "rsp": 7,
	"r8": 8, "r9": 9, "r10": 10, "r11": 11, "r12": 12, "r13": 13, "r14": 14, "r15": 15, "ra": 16,
}

// show writes a rule as readelf does.
func show(r cfi.Rule) string {
	switch r.Kind {
	case cfi.Offset:
		return fmt.Sprintf("c%+d", r.N)
	case cfi.ValOffset:
		return fmt.Sprintf("v%+d", r.N)
	case cfi.Expr:
		return "exp"
	case cfi.ValExpr:
		return "vexp"
	case cfi.Undefined:
		return "u"
	case cfi.Register:
		for name, n := range dwarfNumbers {
			if n == int(r.N) {
				return name
			}
		}
	}
	return "s"
}

func showCFA(row *cfi.Row) string {
	if row.CFAExpr {
		return "exp"
	}
	for name, n := range dwarfNumbers {
		if n == row.CFAReg {
			return fmt.Sprintf("%s%+d", name, row.CFAOffset)
		}
	}
	return "?"
}

// compare holds the table against readelf's, row by row, and returns how many
// rows there were.
func compare(t *testing.T, path string, debug bool, table *cfi.Table) int {
	t.Helper()
	// Its status is 1 where a file names another with its debugging information
	// that is not there; without rows the caller complains.
	out, _ := exec.Command("readelf", "--wide", "--debug-dump=frames-interp", path).Output()
	rows, bad := 0, 0
	var columns []string
	in := false
	end := uint64(0)
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "Contents of"):
			in = strings.Contains(line, ".debug_frame") == debug
		case !in:
		case strings.Contains(line, " FDE "):
			columns = nil
			_, pcs, _ := strings.Cut(strings.TrimSpace(line), "pc=")
			_, to, _ := strings.Cut(pcs, "..")
			end, _ = strconv.ParseUint(to, 16, 64)
		case strings.Contains(line, " CIE "):
			columns, end = nil, 0
		case len(f) > 1 && f[0] == "LOC":
			columns = f[1:]
		case len(f) == len(columns)+1 && end != 0:
			addr, err := strconv.ParseUint(f[0], 16, 64)
			if err != nil || addr >= end {
				continue // a row behind the function's end
			}
			rows++
			var row cfi.Row
			ok, err := table.Row(addr, &row)
			if !ok || err != nil {
				t.Errorf("%#x: %v, %v", addr, ok, err)
				bad++
				continue
			}
			for i, name := range columns {
				got := ""
				if name == "CFA" {
					got = showCFA(&row)
				} else {
					n, ok := dwarfNumbers[name]
					if !ok {
						continue
					}
					got = show(row.Regs[n])
				}
				want := f[i+1]
				// readelf says u, for "not mentioned yet", of what later has a rule.
				if got != want && !(got == "s" && want == "u") {
					t.Errorf("%#x: %s is %s, want %s", addr, name, got, want)
					bad++
				}
			}
			if bad > 20 {
				t.Fatal("and so on")
			}
		}
	}
	return rows
}

func TestAgainstReadelf(t *testing.T) {
	path := library(t)
	frame, hdr, _ := sections(t, path)
	for name, hdr := range map[string]cfi.Section{"with its table": hdr, "without": {}} {
		t.Run(name, func(t *testing.T) {
			table, err := cfi.NewEH(frame, hdr)
			if err != nil {
				t.Fatal(err)
			}
			if rows := compare(t, path, false, table); rows < 1000 {
				t.Errorf("only %d rows", rows)
			}
		})
	}
	t.Run("debug_frame", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "program")
		if err := os.WriteFile(out+".c", []byte("int f(int n) { char b[n]; b[0] = 1; return b[n-1]; } int main(int n, char**v) { (void)v; return f(n); }"), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command("gcc", "-g", "-O1", "-fno-asynchronous-unwind-tables", "-o", out, out+".c").CombinedOutput(); err != nil {
			t.Fatalf("gcc: %v\n%s", err, said)
		}
		_, _, debug := sections(t, out)
		table, err := cfi.NewDebug(debug)
		if err != nil {
			t.Fatal(err)
		}
		if rows := compare(t, out, true, table); rows < 5 {
			t.Errorf("only %d rows", rows)
		}
	})
}

// TestTerminator shows that nothing is found in the places between functions.
func TestOutside(t *testing.T) {
	frame, hdr, _ := sections(t, library(t))
	for _, hdr := range []cfi.Section{hdr, {}} {
		table, err := cfi.NewEH(frame, hdr)
		if err != nil {
			t.Fatal(err)
		}
		for _, addr := range []uint64{0, 1, ^uint64(0), 1 << 63, frame.Addr} {
			var row cfi.Row
			if ok, err := table.Row(addr, &row); ok || err != nil {
				t.Errorf("%#x: %v, %v", addr, ok, err)
			}
		}
	}
}

// machine is a State.
type machine struct {
	regs map[int]uint64
	mem  map[uint64]uint64
}

func (m machine) Reg(n int) (uint64, bool) { v, ok := m.regs[n]; return v, ok }

func (m machine) Load(addr uint64, size int) (uint64, bool) {
	v, ok := m.mem[addr]
	return v & (1<<(8*size) - 1), ok
}

func (m machine) Bias() uint64 { return 0x1000 }

// one makes a .debug_frame of one function at 0x100, 0x100 long, with the
// instructions.
func one(program ...byte) cfi.Section {
	cie := []byte{0xff, 0xff, 0xff, 0xff, 4, 0, 8, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1}
	fde := append([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, program...)
	b := append([]byte{byte(len(cie)), 0, 0, 0}, cie...)
	b = append(b, byte(len(fde)), byte(len(fde)>>8), 0, 0)
	return cfi.Section{Data: append(b, fde...)}
}

func TestExpressions(t *testing.T) {
	m := machine{
		regs: map[int]uint64{0: 5, 7: 0x7000},
		mem:  map[uint64]uint64{0x7008: 0x1122334455667788, 0x7010: 3},
	}
	for _, c := range []struct {
		name string
		expr []byte
		want uint64
		err  error
	}{
		{"lit31", []byte{0x4f}, 31, nil},
		{"breg7+16", []byte{0x77, 0x10}, 0x7010, nil},
		{"bregx", []byte{0x92, 0, 0x7f}, 4, nil},
		{"deref", []byte{0x77, 8, 0x06}, 0x1122334455667788, nil},
		{"deref_size 2", []byte{0x77, 8, 0x94, 2}, 0x7788, nil},
		{"deref_size 3", []byte{0x77, 8, 0x94, 3}, 0, cfi.ErrMalformed},
		{"addr", []byte{0x03, 1, 0, 0, 0, 0, 0, 0, 0}, 0x1001, nil},
		{"const1s", []byte{0x09, 0xff}, ^uint64(0), nil},
		{"const2s", []byte{0x0b, 0xfe, 0xff}, ^uint64(1), nil},
		{"const4u", []byte{0x0c, 4, 3, 2, 1}, 0x01020304, nil},
		{"consts", []byte{0x11, 0x7f}, ^uint64(0), nil},
		{"dup plus", []byte{0x35, 0x12, 0x22}, 10, nil},
		{"drop", []byte{0x35, 0x36, 0x13}, 5, nil},
		{"over", []byte{0x35, 0x36, 0x14}, 5, nil},
		{"pick", []byte{0x35, 0x36, 0x37, 0x15, 2}, 5, nil},
		{"swap minus", []byte{0x35, 0x39, 0x16, 0x1c}, 4, nil},
		{"rot", []byte{0x31, 0x32, 0x33, 0x17}, 2, nil},
		{"rot, the third", []byte{0x31, 0x32, 0x33, 0x17, 0x13, 0x13}, 3, nil},
		{"abs", []byte{0x09, 0xfb, 0x19}, 5, nil},
		{"neg", []byte{0x31, 0x1f}, ^uint64(0), nil},
		{"div", []byte{0x09, 0xf8, 0x33, 0x1b}, ^uint64(1), nil},
		{"div of the smallest by -1", []byte{0x0e, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x09, 0xff, 0x1b}, 1 << 63, nil},
		{"div by 0", []byte{0x31, 0x30, 0x1b}, 0, cfi.ErrMalformed},
		{"mod by 0", []byte{0x31, 0x30, 0x1d}, 0, cfi.ErrMalformed},
		{"mod", []byte{0x38, 0x33, 0x1d}, 2, nil},
		{"shl 64", []byte{0x31, 0x08, 64, 0x24}, 0, nil},
		{"shra", []byte{0x09, 0xf8, 0x32, 0x26}, ^uint64(1), nil},
		{"ge, signed", []byte{0x31, 0x09, 0xff, 0x2a}, 1, nil},
		{"bra taken", []byte{0x31, 0x31, 0x28, 1, 0, 0x13, 0x35}, 5, nil},
		{"bra not taken", []byte{0x31, 0x30, 0x28, 1, 0, 0x35}, 5, nil},
		{"skip", []byte{0x31, 0x2f, 1, 0, 0x35}, 1, nil},
		{"the PLT's", []byte{0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}, 0, cfi.ErrRead}, // no rip here
		{"loop", []byte{0x31, 0x2f, 0xfd, 0xff}, 0, cfi.ErrLimit},
		{"jump out, backwards", []byte{0x31, 0x2f, 0, 0x80}, 0, cfi.ErrMalformed},
		{"jump out, forwards", []byte{0x31, 0x2f, 0xff, 0x7f}, 0, cfi.ErrMalformed},
		{"empty", nil, 0, cfi.ErrMalformed},
		{"nothing to pop", []byte{0x22}, 0, cfi.ErrMalformed},
		{"unreadable", []byte{0x30, 0x06}, 0, cfi.ErrRead},
		{"unknown register", []byte{0x73, 0}, 0, cfi.ErrRead},
		{"unknown operation", []byte{0xe0}, 0, cfi.ErrUnsupported},
		{"cut off", []byte{0x0e, 1, 2}, 0, cfi.ErrMalformed},
		{"too deep", append([]byte(strings.Repeat("\x31", 65)), 0x96), 0, cfi.ErrMalformed},
	} {
		table, err := cfi.NewDebug(one(append([]byte{0x0f, byte(len(c.expr))}, c.expr...)...))
		if err != nil {
			t.Fatal(err)
		}
		var row cfi.Row
		if ok, err := table.Row(0x100, &row); !ok || err != nil || !row.CFAExpr {
			t.Errorf("%s: %v, %v", c.name, ok, err)
			continue
		}
		got, err := table.CFA(&row, m)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %#x, %v; want %#x, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestInstructions(t *testing.T) {
	for _, c := range []struct {
		name    string
		program []byte
		addr    uint64
		cfa, r3 string
		err     error
	}{
		{"none", nil, 0x180, "rsp+8", "s", nil},
		{"advance, before", []byte{0x44, 0x0e, 16}, 0x103, "rsp+8", "s", nil},
		{"advance, at", []byte{0x44, 0x0e, 16}, 0x104, "rsp+16", "s", nil},
		{"advance2", []byte{0x03, 0x10, 0, 0x0e, 16}, 0x110, "rsp+16", "s", nil},
		{"advance4", []byte{0x04, 0x10, 0, 0, 0, 0x0e, 16}, 0x10f, "rsp+8", "s", nil},
		{"set_loc", []byte{0x01, 0x10, 1, 0, 0, 0, 0, 0, 0, 0x0e, 16}, 0x110, "rsp+16", "s", nil},
		{"offset and restore", []byte{0x83, 2, 0x41, 0xc3}, 0x100, "rsp+8", "c-16", nil},
		{"offset and restore, behind", []byte{0x83, 2, 0x41, 0xc3}, 0x101, "rsp+8", "s", nil},
		{"offset_extended", []byte{0x05, 3, 3}, 0x100, "rsp+8", "c-24", nil},
		{"offset_extended_sf", []byte{0x11, 3, 0x7f}, 0x100, "rsp+8", "c+8", nil},
		{"negative offset", []byte{0x2f, 3, 2}, 0x100, "rsp+8", "c+16", nil},
		{"val_offset", []byte{0x14, 3, 2}, 0x100, "rsp+8", "v-16", nil},
		{"register", []byte{0x09, 3, 12}, 0x100, "rsp+8", "r12", nil},
		{"undefined", []byte{0x07, 3}, 0x100, "rsp+8", "u", nil},
		{"same_value", []byte{0x07, 3, 0x08, 3}, 0x100, "rsp+8", "s", nil},
		{"remember and restore", []byte{0x0a, 0x0e, 32, 0x83, 2, 0x41, 0x0b}, 0x100, "rsp+32", "c-16", nil},
		{"remember and restore, behind", []byte{0x0a, 0x0e, 32, 0x83, 2, 0x41, 0x0b}, 0x101, "rsp+8", "s", nil},
		{"restore of nothing", []byte{0x0b}, 0x100, "", "", cfi.ErrMalformed},
		{"def_cfa_register", []byte{0x0d, 6}, 0x100, "rbp+8", "s", nil},
		{"def_cfa_sf", []byte{0x12, 6, 0x7e}, 0x100, "rbp+16", "s", nil},
		{"def_cfa of an unknown register", []byte{0x0c, 60, 8}, 0x100, "", "", cfi.ErrUnsupported},
		{"a vector register", []byte{0x05, 60, 3, 0x2e, 16}, 0x100, "rsp+8", "s", nil},
		{"an unknown instruction", []byte{0x3f}, 0x100, "", "", cfi.ErrUnsupported},
		{"cut off", []byte{0x0c, 7}, 0x100, "", "", cfi.ErrMalformed},
		{"expression over the end", []byte{0x0f, 100, 1}, 0x100, "", "", cfi.ErrMalformed},
		{"remember too often", []byte(strings.Repeat("\x0a", 65)), 0x100, "", "", cfi.ErrLimit},
	} {
		table, err := cfi.NewDebug(one(c.program...))
		if err != nil {
			t.Fatal(err)
		}
		var row cfi.Row
		ok, err := table.Row(c.addr, &row)
		if !errors.Is(err, c.err) || ok != (c.err == nil) {
			t.Errorf("%s: %v, %v; want %v", c.name, ok, err, c.err)
			continue
		}
		if ok && (showCFA(&row) != c.cfa || show(row.Regs[3]) != c.r3 || show(row.Regs[16]) != "c-8") {
			t.Errorf("%s: CFA %s, rbx %s", c.name, showCFA(&row), show(row.Regs[3]))
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add(one(0x0a, 0x0e, 32, 0x83, 2, 0x41, 0x0b).Data, []byte{}, uint64(0x100), true)
	f.Add(one(0x0f, 4, 0x77, 8, 0x06, 0x12).Data, []byte{}, uint64(0x100), true)
	if path, err := exec.LookPath("true"); err == nil {
		frame, hdr, _ := sections(f, path)
		f.Add(frame.Data, hdr.Data, uint64(0), false)
	}
	m := machine{regs: map[int]uint64{6: 0x7000, 7: 0x7000, 16: 0x100}, mem: map[uint64]uint64{0x7008: 1}}
	f.Fuzz(func(t *testing.T, frame, hdr []byte, addr uint64, debug bool) {
		var table *cfi.Table
		if debug {
			table, _ = cfi.NewDebug(cfi.Section{Data: frame, Addr: 0x1000})
		} else {
			table, _ = cfi.NewEH(cfi.Section{Data: frame, Addr: 0x1000}, cfi.Section{Data: hdr, Addr: 0x900})
			_, _ = cfi.FramePointer(cfi.Section{Data: hdr, Addr: 0x900})
		}
		for _, a := range []uint64{addr, addr + 1, 0x100, 0x1000} {
			var row cfi.Row
			ok, err := table.Row(a, &row)
			if ok != (err == nil && ok) || ok && (a < row.Start || a >= row.End) {
				t.Fatalf("row %#x to %#x for %#x, %v", row.Start, row.End, a, err)
			}
			if !ok {
				continue
			}
			cfa, _ := table.CFA(&row, m)
			for n := range cfi.MaxRegs {
				_, _, _ = table.Value(&row, n, cfa, m)
			}
		}
	})
}
