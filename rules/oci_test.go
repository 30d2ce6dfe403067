package rules_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"warder/abi"
	"warder/rules"
)

func parseOCI(t *testing.T, text string) *rules.Policy {
	t.Helper()
	p, err := rules.Parse("p.json", []byte(text), rules.ParseOptions{Arch: abi.X86_64, Kernel: [2]int{6, 18}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// allowing is a profile that refuses all but its entries with EPERM.
func allowing(entries ...string) string {
	return "{\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\"syscalls\": [\n" + strings.Join(entries, ",\n") + "\n]}"
}

// refusing is a profile that allows all but its entries.
func refusing(entries ...string) string {
	return strings.Replace(allowing(entries...), "SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", 1)
}

const (
	args0 = `{"names": ["write"], "action": "SCMP_ACT_ALLOW", "args": [`
	noArg = `{"names": ["write"], "action": "SCMP_ACT_ALLOW"}`
)

func arg(index, value, op string) string {
	return `{"index": ` + index + `, "value": ` + value + `, "op": "SCMP_CMP_` + op + `"}`
}

func TestOCIDecide(t *testing.T) {
	type call struct {
		name string
		args []uint64
		want string
	}
	write := func(want string, args ...uint64) call { return call{"write", args, want} }
	for _, tt := range []struct {
		name, text string
		calls      []call
	}{
		{
			"default", allowing(noArg),
			[]call{write("allow"), {"read", nil, "errno(EPERM)"}, {"close", nil, "errno(ENOSYS)"}},
		},
		{
			// A list of what is refused says nothing of newer calls.
			"default allow", refusing(`{"names": ["write"], "action": "SCMP_ACT_KILL_PROCESS"}`),
			[]call{write("kill"), {"close", nil, "allow"}, {"mseal", nil, "allow"}},
		},
		{
			"errnoRet", strings.Replace(allowing(
				`{"names": ["write"], "action": "SCMP_ACT_ERRNO", "errnoRet": 9}`, `{"names": ["read"], "action": "SCMP_ACT_ERRNO"}`,
				`{"names": ["close"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "errno": "EBADF"}`,
			), `"syscalls"`, `"defaultErrnoRet": 38, "syscalls"`, 1),
			[]call{write("errno(EBADF)"), {"read", nil, "errno(EPERM)"}, {"close", nil, "errno(EBADF)"}, {"open", nil, "errno(ENOSYS)"}},
		},
		{"different arguments", allowing(args0 + arg("0", "1", "EQ") + "," + arg("2", "512", "LE") + "]}"), []call{
			write("allow", 1, 0, 512), write("errno(EPERM)", 1, 0, 513), write("errno(EPERM)", 2, 0, 1), write("allow", 1|1<<32, 0, 1),
		}},
		{"same argument", allowing(args0 + arg("0", "1", "EQ") + "," + arg("0", "2", "EQ") + "," + arg("2", "7", "EQ") + "]}"), []call{
			// As in runc, each of the three decides alone.
			write("allow", 1, 0, 0), write("allow", 2, 0, 0), write("allow", 3, 0, 7), write("errno(EPERM)", 3, 0, 8),
		}},
		{"masked", allowing(`{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [
			{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]}`), []call{
			{"clone", []uint64{0x11}, "allow"}, {"clone", []uint64{0x10000011}, "errno(EPERM)"},
		}},
		{"bits outside the mask", allowing(args0 + `{"index": 0, "value": 1, "valueTwo": 3, "op": "SCMP_CMP_MASKED_EQ"}]}`), []call{
			write("allow", 1), write("allow", 3), write("errno(EPERM)", 2),
		}},
		{
			"mask above the width", allowing(args0+`{"index": 0, "value": 8589934591, "valueTwo": 4294967297, "op": "SCMP_CMP_MASKED_EQ"}]}`,
				args0+`{"index": 0, "value": 4294967296, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}, `+arg("2", "5", "EQ")+"]}"),
			[]call{write("errno(EPERM)", 1, 0, 4), write("allow", 1, 0, 5)},
		},
		{"beyond the arguments", allowing(`{"names": ["getpid"], "action": "SCMP_ACT_ALLOW", "args": [` + arg("5", "4294967297", "GE") + "]}"), []call{
			{"getpid", []uint64{0, 0, 0, 0, 0, 1 << 32}, "errno(EPERM)"}, {"getpid", []uint64{0, 0, 0, 0, 0, 1<<32 + 1}, "allow"},
		}},
		{"mask of nothing", allowing(args0 + `{"index": 0, "value": 0, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]}`), []call{write("allow", 1)}},
		{"unsigned", allowing(`{"names": ["lseek"], "action": "SCMP_ACT_ALLOW", "args": [` + arg("2", "4", "GT") + "]}"), []call{
			{"lseek", []uint64{0, 0, 4}, "errno(EPERM)"}, {"lseek", []uint64{0, 0, 5}, "allow"}, {"lseek", []uint64{0, 0, ^uint64(0)}, "allow"},
		}},
		{
			"signed", allowing(`{"names": ["kill"], "action": "SCMP_ACT_ALLOW", "args": [` + arg("0", "18446744073709551615", "EQ") + "]}"),
			[]call{{"kill", []uint64{^uint64(0)}, "allow"}, {"kill", []uint64{0xffffffff}, "allow"}, {"kill", []uint64{1}, "errno(EPERM)"}},
		},
		{"unconditional last", allowing(args0+arg("0", "1", "EQ")+"]}", `{"names": ["write"], "action": "SCMP_ACT_LOG"}`), []call{
			write("log", 1), write("log", 2),
		}},
		{"unconditional first", allowing(noArg, `{"names": ["write"], "action": "SCMP_ACT_KILL", "args": [`+arg("0", "1", "EQ")+"]}"), []call{
			write("allow", 1),
		}},
		{"first of two", allowing(`{"names": ["write"], "action": "SCMP_ACT_LOG"}`, noArg), []call{write("log")}},
		{
			// An entry equal to the default is none, so the one with args stays.
			"equal to default", allowing(`{"names": ["write"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}`, args0+arg("0", "1", "EQ")+"]}"),
			[]call{write("allow", 1), write("errno(EPERM)", 2)},
		},
		{
			"order", allowing(`{"names": ["write"], "action": "SCMP_ACT_LOG", "args": [`+arg("0", "5", "LE")+"]}", args0+arg("0", "9", "LE")+"]}"),
			[]call{write("log", 5), write("allow", 9), write("errno(EPERM)", 10)},
		},
		{"never", allowing(args0 + arg("0", "4294967297", "EQ") + "]}"), []call{write("errno(EPERM)", 1), write("errno(EPERM)", 1|1<<32)}},
		{"always", allowing(args0+arg("0", "4294967297", "NE")+"]}", `{"names": ["write"], "action": "SCMP_ACT_KILL", "args": [`+arg("0", "1", "EQ")+"]}"), []call{
			write("allow", 1),
		}},
		{"old name", allowing(`{"name": "write", "action": "SCMP_ACT_ALLOW", "args": null}`), []call{write("allow")}},
		{"unknown names", allowing(`{"names": ["write", "s390_runtime_instr", "socketcall"], "action": "SCMP_ACT_ALLOW"}`), []call{write("allow")}},
		{"trace", allowing(`{"names": ["write"], "action": "SCMP_ACT_TRACE", "errnoRet": 5}`), []call{write("trace")}},
		{
			"capabilities", allowing(
				`{"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}`,
				`{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}}`,
			),
			[]call{{"mount", nil, "errno(EPERM)"}, {"clone3", nil, "errno(ENOSYS)"}},
		},
		{
			"arches", allowing(
				`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}}`,
				`{"names": ["write"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}}`,
				`{"names": ["close"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd64"]}}`,
			),
			[]call{{"read", nil, "allow"}, write("errno(EPERM)"), {"close", nil, "errno(EPERM)"}},
		},
		{
			"kernel", allowing(
				`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.18"}}`,
				`{"names": ["write"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.19"}}`,
				`{"names": ["close"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}}`,
			),
			[]call{{"read", nil, "allow"}, write("errno(EPERM)"), {"close", nil, "errno(EPERM)"}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parseOCI(t, tt.text)
			if !p.AnyPath {
				t.Error("paths are restricted")
			}
			for _, c := range tt.calls {
				if got := decide(t, p, rules.Main, c.name, c.args...); got != c.want {
					t.Errorf("%s%#x: %s, want %s", c.name, c.args, got, c.want)
				}
			}
		})
	}
}

func TestOCIErrors(t *testing.T) {
	with := func(key, value string) string {
		return "{\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"" + key + "\": " + value + "}"
	}
	for _, tt := range []struct{ name, text, want string }{
		{"default", `{"defaultAction": "SCMP_ACT_OK"}`, `p.json:1:19: unknown action "SCMP_ACT_OK"`},
		{"null default", `{"defaultAction": null}`, "p.json:1:19: the action is nothing; it must be a single value"},
		{"default errno", with("defaultErrnoRet", "0"), "p.json:2:21: errno 0 is out of range: 1 to 4095"},
		{"trap", allowing(`{"names": ["read"], "action": "SCMP_ACT_TRAP"}`), "p.json:3:31: SCMP_ACT_TRAP cannot be honoured"},
		{"notify", allowing(noArg, `  {"names": ["read"], "action": "SCMP_ACT_NOTIFY"}`), "p.json:4:33: SCMP_ACT_NOTIFY cannot be honoured"},
		{"key", allowing(`{"names": ["write"], "action": "SCMP_ACT_ALLOW", "arg": []}`), `p.json:3:50: unknown key "arg" in the entry (did you mean "args"?)`},
		{"other arch", with("architectures", `["SCMP_ARCH_ARM", "SCMP_ARCH_AARCH64"]`), "p.json:2:19: the profile is for SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, not for x86_64"},
		{"other map", with("archMap", `[{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": null}]`), "p.json:2:13: the profile is for SCMP_ARCH_AARCH64, not for x86_64"},
		{
			"both", with("architectures", `["SCMP_ARCH_X86_64"], "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]`),
			"p.json:2:52: both architectures and archMap: give one of them",
		},
		{"flag", with("flags", `["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]`), `p.json:2:12: flag "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" cannot be honoured`},
		{"listener", with("listenerPath", `"/run/x"`), "p.json:2:18: listenerPath cannot be honoured: no agent is asked"},
		{"metadata", with("listenerMetadata", `"x"`), "p.json:2:22: listenerMetadata cannot be honoured: no agent is asked"},
		{"index", allowing(args0 + arg("6", "1", "EQ") + "]}"), "p.json:3:69: index 6 is not a number from 0 to 5"},
		{"value", allowing(args0 + arg("0", "-1", "EQ") + "]}"), "p.json:3:81: value -1 is not a number from 0 to 18446744073709551615"},
		{"op", allowing(args0 + arg("0", "1", "IS") + "]}"), `p.json:3:90: unknown op "SCMP_CMP_IS"`},
		{"no names", allowing(`{"names": [], "action": "SCMP_ACT_ALLOW"}`), "p.json:3:1: the entry names no call"},
		{"two names", allowing(`{"names": ["a"], "name": "b", "action": "SCMP_ACT_ALLOW"}`), "p.json:3:26: both name and names: give one of them"},
		{"no action", allowing(`{"names": ["read"]}`), "p.json:3:1: the entry has no action"},
		{"version", allowing(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4"}}`), `p.json:3:75: minKernel "4" is no version such as 4.8`},
		{"version 0", allowing(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "0.0"}}`), `p.json:3:75: minKernel "0.0" is no version such as 4.8`},
		{
			"kernel", allowing(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}}`),
			"p.json:3:75: minKernel 4.8: the running kernel's version is not known",
		},
		// Decided without the kernel.
		{"kernel and capability", allowing(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8", "caps": ["CAP_X"]}}`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := rules.Parse("p.json", []byte(tt.text), rules.ParseOptions{Arch: abi.X86_64})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestOCINotes(t *testing.T) {
	p := parseOCI(t, `{"defaultAction": "SCMP_ACT_ERRNO",
"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
"flags": ["SECCOMP_FILTER_FLAG_LOG"],
"syscalls": [
	{"names": ["write"], "action": "SCMP_ACT_ALLOW", "comment": "so it is",
	 "args": [`+arg("0", "4294967297", "EQ")+`]},
	{"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": 3, "comment": "so it was"}]}`)
	want := []string{
		"p.json:2: calls of SCMP_ARCH_X86, SCMP_ARCH_X32 are refused all the same: foreign architectures always are",
		"p.json:3: SECCOMP_FILTER_FLAG_LOG is ignored",
		"p.json:7: the message of SCMP_ACT_TRACE is ignored",
		"p.json:6: write: the kernel reads 32 bits of fd, where this never holds: dropped",
	}
	if diff := cmp.Diff(want, p.Warnings()); diff != "" {
		t.Error(diff)
	}
	if len(p.Rules) != 1 || p.Rules[0].Line != 7 || p.Rules[0].Why != "so it was" || p.LastKnown != 1 {
		t.Errorf("%+v", p)
	}
}

// sameAgain writes a policy and reads it back.
func sameAgain(t *testing.T, p *rules.Policy) {
	t.Helper()
	text := rules.Format(p)
	again, err := rules.Parse(p.Source, []byte(text), rules.ParseOptions{})
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, text)
	}
	if diff := cmp.Diff(p, again, ignoreLines, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("%s\nin\n%s", diff, text)
	}
	if twice := rules.Format(again); twice != text {
		t.Fatalf("first\n%s\nthen\n%s", text, twice)
	}
}

var ignoreLines = cmp.FilterPath(func(path cmp.Path) bool {
	name := path.Last().String()
	return strings.HasSuffix(name, "Line") || name == ".Source" || name == ".Notes"
}, cmp.Ignore())
