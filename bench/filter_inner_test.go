package bench

import (
	"testing"

	xbpf "golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/rules/bpf"
)

func bound(t *testing.T, f makeFilter) []xbpf.RawInstruction {
	t.Helper()
	b := &bpf.Builder{}
	p, err := b.Finish(f(b))
	if err != nil {
		t.Fatal(err)
	}
	return p.Bind(0, 0)
}

// TestFilters: filters that are compared with each other decide alike.
func TestFilters(t *testing.T) {
	const refuse = bpf.RetErrno | uint32(unix.EPERM)
	number := getppid.number
	for _, rules := range []int{2, 10, 60, 300} {
		filters := map[string][]xbpf.RawInstruction{
			"chain": bound(t, chain(number, rules, true)),
			"tree":  bound(t, tree(number, rules)),
		}
		byNumber := bound(t, chain(number, rules, false))
		for name, f := range filters {
			vm, err := bpf.NewVM(f)
			if err != nil {
				t.Fatal(err)
			}
			decide := func(nr uint32, arg uint64) uint32 {
				v, err := vm.Run(bpf.Data{Nr: nr, Arch: abi.Native().Audit(), Args: [6]uint64{arg}})
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			for nr := range uint32(otherNumbers + rules + 10) {
				want := uint32(bpf.RetAllow)
				if nr >= otherNumbers && nr < otherNumbers+uint32(rules)-1 {
					want = refuse
				}
				if got := decide(nr, wanted); got != want {
					t.Fatalf("%s of %d: call %d: %s, want %s", name, rules, nr, bpf.RetName(got), bpf.RetName(want))
				}
			}
			for _, arg := range []uint64{0, wanted + 1, wanted | 1<<32} {
				if got := decide(number, arg); got != refuse {
					t.Errorf("%s of %d: argument %#x: %s", name, rules, arg, bpf.RetName(got))
				}
			}
		}
		vm, err := bpf.NewVM(byNumber)
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range []uint64{0, wanted} {
			if got, err := vm.Run(bpf.Data{Nr: number, Arch: abi.Native().Audit(), Args: [6]uint64{arg}}); err != nil || got != bpf.RetAllow {
				t.Errorf("by number: %s, %v", bpf.RetName(got), err)
			}
		}
	}
}
