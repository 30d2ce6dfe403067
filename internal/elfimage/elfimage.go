// Package elfimage writes the ELF files that warder makes itself, in memory:
// an ELF header, the program headers, and behind them the code.
//
// Limits: a file is static, for 64 bits, little-endian, and has no sections.
// One segment holds the whole file, headers included; it may be read and
// executed, and execution begins at the code's first byte. Other segments have
// no bytes in the file. Addresses are not checked: that each is a multiple of
// 4096, and that segments do not overlap, is the caller's business.
package elfimage

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// The code lies behind one ELF header and a program header for each segment.
const (
	HeaderSize  = 64
	SegmentSize = 56
)

// Zeroed is memory that may be read and written and begins as zeros. Pages of
// it that are never touched are never there.
type Zeroed struct{ Base, Size uint64 }

// Static is a file that the kernel maps at base, with the zeroed segments.
func Static(machine elf.Machine, base uint64, code []byte, zeroed ...Zeroed) []byte {
	count := 1 + len(zeroed)
	head := uint64(HeaderSize + count*SegmentSize)
	size := head + uint64(len(code))
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Entry: base + head, Phoff: HeaderSize, Ehsize: HeaderSize, Phentsize: SegmentSize, Phnum: uint16(count),
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	segments := []elf.Prog64{{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X),
		Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 4096,
	}}
	for _, z := range zeroed {
		segments = append(segments, elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W),
			Vaddr: z.Base, Paddr: z.Base, Memsz: z.Size, Align: 4096,
		})
	}
	var b bytes.Buffer
	// Fixed-size values into a buffer: neither can fail.
	_ = binary.Write(&b, binary.LittleEndian, header)
	_ = binary.Write(&b, binary.LittleEndian, segments)
	b.Write(code)
	return b.Bytes()
}
