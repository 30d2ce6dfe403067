// Package elfread reads ELF files that somebody else wrote: the program's own
// executable and libraries, or their images in a process's memory.
//
// It is there beside debug/elf because what a file says about itself decides
// nothing here: sizes are checked against the file before they are allocated,
// a compressed section grows to what the caller allows and no further, and no
// content is a panic.
//
// Limits: 64 bits, little-endian; at most [MaxProgs] program headers and
// [MaxSections] sections, beyond which there are none of that kind. Sections
// compressed with zlib and zstd (SHF_COMPRESSED) are read, the older .zdebug_
// form is not. What is read may change while it is read.
package elfread

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"warder/internal/cursor"
)

// Limits of what a header may say.
const (
	MaxProgs    = 512
	MaxSections = 65_535

	headerSize  = 64
	progSize    = 56
	sectionSize = 64
)

// The causes of errors.
var (
	ErrFormat = errors.New("not an ELF file of this kind")
	ErrLimit  = errors.New("over a limit")
	ErrAbsent = errors.New("no such section")
)

// Prog is a program header.
type Prog struct {
	Type                     elf.ProgType
	Flags                    elf.ProgFlag
	Off, Vaddr, Filesz, Size uint64 // Size is that in memory
}

// Section is a section header.
type Section struct {
	Name            string
	Type            elf.SectionType
	Flags           elf.SectionFlag
	Addr, Off, Size uint64
	Link            uint32
}

// File is the headers of one file.
type File struct {
	Type     elf.Type
	Machine  elf.Machine
	Entry    uint64
	Progs    []Prog
	Sections []Section // none for an image
	r        io.ReaderAt
	size     uint64
	cost     uint64
}

// Cost returns how many bytes have been read, or come of decompression, so far.
func (f *File) Cost() uint64 { return f.cost }

// Open reads the headers of a file of size bytes. A section table that cannot
// be is left out: programs run without one.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, shoff, shnum, shstrndx, err := open(r, size)
	if err != nil {
		return nil, err
	}
	f.sections(shoff, shnum, shstrndx)
	return f, nil
}

// OpenImage reads the headers of a file as it lies in memory, from the address
// that offset 0 of the file has.
func OpenImage(r io.ReaderAt, base uint64) (*File, error) {
	if base > math.MaxInt64-math.MaxInt32 {
		return nil, ErrFormat
	}
	f, _, _, _, err := open(io.NewSectionReader(r, int64(base), math.MaxInt32), math.MaxInt32)
	return f, err
}

func open(r io.ReaderAt, size int64) (f *File, shoff uint64, shnum, shstrndx uint16, err error) {
	var head [headerSize]byte
	if size < headerSize {
		return nil, 0, 0, 0, ErrFormat
	}
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, 0, 0, 0, fmt.Errorf("read the ELF header: %w", err)
	}
	if string(head[:4]) != elf.ELFMAG || head[elf.EI_CLASS] != byte(elf.ELFCLASS64) || head[elf.EI_DATA] != byte(elf.ELFDATA2LSB) {
		return nil, 0, 0, 0, ErrFormat
	}
	le := binary.LittleEndian
	f = &File{
		Type: elf.Type(le.Uint16(head[16:])), Machine: elf.Machine(le.Uint16(head[18:])),
		Entry: le.Uint64(head[24:]), r: r, size: uint64(size),
	}
	phoff, shoff := le.Uint64(head[32:]), le.Uint64(head[40:])
	phentsize, phnum := le.Uint16(head[54:]), le.Uint16(head[56:])
	if phnum > 0 && phentsize != progSize || phnum > MaxProgs {
		return nil, 0, 0, 0, ErrFormat
	}
	table, err := f.bytes(phoff, uint64(phnum)*progSize, MaxProgs*progSize)
	if err != nil {
		return nil, 0, 0, 0, fmt.Errorf("read the program headers: %w", err)
	}
	c := cursor.New(table, 0)
	for range phnum {
		p := Prog{Type: elf.ProgType(c.U32()), Flags: elf.ProgFlag(c.U32()), Off: c.U64(), Vaddr: c.U64()}
		c.U64()
		p.Filesz, p.Size = c.U64(), c.U64()
		c.U64()
		f.Progs = append(f.Progs, p)
	}
	if le.Uint16(head[58:]) != sectionSize {
		shoff = 0
	}
	return f, shoff, le.Uint16(head[60:]), le.Uint16(head[62:]), nil
}

// sections reads the section table, if it is a sound one.
func (f *File) sections(shoff uint64, shnum, shstrndx uint16) {
	if shoff == 0 || shnum == 0 || shnum > MaxSections || shstrndx >= shnum {
		return
	}
	table, err := f.bytes(shoff, uint64(shnum)*sectionSize, MaxSections*sectionSize)
	if err != nil {
		return
	}
	nameAt := make([]uint32, shnum)
	list := make([]Section, shnum)
	c := cursor.New(table, 0)
	for i := range list {
		s := &list[i]
		nameAt[i] = c.U32()
		s.Type, s.Flags = elf.SectionType(c.U32()), elf.SectionFlag(c.U64())
		s.Addr, s.Off, s.Size = c.U64(), c.U64(), c.U64()
		s.Link = c.U32()
		c.Skip(20)
	}
	const maxNames = 4 << 20
	names, err := f.bytes(list[shstrndx].Off, list[shstrndx].Size, maxNames)
	if err != nil {
		return
	}
	for i := range list {
		// Many sections may share one long name.
		const longest = 128
		if at := uint64(nameAt[i]); at < uint64(len(names)) {
			n := cursor.New(names[:min(at+longest, uint64(len(names)))], at)
			list[i].Name = string(n.CString())
		}
	}
	f.Sections = list
}

// bytes reads a part of the file that is at most limit long.
func (f *File) bytes(off, size, limit uint64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	if off > f.size || size > f.size-off {
		return nil, ErrFormat
	}
	if size > limit {
		return nil, ErrLimit
	}
	f.cost += size
	b := make([]byte, size)
	if n, err := f.r.ReadAt(b, int64(off)); n < len(b) {
		return nil, fmt.Errorf("read %d bytes at %#x: %w", size, off, err)
	}
	return b, nil
}

// Section returns the first section of a name that has bytes in the file.
func (f *File) Section(name string) *Section {
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Name == name && s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			return s
		}
	}
	return nil
}

// Data returns the bytes of a section, decompressed, where they are at most
// limit; ErrAbsent without the section.
func (f *File) Data(name string, limit uint64) ([]byte, error) {
	s := f.Section(name)
	if s == nil {
		return nil, ErrAbsent
	}
	b, err := f.bytes(s.Off, s.Size, limit)
	if err == nil && s.Flags&elf.SHF_COMPRESSED != 0 {
		b, err = f.decompress(b, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", name, err)
	}
	return b, nil
}

// Prog returns the first program header of a type.
func (f *File) Prog(typ elf.ProgType) *Prog {
	for i := range f.Progs {
		if f.Progs[i].Type == typ {
			return &f.Progs[i]
		}
	}
	return nil
}

// Segment returns the bytes in the file of what a program header describes,
// where they are at most limit.
func (f *File) Segment(p *Prog, limit uint64) ([]byte, error) { return f.bytes(p.Off, p.Filesz, limit) }

// At returns size bytes at a linked address, from the segment that has it in
// the file.
func (f *File) At(addr, size, limit uint64) ([]byte, error) {
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz && size <= p.Filesz-(addr-p.Vaddr) {
			return f.bytes(p.Off+(addr-p.Vaddr), size, limit)
		}
	}
	return nil, ErrAbsent
}

// BuildID returns the bytes of the note that linkers put in to tell builds
// apart (--build-id), or nil.
func (f *File) BuildID() []byte {
	const limit = 64 << 10
	for i := range f.Progs {
		if p := &f.Progs[i]; p.Type == elf.PT_NOTE {
			if b, err := f.Segment(p, limit); err == nil {
				if id := BuildID(b); id != nil {
					return id
				}
			}
		}
	}
	return nil
}

// BuildID finds the build id among notes.
func BuildID(notes []byte) []byte {
	const ntGNUBuildID = 3
	for c := cursor.New(notes, 0); c.Len() > 0; {
		nameSize, descSize, typ := uint64(c.U32()), uint64(c.U32()), c.U32()
		name := c.Bytes(nameSize)
		c.Skip(-nameSize & 3)
		desc := c.Bytes(descSize)
		if c.Bad() {
			break
		}
		if typ == ntGNUBuildID && bytes.Equal(name, []byte("GNU\x00")) && len(desc) > 0 && len(desc) <= 64 {
			return desc
		}
		c.Skip(min(-descSize&3, uint64(c.Len())))
	}
	return nil
}
