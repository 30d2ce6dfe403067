package snapshot

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Bounds of what is taken from a file, whatever it says. A snapshot that
// would exceed them is not written.
const (
	maxHeaders   = 1 << 20  // program headers
	maxCoreNotes = 64 << 20 // bytes of the notes for debuggers
	maxOwnNote   = 32 << 20 // bytes of the own note
	maxThreads   = 4096
	// maxObjects bounds the objects in the JSON. An empty one takes 3 bytes
	// there and up to 700 in memory.
	maxObjects = 250_000
)

// parser reads a file that nobody vouches for. Every count and offset is
// checked before it is used for an allocation or a read.
type parser struct {
	r    io.ReaderAt
	size uint64
	used []taken
}

// taken is a part of the file that one thing occupies. No two may overlap:
// the bytes of memory that a file describes are so at most as many as it has.
type taken struct {
	start, end uint64
	what       string
}

func fault(where string, at uint64, format string, args ...any) error {
	return &formatError{where, at, fmt.Sprintf(format, args...)}
}

// take reads a part of the file, or, with read false, only notes it.
func (p *parser) take(what string, off, size uint64, read bool) ([]byte, error) {
	if off > p.size || size > p.size-off {
		return nil, fault(what, off, "%d bytes reach beyond the end of the file, %#x", size, p.size)
	}
	if size > 0 {
		p.used = append(p.used, taken{off, off + size, what})
	}
	if !read {
		return nil, nil
	}
	b := make([]byte, size)
	if n, err := p.r.ReadAt(b, int64(off)); n < len(b) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read %s at %#x: %w", what, off, err)
	}
	return b, nil
}

// decode fills a structure of fixed size.
func decode(b []byte, v any) {
	_ = binary.Read(bytes.NewReader(b), binary.LittleEndian, v) // b is as long as v
}

func (p *parser) parse() (*State, []segment, error) {
	progs, at, err := p.headers()
	if err != nil {
		return nil, nil, err
	}
	where := func(i int) (string, uint64) {
		return fmt.Sprintf("program header %d", i), at + uint64(i)*progHeaderSize
	}
	if len(progs) < 2 {
		return nil, nil, fault("ELF header", 56, "%d program headers", len(progs))
	}
	for i, g := range progs {
		name, at := where(i)
		want := elf.PT_LOAD
		if i == 0 || i == len(progs)-1 {
			want = elf.PT_NOTE
		}
		if elf.ProgType(g.Type) != want {
			return nil, nil, fault(name, at, "type %v where a snapshot has %v", elf.ProgType(g.Type), want)
		}
	}
	own := progs[len(progs)-1]
	s, err := p.state(own.Off, own.Filesz)
	if err != nil {
		return nil, nil, err
	}
	if err := p.core(progs[0].Off, progs[0].Filesz, s); err != nil {
		return nil, nil, err
	}
	var loads []segment
	for i, g := range progs[1 : len(progs)-1] {
		name, at := where(i + 1)
		load, err := p.load(name, at, g, s)
		if err != nil {
			return nil, nil, err
		}
		if n := len(loads); n > 0 && load.addr < loads[n-1].addr+loads[n-1].memory {
			return nil, nil, fault(name, at, "address %#x is not above the segment before", load.addr)
		}
		loads = append(loads, load)
	}
	if err := p.overlaps(); err != nil {
		return nil, nil, err
	}
	loads = slices.DeleteFunc(loads, func(g segment) bool { return g.file == 0 })
	return s, loads, covered(s, loads)
}

// headers reads the ELF header and the program headers, and returns where
// these lie.
func (p *parser) headers() ([]elf.Prog64, uint64, error) {
	const where = "ELF header"
	b, err := p.take(where, 0, elfHeaderSize, true)
	if err != nil {
		return nil, 0, err
	}
	var e elf.Header64
	decode(b, &e)
	switch {
	case string(e.Ident[:4]) != elf.ELFMAG:
		return nil, 0, fault(where, 0, "no ELF file")
	case elf.Class(e.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 || elf.Data(e.Ident[elf.EI_DATA]) != elf.ELFDATA2LSB:
		return nil, 0, fault(where, 4, "not for 64 bits, little-endian")
	case elf.Type(e.Type) != elf.ET_CORE:
		return nil, 0, fault(where, 16, "type %v, not a core file", elf.Type(e.Type))
	case elf.Machine(e.Machine) != machine:
		return nil, 0, fault(where, 18, "a core of %v; this is %v", elf.Machine(e.Machine), machine)
	case e.Phentsize != progHeaderSize:
		return nil, 0, fault(where, 54, "program headers of %d bytes", e.Phentsize)
	}
	count := uint64(e.Phnum)
	if e.Phnum == maxPlainHeaders+1 { // PN_XNUM
		if e.Shentsize != sectHeaderSize || e.Shnum != extraSections {
			return nil, 0, fault(where, 58, "%d section headers of %d bytes where there are %d", e.Shnum, e.Shentsize, extraSections)
		}
		b, err := p.take("section headers", e.Shoff, extraSections*sectHeaderSize, true)
		if err != nil {
			return nil, 0, err
		}
		var section elf.Section64
		decode(b[:sectHeaderSize], &section)
		count = uint64(section.Info)
	} else if e.Shnum != 0 {
		return nil, 0, fault(where, 60, "%d section headers", e.Shnum)
	}
	if count > maxHeaders {
		return nil, 0, fault(where, 56, "%d program headers: the most is %d", count, maxHeaders)
	}
	if b, err = p.take("program headers", e.Phoff, count*progHeaderSize, true); err != nil {
		return nil, 0, err
	}
	progs := make([]elf.Prog64, count)
	decode(b, progs)
	return progs, e.Phoff, nil
}

// state reads the own note: the whole of its segment.
func (p *parser) state(off, size uint64) (*State, error) {
	const where = "the note " + snapshotOwner
	if size > maxOwnNote {
		return nil, fault(where, off, "%d bytes: the most is %d", size, maxOwnNote)
	}
	b, err := p.take(where, off, size, true)
	if err != nil {
		return nil, err
	}
	n, rest, ok := cutNote(b)
	if !ok || n.owner != snapshotOwner || n.kind != ntSnapshot || len(rest) > 0 || len(n.data) < noteHeadSize {
		return nil, fault(where, off, "there is none, or not it alone")
	}
	if v := binary.LittleEndian.Uint32(n.data); v != formatVersion {
		return nil, fault(where, off, "version %d of the format; this is %d", v, formatVersion)
	}
	text := n.data[noteHeadSize:]
	if binary.LittleEndian.Uint32(n.data[4:]) != crc32.Checksum(text, castagnoli) {
		return nil, fault(where, off, "its checksum is wrong")
	}
	if bytes.Count(text, []byte("{")) > maxObjects {
		return nil, fault(where, off, "more than %d objects", maxObjects)
	}
	s := &State{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		return nil, fault(where, off, "%v", err)
	}
	if d.InputOffset() != int64(len(text)) {
		return nil, fault(where, off, "something behind the state")
	}
	if err := s.check(); err != nil {
		return nil, fault(where, off, "%v", err)
	}
	return s, nil
}

// cutNote takes the first note of a segment.
func cutNote(b []byte) (n note, rest []byte, ok bool) {
	if len(b) < 12 {
		return n, nil, false
	}
	name, size := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	n.kind = binary.LittleEndian.Uint32(b[8:])
	data := 12 + (name+3)&^3
	end := data + (size+3)&^3
	if name == 0 || end > uint64(len(b)) || b[12+name-1] != 0 {
		return n, nil, false
	}
	n.owner, n.data = string(b[12:12+name-1]), b[data:data+size]
	return n, b[end:], true
}

// core holds the debuggers' notes against the state: what they show must be
// what would be resumed.
func (p *parser) core(off, size uint64, s *State) error {
	const where = "the notes"
	if size > maxCoreNotes {
		return fault(where, off, "%d bytes: the most is %d", size, maxCoreNotes)
	}
	b, err := p.take(where, off, size, true)
	if err != nil {
		return err
	}
	threads := 0
	for rest := b; len(rest) > 0; {
		var n note
		var ok bool
		at := off + uint64(len(b)-len(rest))
		if n, rest, ok = cutNote(rest); !ok {
			return fault(where, at, "malformed")
		}
		if n.owner != "CORE" || n.kind != ntPRStatus {
			continue
		}
		if threads == len(s.Threads) || !bytes.Equal(n.data, prStatus(s, &s.Threads[threads])) {
			return fault(where, at, "thread %d is not as in the state", threads)
		}
		threads++
	}
	if threads != len(s.Threads) {
		return fault(where, off, "%d threads; the state has %d", threads, len(s.Threads))
	}
	return nil
}

// load checks one PT_LOAD.
func (p *parser) load(where string, at uint64, g elf.Prog64, s *State) (segment, error) {
	page := s.PageSize
	load := segment{addr: g.Vaddr, memory: g.Memsz, off: g.Off, file: g.Filesz, flags: g.Flags}
	switch {
	case g.Memsz == 0 || (g.Vaddr|g.Off|g.Filesz|g.Memsz)%page != 0:
		return load, fault(where, at, "not in whole pages of %d bytes", page)
	case g.Filesz > g.Memsz:
		return load, fault(where, at, "more in the file than in memory")
	case g.Vaddr > maxAddress || g.Memsz > maxAddress-g.Vaddr:
		return load, fault(where, at, "%d bytes at %#x are not a program's addresses", g.Memsz, g.Vaddr)
	}
	i, _ := slices.BinarySearchFunc(s.Mappings, g.Vaddr, func(m Mapping, addr uint64) int {
		if m.End <= addr {
			return -1
		}
		return 1
	})
	if i == len(s.Mappings) || g.Vaddr < s.Mappings[i].Start || g.Vaddr+g.Memsz > s.Mappings[i].End {
		return load, fault(where, at, "%d bytes at %#x are not in one mapping", g.Memsz, g.Vaddr)
	}
	if g.Flags != permFlags(s.Mappings[i].Perms) {
		return load, fault(where, at, "protection %#x; its mapping is %s", g.Flags, s.Mappings[i].Perms)
	}
	_, err := p.take("the pages of "+where, g.Off, g.Filesz, false)
	return load, err
}

// overlaps refuses a file of which something is two things.
func (p *parser) overlaps() error {
	slices.SortFunc(p.used, func(a, b taken) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(p.used); i++ {
		if a, b := p.used[i-1], p.used[i]; b.start < a.end {
			return fault(b.what, b.start, "overlaps with %s in the file", a.what)
		}
	}
	return nil
}

// covered checks that what the state calls data is in the file, and that the
// file has nothing but data and zeros.
func covered(s *State, loads []segment) error {
	i := 0
	for j := range s.Mappings {
		for _, part := range s.Mappings[j].spans(s.PageSize) {
			at := part.start
			for at < part.end {
				for i < len(loads) && loads[i].addr+loads[i].file <= at {
					i++
				}
				inside := i < len(loads) && loads[i].addr <= at
				next := part.end
				switch {
				case inside:
					next = min(next, loads[i].addr+loads[i].file)
				case i < len(loads):
					next = min(next, loads[i].addr)
				}
				if inside && part.kind != Data && part.kind != Zero || !inside && part.kind == Data {
					return fault("the memory", at, "%v pages, by the state; in the file: %v", part.kind, inside)
				}
				at = next
			}
		}
	}
	return nil
}
