//go:build linux

package bpf_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/moby/profiles/seccomp"

	"warder/abi"
	"warder/internal/testutil"
	"warder/rules"
	"warder/rules/bpf"
)

// install has a child install the program and make the calls under it.
func install(t *testing.T, p *bpf.Program, nr uint32, args [][6]uint64) []int {
	t.Helper()
	in := installation{Program: p.Bind(self, key), Nr: uintptr(nr)}
	for _, a := range args {
		in.Args = append(in.Args, [6]uintptr{uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5])})
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), installEnv+"=1", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=4")
	cmd.Stdin = bytes.NewReader(text)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("the child: %v", err)
	}
	var out installed
	if err := json.Unmarshal(said, &out); err != nil {
		t.Fatal(err)
	}
	if out.Refused != "" {
		t.Fatalf("the kernel refuses a program of %d instructions: %s", p.Len(), out.Refused)
	}
	return out.Errnos
}

// What the programs are bound to: any constants do.
const (
	self = 77
	key  = 0x1122334455667788
)

// outcome is what a call that would succeed comes to under a return value.
func outcome(t *testing.T, ret uint32) int {
	t.Helper()
	switch ret &^ bpf.RetData {
	case bpf.RetAllow:
		return 0
	case bpf.RetErrno:
		return int(ret & bpf.RetData)
	}
	t.Fatalf("%s ends the child", bpf.RetName(ret))
	return -1
}

// TestLiveInstall gives the kernel every program that warder would: those of
// the built-in profiles and of Docker's, for each target that can have them.
func TestLiveInstall(t *testing.T) {
	testutil.Require(t, testutil.Seccomp)
	policies := map[string]*rules.Policy{}
	for _, name := range rules.ProfileNames() {
		p, err := rules.Profile(name)
		if err != nil {
			t.Fatal(err)
		}
		policies[name] = p
	}
	text, err := json.Marshal(seccomp.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	if policies["docker"], err = rules.Parse("docker.json", text, rules.ParseOptions{Kernel: [2]int{6, 18}}); err != nil {
		t.Fatal(err)
	}
	for name, p := range policies {
		for _, target := range []rules.Target{rules.Hybrid, rules.FilterOnly} {
			program, err := rules.Lower(p, abi.Native(), target)
			if target == rules.FilterOnly && name == "compute" {
				if err == nil {
					t.Error("compute does without stops: install that program too")
				}
				continue
			}
			if err != nil {
				t.Errorf("%s for target %d: %v", name, target, err)
				continue
			}
			install(t, program, 0, nil)
		}
	}
}

// TestLiveLimits gives the kernel the largest programs that Finish lets pass.
func TestLiveLimits(t *testing.T) {
	testutil.Require(t, testutil.Seccomp)
	var straight bpf.Builder
	at := straight.Ret(bpf.RetAllow)
	for range bpf.MaxLen - 1 {
		at = straight.Xor(1, at)
	}
	if p := finish(t, &straight, at); p.Len() != bpf.MaxLen {
		t.Errorf("%d instructions", p.Len())
	} else {
		install(t, p, 0, nil)
	}

	// Comparisons with trampolines and repeated returns, up to the limit.
	var chain bpf.Builder
	no := chain.Ret(bpf.RetAllow)
	far := chain.Load(bpf.OffArgLow(0), chain.Jeq(1, chain.Ret(bpf.RetTrace), no))
	at = no
	for i := range uint32(1300) {
		at = chain.Load(bpf.OffArgLow(1), chain.Jeq(i+100, far, at))
	}
	p := finish(t, &chain, at)
	if p.Len() < 2*1300+10 {
		t.Errorf("%d instructions: there was nothing far", p.Len())
	}
	install(t, p, 0, nil)
}

// TestLiveAgrees makes calls under a program and compares what the kernel does
// with what the simulator says, above all in the order of a word's halves.
func TestLiveAgrees(t *testing.T) {
	testutil.Require(t, testutil.Seccomp)
	// getppid takes no argument, so any will do.
	p, err := rules.Parse("p.yaml", []byte(`default: allow
syscalls:
  - {call: getppid, when: {arg0: 0x100000002}, action: errno(1)}
  - {call: getppid, when: {arg1: {gt: 0x1ffffffff}}, action: errno(2)}
  - {call: getppid, when: {arg2: {le: 2}, arg3: {mask: 0x8000000080000000, eq: 0x8000000000000000}}, action: errno(3)}
  - {call: getppid, when: {arg4: {in: [self, 0xffffffff, 0x7fffffffffffffff]}}, action: errno(4)}
  - {call: getppid, when: {arg5: {ne: 0x100000000}}, action: errno(5)}
`), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	program, err := rules.Lower(p, abi.Native(), rules.FilterOnly)
	if err != nil {
		t.Fatal(err)
	}
	nr, ok := abi.Native().Number("getppid")
	if !ok {
		t.Fatal("no getppid")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	corners := []uint64{
		0, 1, 2, 3, self, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 2, 1<<33 - 1, 1 << 33, 1 << 63, 1<<63 - 1, 1<<63 + 1<<31, ^uint64(0),
	}
	var calls [][6]uint64
	for range 2000 {
		var a [6]uint64
		for i := range a {
			a[i] = corners[rng.IntN(len(corners))]
		}
		if rng.IntN(2) == 0 {
			a[5] = 1 << 32 // let the last rules have their share
		}
		calls = append(calls, a)
	}
	vm := machine(t, program.Bind(self, key))
	seen := map[int]int{}
	for i, got := range install(t, program, nr, calls) {
		ret := run(t, vm, bpf.Data{Nr: nr, Arch: abi.Native().Audit(), Args: calls[i]})
		if want := outcome(t, ret); got != want {
			t.Errorf("getppid(%#x): errno %d, and the simulator says %s", calls[i], got, bpf.RetName(ret))
		}
		seen[got]++
	}
	for _, e := range []int{0, 1, 2, 3, 4, 5} {
		if seen[e] == 0 {
			t.Errorf("no call came to errno %d: %v", e, seen)
		}
	}
}
