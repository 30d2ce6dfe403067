package abi_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"warder/abi"
)

var arches = []abi.Arch{abi.X86_64, abi.AArch64, abi.I386}

func TestArch(t *testing.T) {
	for _, test := range []struct {
		arch  abi.Arch
		name  string
		oci   string
		audit uint32
	}{
		{abi.X86_64, "x86_64", "SCMP_ARCH_X86_64", 0xc000003e},
		{abi.AArch64, "aarch64", "SCMP_ARCH_AARCH64", 0xc00000b7},
		{abi.I386, "i386", "SCMP_ARCH_X86", 0x40000003},
	} {
		if test.arch.String() != test.name || test.arch.Audit() != test.audit {
			t.Errorf("%v: audit %#x", test.arch, test.arch.Audit())
		}
		for _, name := range []string{test.name, test.oci} {
			if a, ok := abi.ParseArch(name); !ok || a != test.arch {
				t.Errorf("ParseArch(%q) = %v, %v", name, a, ok)
			}
		}
		if a, ok := abi.ArchOfAudit(test.audit); !ok || a != test.arch {
			t.Errorf("ArchOfAudit(%#x) = %v, %v", test.audit, a, ok)
		}
	}
	for _, bad := range []abi.Arch{0, 4, 255} {
		if _, ok := bad.Number("read"); ok || bad.String() != "unknown" || bad.Audit() != 0 || bad.Names() != nil {
			t.Errorf("Arch(%d) is known", uint8(bad))
		}
		if _, ok := bad.Name(0); ok {
			t.Errorf("Arch(%d) has a call 0", uint8(bad))
		}
	}
	for _, name := range []string{"", "unknown", "amd64", "SCMP_ARCH_X32"} {
		if a, ok := abi.ParseArch(name); ok {
			t.Errorf("ParseArch(%q) = %v", name, a)
		}
	}
	if _, ok := abi.ArchOfAudit(0); ok {
		t.Error("ArchOfAudit(0) is known")
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		arch abi.Arch
		name string
		nr   uint32
	}{
		{abi.X86_64, "read", 0},
		{abi.X86_64, "execve", 59},
		{abi.X86_64, "openat", 257},
		{abi.X86_64, "seccomp", 317},
		{abi.X86_64, "clone3", 435},
		{abi.AArch64, "io_setup", 0},
		{abi.AArch64, "openat", 56},
		{abi.AArch64, "write", 64},
		{abi.AArch64, "execve", 221},
		{abi.I386, "restart_syscall", 0},
		{abi.I386, "execve", 11},
		{abi.I386, "mmap2", 192},
		{abi.I386, "openat", 295},
	} {
		if nr, ok := test.arch.Number(test.name); !ok || nr != test.nr {
			t.Errorf("%v %s = %d, %v; want %d", test.arch, test.name, nr, ok, test.nr)
		}
	}
	for _, a := range arches {
		names := a.Names()
		if !slices.IsSorted(names) || len(names) < 300 {
			t.Errorf("%v: %d names, sorted %v", a, len(names), slices.IsSorted(names))
		}
		for _, name := range names {
			nr, ok := a.Number(name)
			back, okBack := a.Name(nr)
			if !ok || !okBack || back != name {
				t.Errorf("%v: %s -> %d -> %s", a, name, nr, back)
			}
		}
		for _, nr := range []uint32{999, 1 << 31, ^uint32(0), abi.X32Bit, abi.X32Bit | 1} {
			if name, ok := a.Name(nr); ok {
				t.Errorf("%v: %#x is %s", a, nr, name)
			}
		}
		for _, name := range []string{"", "reaD", "zzz", "arch_specific_syscall"} {
			if nr, ok := a.Number(name); ok {
				t.Errorf("%v: %q is %d", a, name, nr)
			}
		}
	}
	if name, ok := abi.AArch64.Name(244); ok {
		t.Errorf("arm64 244 is %s", name)
	}
}

// TestGenerated runs the generator and compares.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "warder/internal/tools/abigen", "-o", dir).CombinedOutput(); err != nil {
		t.Fatalf("abigen: %v\n%s", err, out)
	}
	for _, name := range []string{"ztable_x86_64.go", "ztable_aarch64.go", "ztable_i386.go"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what abigen writes: run go generate ./abi", name)
		}
	}
}

// TestNoStartUp checks that the tables are laid out by the linker. The
// compiler writes an init that only returns, which the linker then drops;
// anything longer fills in tables at every start of the program.
func TestNoStartUp(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the package")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	archive := filepath.Join(t.TempDir(), "abi.a")
	if out, err := exec.Command("go", "build", "-o", archive, "warder/abi").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	out, err := exec.Command("go", "tool", "nm", "-size", archive).CombinedOutput()
	if err != nil {
		t.Fatalf("go tool nm: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[2] != "T" || !strings.HasPrefix(fields[3], "warder/abi.init") {
			continue
		}
		if size, err := strconv.Atoi(fields[1]); err != nil || size > 8 {
			t.Errorf("the package has start-up code: %s", line)
		}
	}
	if !strings.Contains(string(out), "abi.Lookup") {
		t.Errorf("no symbols of the package in %s", archive)
	}
}
