package unwind

import (
	"debug/elf"

	"warder/internal/cursor"
	"warder/internal/elfread"
	"warder/unwind/cfi"
)

const (
	maxImage   = 16 << 20 // bytes of one table of an image in memory
	maxDynamic = 1 << 10  // entries of its dynamic section
)

// imageModule makes a module of a file's image in memory, where the file
// cannot be had: base is the address of its offset 0.
func imageModule(mem *reader, base uint64) (*module, *elfread.File) {
	f, err := elfread.OpenImage(mem, base)
	if err != nil || f.Machine != machine {
		return nil, nil
	}
	m := newModule(f)
	bias, ok := m.bias(base, 0, false)
	if !ok {
		return nil, nil
	}
	m.frames, m.framesPart.done = imageFrames(f, mem, bias), true
	m.symbols, m.symbolsPart.done = imageSymbols(f, mem, bias), true
	m.debugPart.done, m.goPart.done = true, true
	return m, f
}

func imageFrames(f *elfread.File, mem *reader, bias uint64) (fr frames) {
	p := f.Prog(elf.PT_GNU_EH_FRAME)
	if p == nil {
		return fr
	}
	b, ok := mem.block(p.Vaddr+bias, p.Size, maxImage)
	if !ok {
		return fr
	}
	hdr := cfi.Section{Data: b, Addr: p.Vaddr}
	at, err := cfi.FramePointer(hdr)
	if err != nil {
		fr.note(err)
		return fr
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || at < p.Vaddr || at-p.Vaddr >= p.Filesz {
			continue
		}
		if b, ok := mem.block(at+bias, p.Filesz-(at-p.Vaddr), maxImage); ok {
			fr.eh, err = cfi.NewEH(cfi.Section{Data: b, Addr: at}, hdr)
			fr.note(err)
		}
		return fr
	}
	return fr
}

// imageBuildID returns the build id of an image in memory.
func imageBuildID(f *elfread.File, mem *reader, base uint64) []byte {
	m := newModule(f)
	bias, ok := m.bias(base, 0, false)
	if !ok {
		return nil
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Size > pageSize {
			continue
		}
		b := make([]byte, p.Size)
		if !mem.bytes(p.Vaddr+bias, b) {
			continue
		}
		if id := elfread.BuildID(b); id != nil {
			return id
		}
	}
	return nil
}

// Tags of the dynamic section (gABI 5.3).
const (
	dtHash   = 4
	dtStrTab = 5
	dtSymTab = 6
	dtStrSz  = 10
)

// imageSymbols reads the symbols that the loader needs, which are those that
// are in memory.
func imageSymbols(f *elfread.File, mem *reader, bias uint64) *elfread.Symbols {
	p := f.Prog(elf.PT_DYNAMIC)
	if p == nil {
		return nil
	}
	b, _ := mem.block(p.Vaddr+bias, min(p.Size, 16*maxDynamic), maxImage)
	tags := map[uint64]uint64{}
	for c := cursor.New(b, 0); c.Len() >= 16; {
		tag, v := c.U64(), c.U64()
		if tag == 0 {
			break
		}
		tags[tag] = v
	}
	// The C library's loader writes addresses over what was linked.
	at := func(tag uint64) uint64 {
		if v := tags[tag]; v >= bias {
			return v
		}
		return tags[tag] + bias
	}
	if tags[dtSymTab] == 0 || tags[dtStrTab] == 0 {
		return nil
	}
	// Nothing says how many symbols there are, but the number of chains of the
	// old hash table; and every linker puts the names behind them.
	size := at(dtStrTab) - at(dtSymTab)
	if tags[dtHash] != 0 {
		if n, ok := mem.load(at(dtHash)+4, 4); ok {
			size = 24 * n
		}
	}
	table, ok1 := mem.block(at(dtSymTab), size, maxImage)
	names, ok2 := mem.block(at(dtStrTab), tags[dtStrSz], maxImage)
	if !ok1 || !ok2 {
		return nil
	}
	return f.NewSymbols(table, names)
}
