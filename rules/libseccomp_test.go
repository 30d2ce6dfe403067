//go:build linux

package rules_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// dictate writes a policy for the program to read.
func dictate(w io.Writer, p *rules.Policy) {
	fmt.Fprintf(w, "filter %x\n", filterWord(p.Default))
	for i := range p.Rules {
		r := &p.Rules[i]
		nr, _ := abi.Native().Number(r.Calls[0])
		fmt.Fprintf(w, "rule %x %x %x", filterWord(r.Action), nr, len(r.When))
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

// oracleCalls are none that warder treats in a way of its own, to launch or to
// guard.
var oracleCalls = []string{"read", "write", "lseek", "mmap", "ioctl", "fcntl", "fchmod", "personality"}

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

// mergesWrongly reports whether two rules for one call have a shape of which
// libseccomp before 2.6.1 makes a wrong filter, or never makes one at all (it
// loops where both begin alike, as a0 != 1 && a1 <= 2 beside a0 != 1 && a1 != 3):
// both compare the same argument, and not both by == or masked ==. The two then
// share the comparison of the argument's upper half, and the way that leads on
// from there for one of them is lost (GHSA-4q85-33p6-j5g6). Measured with 2.5.4
// over 60,000 calls' rules: 900 wrong filters, every one of this shape.
func mergesWrongly(a, b *rules.Rule) bool {
	return slices.ContainsFunc(a.When, func(x rules.Cond) bool {
		return slices.ContainsFunc(b.When, func(y rules.Cond) bool {
			return x.Index == y.Index && !(equality(x.Op) && equality(y.Op))
		})
	})
}

func equality(op rules.Op) bool { return op == rules.Eq || op == rules.Masked }

// withoutWrongMerges leaves out each rule that libseccomp would merge wrongly
// with an earlier one.
func withoutWrongMerges(all []rules.Rule) []rules.Rule {
	var kept []rules.Rule
	for i := range all {
		r := &all[i]
		if !slices.ContainsFunc(kept, func(k rules.Rule) bool { return k.Calls[0] == r.Calls[0] && mergesWrongly(&k, r) }) {
			kept = append(kept, *r)
		}
	}
	return kept
}

// filters runs the program. A version that loops is a failure, not a hang.
func filters(t *testing.T, path string, in []byte) (version [3]uint32, out *bytes.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("libseccomp: %v", err)
	}
	out = bytes.NewReader(said)
	if err := binary.Read(out, binary.NativeEndian, &version); err != nil {
		t.Fatal(err)
	}
	return version, out
}

// TestAgainstLibseccomp compares verdicts of our programs with those of
// libseccomp's for the same rules.
func TestAgainstLibseccomp(t *testing.T) {
	path := libseccomp(t)
	version, _ := filters(t, path, nil)
	merges := slices.Compare(version[:], []uint32{2, 6, 1}) >= 0
	rng := rand.New(rand.NewPCG(11, 12))
	var policies []*rules.Policy
	var in bytes.Buffer
	for i := range 600 {
		p := oraclePolicy(rng, 1+i%4)
		if !merges {
			p.Rules = withoutWrongMerges(p.Rules)
		}
		policies = append(policies, p)
		dictate(&in, p)
	}
	_, out := filters(t, path, in.Bytes())
	shared, decided := 0, 0
	for i, p := range policies {
		theirs := readFilter(t, out)
		program, err := rules.Lower(p, abi.Native(), rules.FilterOnly)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := bpf.NewVM(program.Bind(testSelf, testKey))
		if err != nil {
			t.Fatal(err)
		}
		for j := 1; j < len(p.Rules); j++ {
			if p.Rules[j].Calls[0] == p.Rules[j-1].Calls[0] {
				shared++
			}
		}
		for range 300 {
			nr, ok := abi.Native().Number(oracleCalls[rng.IntN(len(oracleCalls))])
			if !ok {
				t.Fatal("a call is not of this architecture")
			}
			d := bpf.Data{Nr: nr, Arch: abi.Native().Audit()}
			switch rng.IntN(40) {
			case 0:
				d.Arch = abi.I386.Audit()
			case 1:
				// Ours refuses all numbers from here on, theirs all but -1.
				d.Nr = nr | abi.X32Bit
			case 2:
				d.Nr = 400
			}
			for i := range d.Args {
				d.Args[i] = oracleCorners[rng.IntN(len(oracleCorners))]
			}
			a, errA := ours.Run(d)
			b, errB := theirs.Run(d)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if a != b {
				t.Fatalf("policy %d, call %d of %#x, %#x: ours says %s, libseccomp %d.%d.%d %s; the policy is %+v",
					i, d.Nr, d.Arch, d.Args, bpf.RetName(a), version[0], version[1], version[2], bpf.RetName(b), p)
			}
			if a != filterWord(p.Default) {
				decided++
			}
		}
	}
	if out.Len() != 0 {
		t.Errorf("%d bytes left of libseccomp's filters", out.Len())
	}
	if shared < 500 || decided < 10000 {
		t.Errorf("%d rules stand beside another for their call, and rules decide %d calls: too few to compare", shared, decided)
	}
}
