package jail

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Where the stub's two segments lie. The data segment has no bytes in the
// file: pages that no launch touches are never there.
const (
	textBase = 0x400000
	dataBase = 0x500000
	dataSize = 4 << 20
	headSize = 64 + 2*56 // the ELF header and two program headers
)

// stubImage is the static ELF file of a stub.
func stubImage() []byte {
	text := uint64(headSize + len(stubCode))
	var b bytes.Buffer
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: stubMachine, Version: uint32(elf.EV_CURRENT),
		Entry: textBase + headSize, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 2,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	header.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	progs := []elf.Prog64{
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: textBase, Paddr: textBase, Filesz: text, Memsz: text, Align: 4096},
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Vaddr: dataBase, Paddr: dataBase, Memsz: dataSize, Align: 4096},
	}
	// Writes to a bytes.Buffer of fixed-size values cannot fail.
	_ = binary.Write(&b, binary.LittleEndian, header)
	_ = binary.Write(&b, binary.LittleEndian, progs)
	b.Write(stubCode)
	return b.Bytes()
}

// stubFile makes the sealed memfd that every stub of this process executes.
var stubFile = sync.OnceValues(func() (int, error) {
	if len(stubCode) == 0 {
		return -1, ErrNotSupported
	}
	fd, err := unix.MemfdCreate("warder-stub", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	image := stubImage()
	if n, err := unix.Write(fd, image); err != nil || n != len(image) {
		unix.Close(fd)
		return -1, fmt.Errorf("write stub: %d of %d bytes: %w", n, len(image), err)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("seal stub: %w", err)
	}
	return fd, nil
})
