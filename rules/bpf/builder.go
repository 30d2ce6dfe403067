// Package bpf assembles, simulates and prints seccomp programs: classic BPF
// over struct seccomp_data (include/uapi/linux/seccomp.h).
//
// A Builder is written from the program's end towards its start. BPF jumps
// only forward, so every target is already placed when a jump to it is
// emitted and its distance is known; labels need no second pass.
//
// Limits: the package knows nothing of system calls or policies, loads only
// 32-bit words of seccomp_data (all that the kernel permits), and targets
// little-endian machines.
package bpf

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// MaxLen is the kernel's limit on a program (BPF_MAXINSNS).
const MaxLen = 4096

// Offsets into struct seccomp_data.
const (
	OffNr   = 0
	OffArch = 4
)

// OffArgLow is the offset of the low word of argument i, OffArgHigh that of
// the high word.
func OffArgLow(i int) uint32  { return uint32(16 + 8*i) }
func OffArgHigh(i int) uint32 { return uint32(16 + 8*i + 4) }

// Return values (SECCOMP_RET_*); the low 16 bits carry data.
const (
	RetKillProcess = 0x80000000
	RetErrno       = 0x00050000
	RetUserNotif   = 0x7fc00000
	RetTrace       = 0x7ff00000
	RetLog         = 0x7ffc0000
	RetAllow       = 0x7fff0000
	RetData        = 0x0000ffff
)

// Opcodes of linux/bpf_common.h, as seccomp_check_filter accepts them.
const (
	opLoadAbs = 0x20 // BPF_LD|BPF_W|BPF_ABS
	opJump    = 0x05
	opJeq     = 0x15
	opJgt     = 0x25
	opJge     = 0x35
	opAnd     = 0x54
	opXor     = 0xa4
	opRet     = 0x06
	opOrX     = 0x4c
	opTax     = 0x07
)

// Label is a placed instruction, counted from the program's end.
type Label int

// Slot says what a patched constant stands for.
type Slot uint8

// The constants that only the launch of a session knows.
const (
	SlotNone Slot = iota
	SlotSelf
	SlotKeyLow
	SlotKeyHigh
)

type reloc struct {
	at   int // counted from the end while building
	slot Slot
}

// Builder assembles one program backwards.
type Builder struct {
	rev    []bpf.RawInstruction
	relocs []reloc
	rets   []Label // placed returns, newest last
}

func (b *Builder) emit(in bpf.RawInstruction) Label {
	b.rev = append(b.rev, in)
	return Label(len(b.rev) - 1)
}

// distance from the next instruction to be emitted to l.
func (b *Builder) distance(l Label) int { return len(b.rev) - int(l) - 1 }

// Ret places a return of v, or finds one that a conditional jump emitted soon
// can still reach (offsets are 8 bits wide).
func (b *Builder) Ret(v uint32) Label {
	for _, l := range slices.Backward(b.rets) {
		if b.distance(l) > 200 {
			break
		}
		if b.rev[l].K == v {
			return l
		}
	}
	l := b.emit(bpf.RawInstruction{Op: opRet, K: v})
	b.rets = append(b.rets, l)
	return l
}

// near makes l reachable from one of the next two instructions.
func (b *Builder) near(l Label) Label {
	if b.distance(l) <= 253 {
		return l
	}
	if b.rev[l].Op == opRet {
		return b.Ret(b.rev[l].K)
	}
	return b.emit(bpf.RawInstruction{Op: opJump, K: uint32(b.distance(l))})
}

func (b *Builder) jump(op uint16, k uint32, yes, no Label, slot Slot) Label {
	if yes == no {
		return yes
	}
	// A trampoline for one target moves the other one instruction further
	// away; near leaves room for that.
	yes, no = b.near(yes), b.near(no)
	l := b.emit(bpf.RawInstruction{Op: op, Jt: uint8(b.distance(yes)), Jf: uint8(b.distance(no)), K: k})
	if slot != SlotNone {
		b.relocs = append(b.relocs, reloc{int(l), slot})
	}
	return l
}

// Jeq goes to yes where the accumulator equals k.
func (b *Builder) Jeq(k uint32, yes, no Label) Label { return b.jump(opJeq, k, yes, no, SlotNone) }

// JeqSlot is Jeq with a constant that Bind fills in.
func (b *Builder) JeqSlot(s Slot, yes, no Label) Label { return b.jump(opJeq, 0, yes, no, s) }

// JgtSlot and JgeSlot compare with a constant that Bind fills in.
func (b *Builder) JgtSlot(s Slot, yes, no Label) Label { return b.jump(opJgt, 0, yes, no, s) }

// JgeSlot is JgtSlot for greater or equal.
func (b *Builder) JgeSlot(s Slot, yes, no Label) Label { return b.jump(opJge, 0, yes, no, s) }

// Jgt goes to yes where the accumulator is above k, unsigned.
func (b *Builder) Jgt(k uint32, yes, no Label) Label { return b.jump(opJgt, k, yes, no, SlotNone) }

// Jge goes to yes where the accumulator is at least k, unsigned.
func (b *Builder) Jge(k uint32, yes, no Label) Label { return b.jump(opJge, k, yes, no, SlotNone) }

// then makes next the instruction that follows the one emitted now.
func (b *Builder) then(next Label) {
	if b.distance(next) != 0 {
		b.emit(bpf.RawInstruction{Op: opJump, K: uint32(b.distance(next))})
	}
}

// Load reads a word of seccomp_data into the accumulator and goes on at next.
func (b *Builder) Load(off uint32, next Label) Label {
	b.then(next)
	return b.emit(bpf.RawInstruction{Op: opLoadAbs, K: off})
}

// And masks the accumulator and goes on at next.
func (b *Builder) And(k uint32, next Label) Label {
	b.then(next)
	return b.emit(bpf.RawInstruction{Op: opAnd, K: k})
}

// Xor flips bits of the accumulator and goes on at next.
func (b *Builder) Xor(k uint32, next Label) Label {
	b.then(next)
	return b.emit(bpf.RawInstruction{Op: opXor, K: k})
}

// XorSlot flips bits of the accumulator by a constant that Bind fills in.
func (b *Builder) XorSlot(s Slot, next Label) Label {
	l := b.Xor(0, next)
	b.relocs = append(b.relocs, reloc{int(l), s})
	return l
}

// OrX sets the accumulator's bits that the index register has.
func (b *Builder) OrX(next Label) Label {
	b.then(next)
	return b.emit(bpf.RawInstruction{Op: opOrX})
}

// Tax copies the accumulator to the index register.
func (b *Builder) Tax(next Label) Label {
	b.then(next)
	return b.emit(bpf.RawInstruction{Op: opTax})
}

// Program is a finished program with its open constants.
type Program struct {
	ins    []bpf.RawInstruction
	relocs []reloc // at counted from the start
}

// Finish ends the program: its first instruction is entry.
func (b *Builder) Finish(entry Label) (*Program, error) {
	b.then(entry)
	n := len(b.rev)
	if n > MaxLen {
		return nil, fmt.Errorf("seccomp program of %d instructions: the kernel takes at most %d", n, MaxLen)
	}
	p := &Program{ins: slices.Clone(b.rev)}
	slices.Reverse(p.ins)
	for _, r := range b.relocs {
		p.relocs = append(p.relocs, reloc{n - 1 - r.at, r.slot})
	}
	return p, nil
}

// Len is the number of instructions.
func (p *Program) Len() int { return len(p.ins) }

// Bind fills the open constants and returns the instructions, in the layout
// of struct sock_filter. The program itself is unchanged and may be bound by
// many sessions at once.
func (p *Program) Bind(self uint32, key uint64) []bpf.RawInstruction {
	out := slices.Clone(p.ins)
	for _, r := range p.relocs {
		switch r.slot {
		case SlotSelf:
			out[r.at].K = self
		case SlotKeyLow:
			out[r.at].K = uint32(key)
		case SlotKeyHigh:
			out[r.at].K = uint32(key >> 32)
		case SlotNone:
		}
	}
	return out
}
