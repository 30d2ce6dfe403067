package unwind

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"sync"

	"warder/internal/elfread"
	"warder/memory"
	"warder/unwind/cfi"
)

// place is a mapping and the file that is in it.
type place struct {
	mapping *memory.Mapping
	mod     *module // nil: not an ELF file that can be read
	bias    uint64
	elf     func() (*elfread.File, error) // opens the file once more, if need be
}

// nowhere is for addresses in no mapping.
var nowhere = &place{}

// locate names an address.
func (p *place) locate(addr uint64) (name string, offset uint64) {
	switch {
	case p.mapping == nil:
		return "", addr
	case p.mod != nil:
		offset = addr - p.bias
	case len(p.mapping.Path) > 0 && p.mapping.Path[0] == '/':
		offset = addr - p.mapping.Start + p.mapping.Offset
	default:
		offset = addr - p.mapping.Start
	}
	return p.mapping.Path, offset
}

// place returns the place of an address.
func (w *walker) place(addr uint64) *place {
	m := w.find(addr)
	if m == nil {
		return nowhere
	}
	pl := w.places[m.Start]
	if pl == nil {
		pl = &place{mapping: m}
		w.places[m.Start] = pl
		w.load(pl)
	}
	return pl
}

// load finds the module of a place.
func (w *walker) load(pl *place) {
	m := pl.mapping
	start, offset := m.Start, m.Offset
	switch {
	case m.Path == "[vdso]":
		offset = 0 // and not a file's
		w.loadVDSO(pl)
	case m.Path == "" || m.Path[0] == '[':
		return
	default:
		if err := w.loadFile(pl); err != nil {
			w.loadImage(pl)
		}
	}
	if pl.mod == nil {
		return
	}
	bias, ok := pl.mod.bias(start, offset, m.Perms.X)
	if !ok {
		pl.mod = nil
		return
	}
	pl.bias = bias
}

// loadVDSO reads the kernel's library from memory. It is the same in every
// process, unless that has changed it.
func (w *walker) loadVDSO(pl *place) {
	size := pl.mapping.Size()
	b, ok := w.mem.block(pl.mapping.Start, size, maxVDSO)
	if !ok {
		return
	}
	open := func() (*elfread.File, error) { return bytesFile(b) }
	mod, err := w.u.cache.get(fileID{image: sha256.Sum256(b)}, func() (*module, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return newModule(f), nil
	})
	if err == nil {
		pl.mod, pl.elf = mod, open
	}
}

var errOtherBuild = errors.New("the file is of another build than what is mapped")

// loadFile finds the file of a mapping. It is opened when something is to be
// read of it.
func (w *walker) loadFile(pl *place) error {
	if w.p.Open == nil {
		return errNoFile
	}
	var id fileID
	known := false
	if w.p.identify != nil {
		var err error
		id, err = w.p.identify(*pl.mapping)
		known = err == nil
	}
	open := sync.OnceValues(func() (*elfread.File, error) {
		f, err := w.p.Open(*pl.mapping)
		if err != nil {
			return nil, err
		}
		w.files = append(w.files, f)
		now, size, err := identify(f)
		if err != nil {
			return nil, err
		}
		if known && now != id {
			return nil, errOtherFile
		}
		id = now
		return sized(f, size)
	})
	if !known {
		if _, err := open(); err != nil {
			return err
		}
	}
	mod, err := w.u.cache.get(id, func() (*module, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return newModule(f), nil
	})
	if err != nil {
		return err
	}
	if pl.mapping.Inode == 0 && !w.sameBuild(pl, mod) {
		return errOtherBuild
	}
	pl.mod, pl.elf = mod, open
	return nil
}

// base returns the address of the mapped file's offset 0, the nearest below.
func (w *walker) base(m *memory.Mapping) (uint64, bool) {
	found, ok := uint64(0), false
	for i := range w.p.Maps {
		o := &w.p.Maps[i]
		if o.Start > m.Start {
			break
		}
		if o.Offset == 0 && o.Inode == m.Inode && o.Dev == m.Dev && o.Path == m.Path {
			found, ok = o.Start, true
		}
	}
	return found, ok
}

// sameBuild compares a file's build id with that in memory. Where one of them
// has none the file is taken for the right one: so do debuggers.
func (w *walker) sameBuild(pl *place, mod *module) bool {
	base, ok := w.base(pl.mapping)
	if !ok || len(mod.buildID) == 0 {
		return true
	}
	f, err := elfread.OpenImage(w.mem, base)
	if err != nil {
		return true
	}
	id := imageBuildID(f, w.mem, base)
	return len(id) == 0 || bytes.Equal(id, mod.buildID)
}

// loadImage makes do with what of a file is in memory.
func (w *walker) loadImage(pl *place) {
	base, ok := w.base(pl.mapping)
	if !ok {
		return
	}
	mod, f := imageModule(w.mem, base)
	if mod == nil {
		return
	}
	pl.mod = mod
	pl.elf = func() (*elfread.File, error) { return f, nil }
}

// part reads a part of a module, if it has not been read, accounts for what
// read says it took, and says whether it is there.
func (w *walker) part(pl *place, p *part, read func(*elfread.File) int64) bool {
	return p.do(func() bool {
		w.u.loading.Lock()
		defer w.u.loading.Unlock()
		f, err := pl.elf()
		if err != nil || w.loaded > maxLoad {
			return false
		}
		before := f.Cost()
		w.u.cache.grew(pl.mod, read(f))
		w.loaded += f.Cost() - before
		return true
	})
}

// tables returns the call frame information of a place.
func (w *walker) tables(pl *place) []*cfi.Table {
	if pl.mod == nil {
		return nil
	}
	w.part(pl, &pl.mod.framesPart, func(f *elfread.File) int64 {
		pl.mod.frames = readFrames(f)
		return pl.mod.frames.size()
	})
	var list []*cfi.Table
	for _, t := range [...]*cfi.Table{pl.mod.frames.eh, pl.mod.frames.debug} {
		if t != nil {
			list = append(list, t)
		}
	}
	return list
}
