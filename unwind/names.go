package unwind

import (
	"strings"

	"warder/internal/elfread"
	"warder/unwind/dwarf"
)

// Limits of the naming of one trace.
const (
	// maxNameSteps is what is read of debugging information, some nanoseconds
	// a step (dwarf.Data.Find). Of a file of 100 MiB the first look-up takes a
	// few million.
	maxNameSteps = 1 << 27
	maxInlines   = 64        // inlined calls at one place
	maxDebug     = 256 << 20 // bytes of debugging information of one file, decompressed
)

// entry returns the first address of the function at a point, 0 where it is
// not known.
func (w *walker) entry(at point) uint64 {
	if s, ok := w.symbol(at); ok {
		return s.Addr + at.place.bias
	}
	return 0
}

// symbol looks a point up among its file's symbols.
func (w *walker) symbol(at point) (elfread.Symbol, bool) {
	syms := w.symbols(at.place)
	if syms == nil {
		return elfread.Symbol{}, false
	}
	return syms.Lookup(at.addr - at.place.bias)
}

func (w *walker) symbols(pl *place) *elfread.Symbols {
	if pl.mod == nil {
		return nil
	}
	ok := w.part(pl, &pl.mod.symbolsPart, func(f *elfread.File) int64 {
		s, err := f.Symbols(maxSymbols)
		if f.Section(".symtab") == nil {
			// Stripped: the other file has all of them, this one the exported.
			if o := w.debugFile(pl.mod.buildID); o != nil {
				if all, err := o.Symbols(maxSymbols); err == nil {
					s = all
				}
			}
		}
		if err != nil && s == nil {
			return 0
		}
		pl.mod.symbols = s
		return s.Size()
	})
	if !ok {
		return nil
	}
	return pl.mod.symbols
}

// debug returns the debugging information of a place's file, in it or in a
// file of its own.
func (w *walker) debug(pl *place) *dwarf.Data {
	if pl.mod == nil {
		return nil
	}
	ok := w.part(pl, &pl.mod.debugPart, func(f *elfread.File) int64 {
		if f.Section(".debug_info") == nil {
			if f = w.debugFile(pl.mod.buildID); f == nil || f.Section(".debug_info") == nil {
				return 0
			}
			defer func() { w.loaded += f.Cost() }()
		}
		s, ok := debugSections(f)
		if !ok {
			return 0
		}
		pl.mod.debug = dwarf.New(s)
		return s.Size()
	})
	if !ok {
		return nil
	}
	return pl.mod.debug
}

// debugSections reads what dwarf wants, if it is not too much.
func debugSections(f *elfread.File) (s dwarf.Sections, ok bool) {
	left := uint64(maxDebug)
	for name, to := range map[string]*[]byte{
		"abbrev": &s.Abbrev, "addr": &s.Addr, "info": &s.Info, "line": &s.Line, "line_str": &s.LineStr,
		"ranges": &s.Ranges, "rnglists": &s.RngLists, "str": &s.Str, "str_offsets": &s.StrOffsets,
	} {
		if f.Section(".debug_"+name) == nil {
			continue
		}
		b, err := f.Data(".debug_"+name, left)
		if err != nil {
			return dwarf.Sections{}, false
		}
		left -= uint64(len(b))
		*to = b
	}
	return s, true
}

// symbolize names the frames, and puts those of inlined functions between
// them.
func (w *walker) symbolize() {
	steps := maxNameSteps
	frames := make([]Frame, 0, len(w.trace.Frames))
	for i, f := range w.trace.Frames {
		at := w.points[i]
		if at.place.mod == nil {
			frames = append(frames, f)
			continue
		}
		frames = append(frames, w.named(f, at, &steps)...)
	}
	w.trace.Frames = frames
}

// named returns the frame with its names, and before it those of the functions
// that were inlined there.
func (w *walker) named(f Frame, at point, steps *int) []Frame {
	var calls []dwarf.Call
	if d := w.debug(at.place); d != nil {
		// What was found before an error is right.
		calls, _ = d.Find(at.addr-at.place.bias, steps)
	}
	var list []Frame
	if n := len(calls); n > 0 {
		for i, c := range calls[:n-1] {
			if i == maxInlines {
				break
			}
			in := f
			in.Function, in.File, in.Line, in.Inlined = w.functionName(c), c.File, c.Line, true
			list = append(list, in)
		}
		c := calls[n-1]
		f.Function, f.File, f.Line = w.functionName(c), c.File, c.Line
		if entry := c.Entry + at.place.bias; c.Entry != 0 && f.PC >= entry {
			f.FunctionOffset = f.PC - entry
		}
	}
	if f.Function == "" || f.File == "" {
		w.goName(&f, at)
	}
	if f.Function == "" {
		if s, ok := w.symbol(at); ok {
			f.Function = w.demangled(s.Name)
			f.FunctionOffset = f.PC - at.place.bias - s.Addr
		}
	}
	return append(list, f)
}

func (w *walker) functionName(c dwarf.Call) string {
	if c.Linkage != "" {
		return w.demangled(c.Linkage)
	}
	return strings.ToValidUTF8(c.Name, "?")
}
