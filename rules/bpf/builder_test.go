package bpf_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"warder/rules/bpf"
)

// Opcodes as linux/bpf_common.h composes them.
const (
	opLoad = 0x20
	opJump = 0x05
	opRet  = 0x06
)

func finish(t testing.TB, b *bpf.Builder, entry bpf.Label) *bpf.Program {
	t.Helper()
	p, err := b.Finish(entry)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func machine(t testing.TB, ins []xbpf.RawInstruction) *bpf.VM {
	t.Helper()
	vm, err := bpf.NewVM(ins)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func run(t testing.TB, vm *bpf.VM, d bpf.Data) uint32 {
	t.Helper()
	got, err := vm.Run(d)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func count(ins []xbpf.RawInstruction, op uint16) int {
	n := 0
	for _, in := range ins {
		if in.Op == op {
			n++
		}
	}
	return n
}

// TestFarReturns chains 600 comparisons, each with a return of its own: far
// returns are placed again, near ones are shared, and no jump is needed.
func TestFarReturns(t *testing.T) {
	const n = 600
	var b bpf.Builder
	var targets []bpf.Label
	for i := range uint32(n) {
		targets = append(targets, b.Ret(bpf.RetErrno|i))
	}
	at := b.Ret(bpf.RetAllow)
	for i, target := range targets {
		at = b.Jeq(uint32(i), target, at)
	}
	ins := finish(t, &b, b.Load(bpf.OffNr, at)).Bind(0, 0)
	vm := machine(t, ins)
	for i := range uint32(n) {
		if got := run(t, vm, bpf.Data{Nr: i}); got != bpf.RetErrno|i {
			t.Errorf("call %d: %s", i, bpf.RetName(got))
		}
	}
	if got := run(t, vm, bpf.Data{Nr: n}); got != bpf.RetAllow {
		t.Errorf("call %d: %s", n, bpf.RetName(got))
	}
	if rets := count(ins, opRet); rets <= n+1 {
		t.Errorf("%d returns: none was placed a second time", rets)
	}
	if jumps := count(ins, opJump); jumps != 0 {
		t.Errorf("%d jumps to returns that a second return would save", jumps)
	}
}

// TestFarBlocks does the same with blocks that are no return, so that far
// jumps need a trampoline.
func TestFarBlocks(t *testing.T) {
	const n = 400
	var b bpf.Builder
	no, yes := b.Ret(bpf.RetTrace), b.Ret(bpf.RetAllow)
	var blocks []bpf.Label
	for i := range uint32(n) {
		blocks = append(blocks, b.Load(bpf.OffArgLow(0), b.Jeq(i+7, yes, no)))
	}
	at := no
	for i, block := range blocks {
		at = b.Jeq(uint32(i), block, at)
	}
	ins := finish(t, &b, b.Load(bpf.OffNr, at)).Bind(0, 0)
	vm := machine(t, ins)
	for i := range uint32(n) {
		for _, arg := range []uint64{uint64(i) + 7, uint64(i) + 8} {
			want := uint32(bpf.RetTrace)
			if arg == uint64(i)+7 {
				want = bpf.RetAllow
			}
			if got := run(t, vm, bpf.Data{Nr: i, Args: [6]uint64{arg}}); got != want {
				t.Errorf("call %d(%d): %s", i, arg, bpf.RetName(got))
			}
		}
	}
	if count(ins, opJump) == 0 {
		t.Error("no trampoline: the blocks are too near to test one")
	}
}

// TestJumpEdges puts each target of a comparison at every distance around the
// limit of 255, alone and together.
func TestJumpEdges(t *testing.T) {
	for gap := 245; gap <= 265; gap++ {
		for between := range 12 {
			var b bpf.Builder
			end := b.Ret(bpf.RetAllow)
			yes := b.Load(bpf.OffArgLow(1), b.Jeq(1, end, b.Ret(bpf.RetTrace)))
			for range between {
				b.Ret(bpf.RetLog)
				b.Xor(0, yes) // never run: distance alone
			}
			no := b.Load(bpf.OffArgLow(2), b.Jeq(2, end, b.Ret(bpf.RetErrno|7)))
			pad := no
			for range gap {
				pad = b.Xor(0, pad)
			}
			entry := b.Load(bpf.OffNr, b.Jeq(5, yes, no))
			vm := machine(t, finish(t, &b, entry).Bind(0, 0))
			for _, tt := range []struct {
				d    bpf.Data
				want uint32
			}{
				{bpf.Data{Nr: 5, Args: [6]uint64{0, 1, 0}}, bpf.RetAllow},
				{bpf.Data{Nr: 5, Args: [6]uint64{0, 2, 2}}, bpf.RetTrace},
				{bpf.Data{Nr: 6, Args: [6]uint64{0, 1, 2}}, bpf.RetAllow},
				{bpf.Data{Nr: 6, Args: [6]uint64{0, 1, 3}}, bpf.RetErrno | 7},
			} {
				if got := run(t, vm, tt.d); got != tt.want {
					t.Fatalf("gap %d, between %d, %+v: %s, want %s", gap, between, tt.d, bpf.RetName(got), bpf.RetName(tt.want))
				}
			}
		}
	}
}

// node is one step of a random program, as a graph that needs no distances.
type node struct {
	op      int // 0 return, 1 load, 2 and, 3 xor, 4 ==, 5 >, 6 >=
	k       uint32
	yes, no int // nodes placed before
	label   bpf.Label
}

func (n *node) place(b *bpf.Builder, yes, no bpf.Label) bpf.Label {
	switch n.op {
	case 1:
		return b.Load(n.k, yes)
	case 2:
		return b.And(n.k, yes)
	case 3:
		return b.Xor(n.k, yes)
	case 4:
		return b.Jeq(n.k, yes, no)
	case 5:
		return b.Jgt(n.k, yes, no)
	case 6:
		return b.Jge(n.k, yes, no)
	}
	return b.Ret(n.k)
}

// walk runs the graph from node at.
func walk(nodes []node, at int, d bpf.Data) uint32 {
	words := []uint32{d.Nr, d.Arch, uint32(d.IP), uint32(d.IP >> 32)}
	for _, a := range d.Args {
		words = append(words, uint32(a), uint32(a>>32))
	}
	a := uint32(0)
	for {
		n, taken := &nodes[at], true
		switch n.op {
		case 0:
			return n.k
		case 1:
			a = words[n.k/4]
		case 2:
			a &= n.k
		case 3:
			a ^= n.k
		case 4:
			taken = a == n.k
		case 5:
			taken = a > n.k
		case 6:
			taken = a >= n.k
		}
		at = n.no
		if taken {
			at = n.yes
		}
	}
}

// TestRandomPrograms compares programs of random shape with their graphs.
// Targets lie anywhere behind, so that every way to reach one is taken.
func TestRandomPrograms(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	corners := []uint32{0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff}
	word := func() uint32 { return corners[rng.IntN(len(corners))] }
	trampolines := 0
	for round := range 150 {
		var b bpf.Builder
		var nodes []node
		reach := []int{8, 200, 300, 900}[round%4]
		for i := range 1 + rng.IntN(900) {
			n := node{op: rng.IntN(7), k: word()}
			switch {
			case i == 0 || rng.IntN(20) == 0:
				n.op, n.k = 0, bpf.RetErrno|uint32(rng.IntN(5))
			case n.op == 0:
				n.op = 4
			case n.op == 1:
				n.k = uint32(4 * rng.IntN(16))
			}
			if i > 0 {
				n.yes, n.no = i-1-rng.IntN(min(i, reach)), i-1-rng.IntN(min(i, reach))
				n.label = n.place(&b, nodes[n.yes].label, nodes[n.no].label)
			} else {
				n.label = n.place(&b, 0, 0)
			}
			nodes = append(nodes, n)
		}
		entry := len(nodes) - 1
		ins := finish(t, &b, nodes[entry].label).Bind(0, 0)
		trampolines += count(ins, opJump)
		vm := machine(t, ins)
		for range 40 {
			d := bpf.Data{Nr: word(), Arch: word(), IP: uint64(word())<<32 | uint64(word())}
			for i := range d.Args {
				d.Args[i] = uint64(word())<<32 | uint64(word())
			}
			if got, want := run(t, vm, d), walk(nodes, entry, d); got != want {
				t.Fatalf("round %d, %+v: %#x, want %#x", round, d, got, want)
			}
		}
	}
	if trampolines == 0 {
		t.Error("no program had a trampoline")
	}
}

func TestFinishLimit(t *testing.T) {
	for _, n := range []int{bpf.MaxLen - 1, bpf.MaxLen, bpf.MaxLen + 1} {
		var b bpf.Builder
		at := b.Ret(bpf.RetAllow)
		for range n - 1 {
			at = b.Xor(1, at)
		}
		p, err := b.Finish(at)
		if n > bpf.MaxLen {
			if err == nil {
				t.Errorf("%d instructions: accepted", n)
			}
			continue
		}
		if err != nil || p.Len() != n {
			t.Errorf("%d instructions: %v, %v", n, p, err)
		}
	}
}

// TestFinishEntry starts the program at a label that was not placed last.
func TestFinishEntry(t *testing.T) {
	var b bpf.Builder
	allow := b.Ret(bpf.RetAllow)
	b.Ret(bpf.RetTrace)
	p := finish(t, &b, allow)
	if got := run(t, machine(t, p.Bind(0, 0)), bpf.Data{}); got != bpf.RetAllow {
		t.Errorf("runs %s", bpf.RetName(got))
	}
}

// TestRetShared places a return once for all that can reach it.
func TestRetShared(t *testing.T) {
	var b bpf.Builder
	first := b.Ret(bpf.RetAllow)
	if again := b.Ret(bpf.RetAllow); again != first {
		t.Errorf("placed at %d and %d", first, again)
	}
	if other := b.Ret(bpf.RetTrace); other == first {
		t.Error("two values share one return")
	}
	if same := b.Jeq(3, first, first); same != first {
		t.Errorf("a comparison that decides nothing is at %d", same)
	}
	if n := finish(t, &b, first).Len(); n != 3 { // both returns and the jump to the first
		t.Errorf("%d instructions", n)
	}
}

func TestBind(t *testing.T) {
	var b bpf.Builder
	no, yes := b.Ret(bpf.RetTrace), b.Ret(bpf.RetAllow)
	// arg4 ^ key | arg5 == 0, arg0 == self, arg1 == key, arg2 > self, arg3 >= self
	at := b.Load(bpf.OffArgLow(3), b.JgeSlot(bpf.SlotSelf, yes, no))
	at = b.Load(bpf.OffArgLow(2), b.JgtSlot(bpf.SlotSelf, at, no))
	at = b.Load(bpf.OffArgLow(1), b.JeqSlot(bpf.SlotKeyLow, at, no))
	at = b.Load(bpf.OffArgHigh(1), b.JeqSlot(bpf.SlotKeyHigh, at, no))
	at = b.Load(bpf.OffArgLow(0), b.JeqSlot(bpf.SlotSelf, at, no))
	at = b.Load(bpf.OffArgLow(4), b.XorSlot(bpf.SlotKeyLow, b.OrX(b.Jeq(0, at, no))))
	p := finish(t, &b, b.Load(bpf.OffArgLow(5), b.Tax(at)))

	before := p.Bind(0, 0)
	const key = 0x1122334455667788
	for _, self := range []uint32{1, 77, 1 << 22} {
		s := uint64(self)
		vm := machine(t, p.Bind(self, key))
		for _, tt := range []struct {
			args [6]uint64
			want uint32
		}{
			{[6]uint64{s, key, s + 1, s}, bpf.RetAllow},
			{[6]uint64{s + 1, key, s + 1, s}, bpf.RetTrace},
			{[6]uint64{s, key ^ 1, s + 1, s}, bpf.RetTrace},
			{[6]uint64{s, key ^ 1<<32, s + 1, s}, bpf.RetTrace},
			{[6]uint64{s, key, s, s}, bpf.RetTrace},
			{[6]uint64{s, key, s + 1, s - 1}, bpf.RetTrace},
			{[6]uint64{s, key, s + 1, s, 1}, bpf.RetTrace},
			{[6]uint64{s, key, s + 1, s, 0, 1}, bpf.RetTrace},
		} {
			tt.args[4] ^= key & 0xffffffff
			if got := run(t, vm, bpf.Data{Args: tt.args}); got != tt.want {
				t.Errorf("self %d, %#x: %s", self, tt.args, bpf.RetName(got))
			}
		}
	}
	if !slices.Equal(before, p.Bind(0, 0)) {
		t.Error("Bind changed the program")
	}
}
