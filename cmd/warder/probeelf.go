package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// probeELF is a static program for x86-64: getpid(), then exit_group(0).
func probeELF() []byte {
	const base, head = 0x400000, 64 + 56
	code := []byte{
		0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, // mov eax, 39; syscall
		0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05, // xor edi, edi; mov eax, 231; syscall
	}
	h := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Entry: base + head, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	h.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	h.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	size := uint64(head + len(code))
	var b bytes.Buffer
	// Fixed-size values into a buffer: neither can fail.
	_ = binary.Write(&b, binary.LittleEndian, h)
	_ = binary.Write(&b, binary.LittleEndian, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base,
		Filesz: size, Memsz: size, Align: 4096,
	})
	b.Write(code)
	return b.Bytes()
}
