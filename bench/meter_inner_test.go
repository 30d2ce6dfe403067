package bench

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
)

// assemble makes code of the comments behind the lines of meter_amd64.go.
func assemble(t *testing.T, dir string) []byte {
	t.Helper()
	for _, tool := range []string{"gcc", "objcopy"} {
		if _, err := exec.LookPath(tool); err != nil {
			if testutil.CI() {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	source, err := os.ReadFile("meter_amd64.go")
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.NewBufferString(".text\n")
	line := regexp.MustCompile(`^\t0x.*// (.*)$`)
	count := 0
	for l := range strings.Lines(string(source)) {
		if m := line.FindStringSubmatch(strings.TrimRight(l, "\n")); m != nil {
			text.WriteString(m[1] + "\n")
			count++
		}
	}
	if count < 100 {
		t.Fatalf("only %d lines of code", count)
	}
	asm, object, binary := filepath.Join(dir, "m.s"), filepath.Join(dir, "m.o"), filepath.Join(dir, "m.bin")
	if err := os.WriteFile(asm, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{
		{"gcc", "-c", asm, "-o", object},
		{"objcopy", "-O", "binary", "-j", ".text", object, binary},
	} {
		if said, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, said)
		}
	}
	code, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// TestMeterCode: the machine code is what its comments say.
func TestMeterCode(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("no meter for this architecture")
	}
	want := slices.Concat(meterCode, emptyCode)
	if code := assemble(t, t.TempDir()); !bytes.Equal(code, want) {
		t.Errorf("the comments make\n% x\nthe bytes are\n% x", code, want)
	}
	for name, c := range map[string]struct {
		at    int
		bytes []byte
	}{
		"handler":  {handlerAt, []byte{0x48, 0xc7, 0x82}},
		"restorer": {restorerAt, []byte{0xb8, unix.SYS_RT_SIGRETURN}},
		"repeat":   {repeatAt, []byte{0x44, 0x89, 0xe8, 0x0f, 0x05}},
	} {
		if !bytes.HasPrefix(meterCode[c.at:], c.bytes) {
			t.Errorf("at %s's offset is % x", name, meterCode[c.at:c.at+5])
		}
	}
}

func live(t *testing.T) Cores {
	t.Helper()
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	if runtime.GOARCH != "amd64" {
		t.Skip("no meter for this architecture")
	}
	cores, err := ChooseCores()
	if err != nil {
		t.Fatal(err)
	}
	return cores
}

// TestLiveFailure: a step that fails is told by name.
func TestLiveFailure(t *testing.T) {
	cores := live(t)
	for name, c := range map[string]struct {
		confine func(*script)
		errno   error
		says    string
	}{
		"a call":  {func(s *script) { s.call("chdir", unix.SYS_CHDIR, s.str("/no such directory")) }, unix.ENOENT, "chdir: "},
		"a check": {func(s *script) { s.check(status, 7) }, nil, "the stop: status 0x0 instead of 0x7"},
	} {
		m := mechanism{call: getppid, confine: c.confine}
		_, err := m.run(t.Context(), cores, 10)
		if err == nil || !strings.HasPrefix(err.Error(), c.says) || c.errno != nil && !errors.Is(err, c.errno) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	// A supervisor's failure is told, not only that its tracee died.
	w := watch{request: unix.PTRACE_CONT, stops: 1, status: stopSyscall}
	m := mechanism{call: getppid, watch: &w, confine: loading(answering(getppid.number, 0x7ff00000), 0)}
	if _, err := m.run(t.Context(), cores, 10); err == nil || !strings.Contains(err.Error(), "the stop: status 0x7057f instead of 0x857f") {
		t.Errorf("wrong stop: error %v", err)
	}
	// A program that dies of its filter.
	m = mechanism{call: getppid, confine: loading(answering(getppid.number, 0x80000000), 0)}
	if _, err := m.run(t.Context(), cores, 10); err == nil || !strings.Contains(err.Error(), "bad system call") {
		t.Errorf("killed: error %v", err)
	}
}

// TestLiveCancel: the context's end is an end.
func TestLiveCancel(t *testing.T) {
	cores := live(t)
	for name, m := range map[string]mechanism{
		"alone": {call: getppid},
		"traced": {
			call:    getppid,
			watch:   &watch{request: unix.PTRACE_CONT, stops: 1, status: stopSeccomp},
			confine: loading(answering(getppid.number, 0x7ff00000), 0),
		},
		"listener": {call: getppid, watch: &watch{}, confine: loading(answering(getppid.number, retNotify), 8)},
		"outside":  {call: getppid, outside: true, confine: func(*script) {}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		start := time.Now()
		_, err := m.run(ctx, cores, 1_000_000_000)
		cancel()
		if took := time.Since(start); err == nil || took > 10*time.Second {
			t.Errorf("%s: ended after %v with %v", name, took, err)
		}
	}
}
