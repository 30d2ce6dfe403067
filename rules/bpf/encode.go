package bpf

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/net/bpf"
)

const (
	insSize  = 8 // struct sock_filter
	slotSize = 3 // position in two bytes, slot in one
)

// Encode gives the program as two byte strings, for generated code: its
// instructions in the layout of struct sock_filter, little-endian, and where
// its open constants are.
func (p *Program) Encode() (code, slots string) {
	c := make([]byte, 0, insSize*len(p.ins))
	for _, in := range p.ins {
		c = binary.LittleEndian.AppendUint16(c, in.Op)
		c = append(c, in.Jt, in.Jf)
		c = binary.LittleEndian.AppendUint32(c, in.K)
	}
	s := make([]byte, 0, slotSize*len(p.relocs))
	for _, r := range p.relocs {
		s = binary.LittleEndian.AppendUint16(s, uint16(r.at))
		s = append(s, byte(r.slot))
	}
	return string(c), string(s)
}

// Decode is Encode's inverse.
func Decode(code, slots string) (*Program, error) {
	n := len(code) / insSize
	if len(code)%insSize != 0 || n == 0 || n > MaxLen || len(slots)%slotSize != 0 {
		return nil, fmt.Errorf("encoded seccomp program of %d and %d bytes", len(code), len(slots))
	}
	p := &Program{ins: make([]bpf.RawInstruction, n), relocs: make([]reloc, len(slots)/slotSize)}
	for i := range p.ins {
		at := code[i*insSize : (i+1)*insSize]
		p.ins[i] = bpf.RawInstruction{
			Op: uint16(at[0]) | uint16(at[1])<<8, Jt: at[2], Jf: at[3],
			K: uint32(at[4]) | uint32(at[5])<<8 | uint32(at[6])<<16 | uint32(at[7])<<24,
		}
	}
	for i := range p.relocs {
		at := slots[i*slotSize : (i+1)*slotSize]
		p.relocs[i] = reloc{at: int(at[0]) | int(at[1])<<8, slot: Slot(at[2])}
		if p.relocs[i].at >= n {
			return nil, fmt.Errorf("encoded seccomp program of %d instructions: open constant at %d", n, p.relocs[i].at)
		}
	}
	return p, nil
}
