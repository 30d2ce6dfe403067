package regs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"warder/internal/ptrace"
)

// Regs is the general register set of an arm64 thread, the kernel's struct
// user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h) in its order.
//
// The number of a call is not part of it (NT_ARM_SYSTEM_CALL), nor is the
// thread pointer (NT_ARM_TLS).
type Regs struct {
	X  [31]uint64 // X[30] is the link register
	Sp uint64
	Pc uint64
	// Pstate: Write is EINVAL where it is not that of user mode; of the
	// system bits the kernel keeps its own (valid_user_regs,
	// arch/arm64/kernel/ptrace.c).
	Pstate uint64
}

const (
	ntPRStatus = 1
	regsSize   = (31 + 3) * 8
)

// PC returns the program counter.
func (r *Regs) PC() uint64 { return r.Pc }

// SetPC sets the program counter.
func (r *Regs) SetPC(pc uint64) { r.Pc = pc }

// SP returns the stack pointer.
func (r *Regs) SP() uint64 { return r.Sp }

// ReadInto reads the registers of a stopped thread into r, without
// allocating. Of an AArch32 process the kernel gives another structure
// (task_user_regset_view): that is errors.ErrUnsupported.
func ReadInto(tid int, r *Regs) error {
	var b [regsSize]byte
	n, err := ptrace.GetRegSet(tid, ntPRStatus, b[:])
	if err != nil {
		return &Error{"read", tid, err}
	}
	if n != len(b) {
		return &Error{"read", tid, fmt.Errorf("register set of %d bytes: %w", n, errors.ErrUnsupported)}
	}
	for i := range names {
		*r.ref(i) = binary.LittleEndian.Uint64(b[8*i:])
	}
	return nil
}

// Write sets the registers of a stopped thread, all or none.
func (r *Regs) Write(tid int) error {
	// An AArch32 process would take the beginning for its own structure.
	var now Regs
	if err := ReadInto(tid, &now); err != nil {
		return err
	}
	var b [regsSize]byte
	for i := range names {
		binary.LittleEndian.PutUint64(b[8*i:], *r.ref(i))
	}
	if _, err := ptrace.SetRegSet(tid, ntPRStatus, b[:]); err != nil {
		return &Error{"write", tid, err}
	}
	return nil
}

// names are the full registers, in the order of the structure and of gdb,
// which calls pstate cpsr.
var names = [...]string{
	"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
	"x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
	"sp", "pc", "pstate",
}

// Places in names that are not only numbers.
const (
	iSP     = 31
	iPC     = 32
	iPSTATE = 33
)

// ref returns the field of names[i].
func (r *Regs) ref(i int) *uint64 {
	switch i {
	case iSP:
		return &r.Sp
	case iPC:
		return &r.Pc
	case iPSTATE:
		return &r.Pstate
	}
	return &r.X[i]
}

var flags = []flag{{"v", 28}, {"c", 29}, {"z", 30}, {"n", 31}}

// views holds all names.
var views = sync.OnceValue(func() map[string]view {
	m := make(map[string]view, 80)
	for i, name := range names {
		m[name] = view{reg: uint8(i), bits: 64}
		if i < iSP {
			m["w"+name[1:]] = view{reg: uint8(i), bits: 32, zero: true}
		}
	}
	m["wsp"] = view{reg: iSP, bits: 32, zero: true}
	m["fp"], m["lr"], m["cpsr"] = m["x29"], m["x30"], m["pstate"]
	for _, f := range flags {
		m[f.name] = view{reg: iPSTATE, shift: f.bit, bits: 1}
	}
	return m
})

// natural is the last column of String.
func natural(i int, v uint64) string {
	switch i {
	case iSP, iPC:
		return "0x" + strconv.FormatUint(v, 16)
	case iPSTATE:
		return flagList(flags, v)
	}
	return strconv.FormatInt(int64(v), 10)
}
