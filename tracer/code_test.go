package tracer_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// machineCode reads hexadecimal digits; what follows # on a line is a comment.
func machineCode(t *testing.T, text string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLiveCode(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for _, c := range []struct {
		name, code string
		limits     tracer.Limits
		want       string // "returned", or as fate puts it
		value      uint64
		arch       string
		out        string
	}{
		{name: "returns 42", code: `b0 2a c3 # mov $42, %al; ret`, want: "returned", value: 42},
		{name: "returns at once", code: `c3`, want: "returned"},
		{name: "finds registers cleared", code: `
			48 09 d8 48 09 c8 48 09 d0 48 09 f0 48 09 f8 48 09 e8 # or rbx, rcx, rdx, rsi, rdi, rbp
			4c 09 c0 4c 09 c8 4c 09 d0 4c 09 d8 # or r8 to r11
			4c 09 e0 4c 09 e8 4c 09 f0 4c 09 f8 # or r12 to r15
			c3`, want: "returned"},
		{name: "returns 64 bits", code: `48 b8 88 77 66 55 44 33 22 f1 c3 # movabs`, want: "returned", value: 0xf122334455667788},
		{name: "uses the stack", code: `68 00 10 00 00 58 c3 # push; pop %rax; ret`, want: "returned", value: 0x1000},
		{name: "calls itself", code: `e8 01 00 00 00 c3 b8 07 00 00 00 c3`, want: "returned", value: 7},
		{name: "never returns", code: `eb fe`, limits: tracer.Limits{CPU: 100 * ms}, want: "cpu-time-limit"},
		{
			name: "waits for ever", code: `31 c0 31 ff 48 89 e6 ba 01 00 00 00 0f 05 eb f0 # read(0) again and again`,
			limits: tracer.Limits{CPU: 100 * ms}, want: "cpu-time-limit",
		},
		{name: "an invalid instruction", code: `0f 0b # ud2`, want: "signaled SIGILL"},
		{name: "a null read", code: `31 c0 8b 00`, want: "signaled SIGSEGV"},
		{name: "its own int3", code: `cc`, want: "signaled SIGTRAP"},
		{name: "int3 with 42 in rax", code: `b8 2a 00 00 00 cc`, want: "signaled SIGTRAP"},
		{name: "writes to its code", code: `c6 05 f9 ff ff ff c3 # movb to itself`, want: "signaled SIGSEGV"},
		{name: "privileged", code: `f4 # hlt`, want: "signaled SIGSEGV"},
		{name: "divides by zero", code: `31 c9 f7 f1`, want: "signaled SIGFPE"},
		{name: "getpid", code: `b8 27 00 00 00 0f 05 c3`, want: "policy-violation getpid", arch: "x86_64"},
		{name: "exit_group", code: `b8 e7 00 00 00 0f 05 c3`, want: "policy-violation exit_group", arch: "x86_64"},
		{name: "an i386 call that mode 1 forbids", code: `b8 14 00 00 00 cd 80 c3 # getpid`, want: "policy-violation getpid", arch: "foreign"},
		{name: "exits with 7", code: `b8 3c 00 00 00 bf 07 00 00 00 0f 05`, want: "exited 7"},
		{name: "exits with 0", code: `b8 3c 00 00 00 31 ff 0f 05`, want: "exited 0"},
		{name: "writes", code: `
			68 68 69 21 0a # push "hi!\n"
			48 89 e6 bf 01 00 00 00 ba 04 00 00 00 b8 01 00 00 00 0f 05 # write(1, %rsp, 4)
			5a c3`, want: "returned", value: 4, out: "hi!\n"},
		{name: "writes too much", code: `
			48 89 e6 bf 01 00 00 00 ba 08 00 00 00 b8 01 00 00 00 0f 05 # write(1, %rsp, 8)
			eb ea # again`, limits: tracer.Limits{Output: 64}, want: "output-limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			r, err := tracer.RunCode(context.Background(), &tracer.Config{Stdout: &out, Limits: c.limits}, machineCode(t, c.code))
			if err != nil {
				t.Fatal(err)
			}
			got := fate(r.Result)
			if r.Returned {
				got = "returned"
				if r.Outcome != tracer.OK || r.ExitCode != 0 || r.Signal != 0 {
					t.Errorf("returned, and %s with exit code %d, signal %d", r.Outcome, r.ExitCode, r.Signal)
				}
			}
			if got != c.want || r.Value != c.value {
				t.Errorf("%s with value %#x, want %s with %#x: %s %v", got, r.Value, c.want, c.value, r.Message, r.Violation)
			}
			if r.Violation != nil && r.Violation.Arch != c.arch {
				t.Errorf("violation of architecture %q, want %q", r.Violation.Arch, c.arch)
			}
			if c.out != "" && out.String() != c.out {
				t.Errorf("wrote %q, want %q", out.String(), c.out)
			}
			if int64(out.Len()) != r.OutputBytes {
				t.Errorf("%d bytes came, %d reported", out.Len(), r.OutputBytes)
			}
		})
	}
}

func TestLiveCodeErrors(t *testing.T) {
	for _, code := range [][]byte{nil, {}, make([]byte, 1<<20+1)} {
		r, err := tracer.RunCode(context.Background(), &tracer.Config{}, code)
		if err == nil || r != nil || !strings.Contains(err.Error(), "machine code of") {
			t.Errorf("%d bytes of code: %v, %v", len(code), r, err)
		}
	}
}

// TestLiveStrict runs ELF files under mode 1.
func TestLiveStrict(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	r, out := hold(t, tracer.Config{Path: testprog.Program(t, "empty"), Engine: tracer.Strict})
	if r.Outcome != tracer.OK {
		t.Errorf("empty: %s %s %v", fate(r), out, r.Violation)
	}
	r, out = hold(t, tracer.Config{Path: testprog.Program(t, "hello.s"), Engine: tracer.Strict})
	if fate(r) != "policy-violation exit_group" || out != "hello, assembly\n" {
		t.Errorf("hello.s: %s %q", fate(r), out)
	}
	if _, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "hello"), Engine: tracer.Strict}); err == nil ||
		!strings.Contains(err.Error(), "static programs only") {
		t.Errorf("a dynamic program under strict: %v", err)
	}
}
