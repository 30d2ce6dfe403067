package elfread

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"strings"

	"warder/internal/cursor"
)

// symbolSize is that of an entry of a symbol table.
const symbolSize = 24

// Symbol is a function, or a place in code, by name.
type Symbol struct {
	Name       string // as in the file, not demangled
	Addr, Size uint64 // Size 0: not known
}

// Symbols is the names of code of a file, in the order of their addresses.
type Symbols struct {
	names []byte
	list  []entry
	code  []extent // executable sections or segments, where a symbol without size ends
}

type entry struct {
	addr, size uint64
	name       uint32
	rank       uint8 // which of several names of one address to take: the smallest
}

type extent struct{ start, end uint64 }

// Symbols reads .symtab or, without one, .dynsym, at most limit bytes of
// names and of entries each. A file without either has none: ErrAbsent.
func (f *File) Symbols(limit uint64) (*Symbols, error) {
	for _, want := range []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		for i := range f.Sections {
			s := &f.Sections[i]
			if s.Type != want || s.Size < 2*symbolSize || uint64(s.Link) >= uint64(len(f.Sections)) {
				continue
			}
			names := &f.Sections[s.Link]
			if names.Type != elf.SHT_STRTAB || (s.Flags|names.Flags)&elf.SHF_COMPRESSED != 0 {
				continue
			}
			text, err := f.bytes(names.Off, names.Size, limit)
			if err != nil {
				return nil, fmt.Errorf("symbol names: %w", err)
			}
			table, err := f.bytes(s.Off, s.Size, limit)
			if err != nil {
				return nil, fmt.Errorf("symbols: %w", err)
			}
			return f.NewSymbols(table, text), nil
		}
	}
	return nil, ErrAbsent
}

// code lists where instructions are.
func (f *File) code() []extent {
	var list []extent
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_EXECINSTR != 0 && s.Size <= ^uint64(0)-s.Addr {
			list = append(list, extent{s.Addr, s.Addr + s.Size})
		}
	}
	if len(list) == 0 {
		for _, p := range f.Progs {
			if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && p.Size <= ^uint64(0)-p.Vaddr {
				list = append(list, extent{p.Vaddr, p.Vaddr + p.Size})
			}
		}
	}
	slices.SortFunc(list, func(a, b extent) int { return compare(a.start, b.start) })
	return list
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// NewSymbols reads a symbol table of the file and its names, wherever they
// were found.
func (f *File) NewSymbols(table, names []byte) *Symbols {
	s := &Symbols{names: names, code: f.code()}
	count := 0
	for pass := range 2 { // counted first: most entries of a large table may be data
		if pass == 1 {
			s.list = make([]entry, 0, count)
		}
		c := cursor.New(table, 0)
		for c.Len() >= symbolSize {
			name, info, _, shndx, addr, size := c.U32(), c.U8(), c.U8(), c.U16(), c.U64(), c.U64()
			rank, ok := rankOf(info, shndx)
			switch {
			case !ok || name == 0 || addr == 0 || uint64(name) >= uint64(len(names)):
			case pass == 0:
				count++
			default:
				if first := names[name]; first == 0 || first == '$' { // arm64's $x and $d mark code and data
					continue
				}
				if size > ^uint64(0)-addr {
					size = 0
				}
				s.list = append(s.list, entry{addr, size, name, rank})
			}
		}
	}
	// Names are compared when one is looked up: here a hostile table could
	// have a million long ones to compare.
	slices.SortFunc(s.list, func(a, b entry) int {
		if a.addr != b.addr {
			return compare(a.addr, b.addr)
		}
		return s.coarse(a, b)
	})
	return s
}

// rankOf says whether a symbol names code, and how gladly it is taken.
func rankOf(info uint8, shndx uint16) (uint8, bool) {
	const ifunc = 10
	if shndx == uint16(elf.SHN_UNDEF) || shndx == uint16(elf.SHN_ABS) || shndx == uint16(elf.SHN_COMMON) {
		return 0, false
	}
	rank := uint8(0)
	switch elf.ST_TYPE(info) {
	case elf.STT_FUNC, ifunc:
	case elf.STT_NOTYPE: // labels of assembly
		rank += 4
	default:
		return 0, false
	}
	if elf.ST_BIND(info) == elf.STB_LOCAL {
		rank += 2
	}
	return rank, true
}

// coarse orders symbols of one address: with a size before without, a
// function before a label, a global before a local one.
func (s *Symbols) coarse(a, b entry) int {
	if (a.size == 0) != (b.size == 0) {
		if a.size != 0 {
			return -1
		}
		return 1
	}
	return int(a.rank) - int(b.rank)
}

// prefer orders them further: what people call it (write) before what the
// library calls it (__write).
func (s *Symbols) prefer(a, b entry) int {
	if order := s.coarse(a, b); order != 0 {
		return order
	}
	x, y := s.name(a.name), s.name(b.name)
	if ux, uy := underscores(x), underscores(y); ux != uy {
		return ux - uy
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return bytes.Compare(x, y)
}

func underscores(b []byte) int {
	n := 0
	for n < len(b) && b[n] == '_' {
		n++
	}
	return n
}

// MaxName is how much of a name is kept: names are hostile too, and those of
// templates are long without being so.
const MaxName = 4096

func (s *Symbols) name(off uint32) []byte {
	b := s.names[off:]
	if len(b) > MaxName {
		b = b[:MaxName]
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return b
}

// Len returns how many there are.
func (s *Symbols) Len() int { return len(s.list) }

// Size returns how many bytes they take.
func (s *Symbols) Size() int64 { return int64(len(s.names)) + 24*int64(len(s.list)) }

// Lookup returns the function that holds an address: the last one before it
// that reaches so far. One without a size reaches to the next symbol, but not
// out of its section.
func (s *Symbols) Lookup(addr uint64) (Symbol, bool) {
	i, _ := slices.BinarySearchFunc(s.list, addr, func(e entry, a uint64) int {
		if e.addr <= a {
			return -1
		}
		return 1
	})
	// Inside a function there may be symbols of other things that end before
	// the address; more than a few in one are no compiler's.
	const maxBack = 64
	near, best := -1, -1
	for back := 0; i > 0 && back < maxBack; back++ {
		i--
		e := s.list[i]
		if best >= 0 && s.list[best].addr != e.addr {
			break
		}
		switch {
		case addr-e.addr < e.size:
			if best < 0 || s.prefer(e, s.list[best]) < 0 {
				best = i
			}
		case e.size == 0 && best < 0 && (near < 0 && back == 0 || near >= 0 && s.list[near].addr == e.addr):
			if near < 0 || s.prefer(e, s.list[near]) < 0 {
				near = i
			}
		}
	}
	if best >= 0 {
		return s.symbol(s.list[best]), true
	}
	if near >= 0 && s.sameCode(s.list[near].addr, addr) {
		return s.symbol(s.list[near]), true
	}
	return Symbol{}, false
}

func (s *Symbols) symbol(e entry) Symbol {
	return Symbol{Name: strings.ToValidUTF8(string(s.name(e.name)), "?"), Addr: e.addr, Size: e.size}
}

// Named returns the address of a symbol.
func (s *Symbols) Named(name string) (uint64, bool) {
	want := []byte(name + "\x00")
	for i := range s.list {
		if bytes.HasPrefix(s.names[s.list[i].name:], want) {
			return s.list[i].addr, true
		}
	}
	return 0, false
}

func (s *Symbols) sameCode(a, b uint64) bool {
	for _, e := range s.code {
		if a >= e.start && a < e.end {
			return b >= e.start && b < e.end
		}
	}
	return false
}
