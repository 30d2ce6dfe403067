package bpf

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/net/bpf"
)

// Data is struct seccomp_data.
type Data struct {
	Nr   uint32
	Arch uint32 // AUDIT_ARCH_*
	IP   uint64
	Args [6]uint64
}

// VM runs a bound program in user space, for tests and explanations. It is
// golang.org/x/net/bpf's machine, which shares no code with the assembler.
type VM struct{ vm *bpf.VM }

// NewVM prepares ins to be run.
func NewVM(ins []bpf.RawInstruction) (*VM, error) {
	decoded, all := bpf.Disassemble(ins)
	if !all {
		return nil, fmt.Errorf("program of %d instructions has one that cannot be disassembled", len(ins))
	}
	vm, err := bpf.NewVM(decoded)
	if err != nil {
		return nil, fmt.Errorf("program of %d instructions: %w", len(ins), err)
	}
	return &VM{vm}, nil
}

// Run returns the program's SECCOMP_RET_* for one call.
func (v *VM) Run(d Data) (uint32, error) {
	// The machine loads big-endian words, as network filters do; seccomp_data
	// is laid out so that each load yields the word the kernel would see.
	var b [64]byte
	binary.BigEndian.PutUint32(b[0:], d.Nr)
	binary.BigEndian.PutUint32(b[4:], d.Arch)
	put64 := func(off int, x uint64) {
		binary.BigEndian.PutUint32(b[off:], uint32(x))
		binary.BigEndian.PutUint32(b[off+4:], uint32(x>>32))
	}
	put64(8, d.IP)
	for i, a := range d.Args {
		put64(16+8*i, a)
	}
	r, err := v.vm.Run(b[:])
	if err != nil {
		return 0, fmt.Errorf("simulate call %d: %w", d.Nr, err)
	}
	return uint32(r), nil
}
