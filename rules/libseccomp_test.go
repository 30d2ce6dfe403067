//go:build linux

package rules_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"warder/abi"
	"warder/internal/testutil"
	"warder/rules"
	"warder/rules/bpf"
)

// libseccomp compiles the program that builds filters with it. Without the
// library the test is skipped, and fails where CI is set.
func libseccomp(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if testutil.CI() {
		missing = t.Fatalf
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		missing("needs gcc: %v", err)
	}
	probe := exec.Command(gcc, "-xc", "-", "-o", filepath.Join(t.TempDir(), "probe"), "-lseccomp")
	probe.Stdin = strings.NewReader("#include <seccomp.h>\nint main(void) { return seccomp_version() == 0; }\n")
	if said, err := probe.CombinedOutput(); err != nil {
		missing("needs libseccomp and its headers (libseccomp-dev): %v\n%s", err, said)
	}
	path := filepath.Join(t.TempDir(), "libseccomp")
	if said, err := exec.Command(gcc, "-O1", "-Wall", "-Werror", "testdata/libseccomp.c", "-o", path, "-lseccomp").CombinedOutput(); err != nil {
		t.Fatalf("compile testdata/libseccomp.c: %v\n%s", err, said)
	}
	return path
}

// scmpOps are libseccomp's numbers of the comparisons (enum scmp_compare).
var scmpOps = map[rules.Op]int{
	rules.Ne: 1, rules.Lt: 2, rules.Le: 3, rules.Eq: 4, rules.Ge: 5, rules.Gt: 6, rules.Masked: 7,
}

// scmpAction is an action as libseccomp, and so the kernel, numbers it.
func scmpAction(a rules.Action) uint32 {
	switch a.Kind {
	case rules.Allow:
		return bpf.RetAllow
	case rules.Log:
		return bpf.RetLog
	case rules.Errno:
		return bpf.RetErrno | a.Errno
	}
	return bpf.RetKillProcess
}

// dictate writes a policy for the program to read.
func dictate(w io.Writer, p *rules.Policy) {
	fmt.Fprintf(w, "filter %x\n", scmpAction(p.Default))
	for i := range p.Rules {
		r := &p.Rules[i]
		nr, _ := abi.Native().Number(r.Calls[0])
		fmt.Fprintf(w, "rule %x %x %x", scmpAction(r.Action), nr, len(r.When))
		for _, c := range r.When {
			a, b := c.Values[0].N, uint64(0)
			if c.Op == rules.Masked {
				a, b = c.Mask, a
			}
			fmt.Fprintf(w, " %x %x %x %x", c.Index, scmpOps[c.Op], a, b)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "end")
}

// readFilter reads one filter of the program's output.
func readFilter(t *testing.T, r io.Reader) *bpf.VM {
	t.Helper()
	var n uint32
	if err := binary.Read(r, binary.NativeEndian, &n); err != nil {
		t.Fatal(err)
	}
	ins := make([]xbpf.RawInstruction, n)
	if err := binary.Read(r, binary.NativeEndian, ins); err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(ins)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

var oracleCalls = []string{"read", "write", "lseek", "mmap", "ioctl", "fcntl", "prctl", "personality"}

// oracleCorners are few, so that rules meet and comparisons come out both ways.
var oracleCorners = []uint64{
	0, 1, 2, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<33 - 1, 1 << 33, 1<<63 - 1, 1 << 63, ^uint64(0) - 1, ^uint64(0),
}

// oraclePolicy makes a policy that libseccomp can express. All rules for one
// call have one action: libseccomp merges a call's rules into one tree, whose
// order is its own affair.
func oraclePolicy(rng *rand.Rand, rulesPerCall int) *rules.Policy {
	actions := []rules.Action{
		{Kind: rules.Kill}, {Kind: rules.Allow}, {Kind: rules.Log}, {Kind: rules.Errno, Errno: 1}, {Kind: rules.Errno, Errno: 4094},
	}
	p := &rules.Policy{Source: "oracle", Default: actions[rng.IntN(len(actions))]}
	for _, call := range oracleCalls {
		action := actions[rng.IntN(len(actions))]
		if action == p.Default {
			continue // libseccomp refuses such a rule (EACCES)
		}
		for range rng.IntN(rulesPerCall + 1) {
			r := rules.Rule{Calls: []string{call}, Action: action}
			indices := rng.Perm(6)
			if rng.IntN(2) == 0 {
				indices = []int{0, 1, 2}
			}
			for _, index := range indices[:rng.IntN(4)] {
				r.When = append(r.When, oracleCond(rng, index))
			}
			p.Rules = append(p.Rules, r)
		}
	}
	return p
}

func oracleCond(rng *rand.Rand, index int) rules.Cond {
	ops := []rules.Op{rules.Eq, rules.Ne, rules.Lt, rules.Le, rules.Gt, rules.Ge, rules.Masked}
	c := rules.Cond{Index: index, Bits: 64, Op: ops[rng.IntN(len(ops))]}
	v := oracleCorners[rng.IntN(len(oracleCorners))]
	if c.Op == rules.Masked {
		c.Mask = oracleCorners[1+rng.IntN(len(oracleCorners)-1)]
		v &= c.Mask
	}
	c.Values = []rules.Value{{N: v}}
	return c
}

var _ = errors.New
var _ = math.MaxUint32
var _ = os.Args
var _ = slices.Sort[[]int]

func TestAgainstLibseccomp(t *testing.T) {
	path := libseccomp(t)
	rng := rand.New(rand.NewPCG(11, 12))
	var policies []*rules.Policy
	var in bytes.Buffer
	for i := range 600 {
		p := oraclePolicy(rng, 1+i%4)
		policies = append(policies, p)
		dictate(&in, p)
	}
	cmd := exec.Command(path)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.NewReader(said)
	var version [3]uint32
	if err := binary.Read(out, binary.NativeEndian, &version); err != nil {
		t.Fatal(err)
	}
	bad := map[string]int{}
	tot := map[string]int{}
	for _, p := range policies {
		theirs := readFilter(t, out)
		program, err := rules.Lower(p, abi.Native(), rules.FilterOnly)
		if err != nil {
			t.Fatal(err)
		}
		ours, _ := bpf.NewVM(program.Bind(0, 0))
		wrong := map[string]bool{}
		for range 600 {
			nr, _ := abi.Native().Number(oracleCalls[rng.IntN(len(oracleCalls))])
			d := bpf.Data{Nr: nr, Arch: abi.Native().Audit()}
			for j := range d.Args {
				d.Args[j] = oracleCorners[rng.IntN(len(oracleCorners))]
			}
			a, _ := ours.Run(d)
			b, _ := theirs.Run(d)
			if a != b {
				n, _ := abi.Native().Name(nr)
				wrong[n] = true
			}
		}
		for _, c := range oracleCalls {
			var s []string
			n := 0
			for _, r := range p.Rules {
				if r.Calls[0] == c {
					n++
					for _, w := range r.When {
						s = append(s, fmt.Sprintf("a%d %s %x/%x", w.Index, w.Op, w.Values[0].N, w.Mask))
					}
					s = append(s, ";")
				}
			}
			tot[fmt.Sprint(n)]++
			if wrong[c] {
				bad[fmt.Sprint(n)]++
				if n < 3 {
					t.Log(n, c, s)
				}
			}
		}
	}
	t.Log(version, bad, tot)
}
