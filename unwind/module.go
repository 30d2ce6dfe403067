package unwind

import (
	"bytes"
	"debug/elf"
	"io"
	"sync"

	"warder/internal/elfread"
	"warder/unwind/cfi"
	"warder/unwind/dwarf"
	"warder/unwind/gotab"
)

// Limits of what is read of one file, in bytes.
const (
	maxFrames  = 64 << 20 // of .eh_frame; of its table; of .debug_frame
	maxSymbols = 32 << 20 // of a symbol table; of its names
	maxVDSO    = 64 << 10
	// maxLoad is how much one trace reads of files that were not known yet. The
	// file at which it is exceeded is read as a whole.
	maxLoad = 512 << 20
)

// segment is a part of a file that is mapped.
type segment struct {
	off, vaddr, filesz uint64
	exec               bool
}

// module is what is known of one file, whichever processes it is in. Its parts
// are read when they are first needed.
type module struct {
	id      fileID
	segs    []segment
	buildID []byte
	used    uint64 // by the cache, under its lock
	size    int64  // of what is kept, likewise

	framesPart  part
	frames      frames
	symbolsPart part
	symbols     *elfread.Symbols
	debugPart   part
	debug       *dwarf.Data
	isGo        string // the section with Go's table, if there is one
	goPart      part
	goTable     *gotab.Table
}

// part says whether a part of a module has been read.
type part struct {
	mu   sync.Mutex
	done bool
}

// do reads the part, if that has not been done, and says whether it is there.
// Who could not open the file leaves it to the next one.
func (p *part) do(read func() bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.done = read()
	}
	return p.done
}

// is says whether the part has been read.
func (p *part) is() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// frames is a file's information about stack frames.
type frames struct {
	eh, debug *cfi.Table
	why       string // what is the matter with them, if anything is
}

func newModule(f *elfread.File) *module {
	m := &module{buildID: f.BuildID()}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Filesz > 0 {
			m.segs = append(m.segs, segment{p.Off, p.Vaddr, p.Filesz, p.Flags&elf.PF_X != 0})
		}
	}
	for _, name := range [...]string{".gopclntab", ".data.rel.ro.gopclntab"} {
		if f.Section(name) != nil {
			m.isGo = name
		}
	}
	return m
}

// bias returns what was added to the addresses of the file when it was loaded,
// from a mapping of it that begins at start with the file's offset.
func (m *module) bias(start, offset uint64, exec bool) (uint64, bool) {
	var best *segment
	for i := range m.segs {
		s := &m.segs[i]
		// The kernel and the loader map whole pages, so neighbours overlap.
		from, to := s.off&^(pageSize-1), s.off+s.filesz
		if offset < from || offset >= to {
			continue
		}
		if best == nil || s.exec == exec && best.exec != exec {
			best = s
		}
	}
	if best == nil {
		return 0, false
	}
	return start - offset + best.off - best.vaddr, true
}

// readFrames reads the call frame information of a file.
func readFrames(f *elfread.File) frames {
	var fr frames
	if s := f.Section(".eh_frame"); s != nil {
		fr.set(&fr.eh, f, s, f.Prog(elf.PT_GNU_EH_FRAME))
	} else if p := f.Prog(elf.PT_GNU_EH_FRAME); p != nil {
		// A file without sections: stripped to what the loader needs.
		hdr, err := f.Segment(p, maxFrames)
		if err == nil {
			fr.withoutSections(f, cfi.Section{Data: hdr, Addr: p.Vaddr})
		}
	}
	if s := f.Section(".debug_frame"); s != nil {
		data, err := f.Data(s.Name, maxFrames)
		if err == nil {
			fr.debug, err = cfi.NewDebug(cfi.Section{Data: data})
		}
		fr.note(err)
	}
	return fr
}

func (fr *frames) note(err error) {
	if err != nil && fr.why == "" {
		fr.why = err.Error()
	}
}

func (fr *frames) set(t **cfi.Table, f *elfread.File, s *elfread.Section, p *elfread.Prog) {
	data, err := f.Data(s.Name, maxFrames)
	if err != nil {
		fr.note(err)
		return
	}
	var hdr cfi.Section
	if p != nil {
		if b, err := f.Segment(p, maxFrames); err == nil {
			hdr = cfi.Section{Data: b, Addr: p.Vaddr}
		}
	}
	*t, err = cfi.NewEH(cfi.Section{Data: data, Addr: s.Addr}, hdr)
	fr.note(err)
}

// withoutSections takes .eh_frame to go from where its table says to the end
// of the segment.
func (fr *frames) withoutSections(f *elfread.File, hdr cfi.Section) {
	at, err := cfi.FramePointer(hdr)
	if err != nil {
		fr.note(err)
		return
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || at < p.Vaddr || at-p.Vaddr >= p.Filesz {
			continue
		}
		data, err := f.At(at, p.Filesz-(at-p.Vaddr), maxFrames)
		if err == nil {
			fr.eh, err = cfi.NewEH(cfi.Section{Data: data, Addr: at}, hdr)
		}
		fr.note(err)
		return
	}
}

func (fr *frames) size() int64 {
	n := int64(0)
	for _, t := range [...]*cfi.Table{fr.eh, fr.debug} {
		if t != nil {
			n += t.Size()
		}
	}
	return n
}

// bytesFile opens a whole image, sections included, such as the vDSO's.
func bytesFile(b []byte) (*elfread.File, error) {
	return elfread.Open(bytes.NewReader(b), int64(len(b)))
}

// sized opens a file of which the size is known.
func sized(r io.ReaderAt, size int64) (*elfread.File, error) {
	f, err := elfread.Open(r, size)
	if err == nil && f.Machine != machine {
		return nil, elfread.ErrFormat
	}
	return f, err
}
