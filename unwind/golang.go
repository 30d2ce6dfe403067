package unwind

import (
	"encoding/binary"
	"strings"

	"warder/internal/elfread"
	"warder/unwind/gotab"
)

// goTab returns the Go table of a place's file.
func (w *walker) goTab(pl *place) *gotab.Table {
	if pl.mod == nil || pl.mod.isGo == "" {
		return nil
	}
	text := uint64(0)
	if !pl.mod.goPart.is() {
		if syms := w.symbols(pl); syms != nil {
			text, _ = syms.Named("runtime.text")
		}
	}
	ok := w.part(pl, &pl.mod.goPart, func(f *elfread.File) int64 {
		b, err := f.Data(pl.mod.isGo, maxFrames)
		if err != nil {
			return 0
		}
		t, err := gotab.New(b, text)
		if err != nil {
			t, err = gotab.New(b, textAddress(f, pl.mod.isGo))
		}
		if err != nil {
			return 0
		}
		pl.mod.goTable = t
		return t.Size()
	})
	if !ok {
		return nil
	}
	return pl.mod.goTable
}

// textAddress finds the address of runtime.text in a program of Go 1.26 or
// later that has neither symbols nor the address in its table.
func textAddress(f *elfread.File, table string) uint64 {
	// Go's linker begins the code with the runtime's; a C linker puts its own
	// before it, and sections for it.
	if s := f.Section(".text"); s != nil && f.Section(".init") == nil {
		return s.Addr
	}
	// The runtime's description of the module (runtime/symtab.go, moduledata)
	// begins with the address of the table. In a position-independent program
	// the loader writes both.
	const at, maxModule = 22 * 8, 1 << 16
	b, err := f.Data(".go.module", maxModule)
	s := f.Section(table)
	if err != nil || s == nil || len(b) < at+8 || binary.LittleEndian.Uint64(b) != s.Addr {
		return 0
	}
	return binary.LittleEndian.Uint64(b[at:])
}

// byGo finds the caller of a Go function; false means that it is none.
func (w *walker) byGo(s *state, at point, exact bool) (step, bool) {
	t := w.goTab(at.place)
	if t == nil {
		return step{}, false
	}
	addr := at.addr - at.place.bias
	f, ok := t.Find(addr)
	if !ok {
		return step{}, false
	}
	if f.Top {
		return step{end: outermost, whole: true}, true
	}
	if f.Switches && !exact {
		return w.otherStack(s, f), true
	}
	depth, ok := t.Depth(f, addr)
	if !ok {
		return step{}, false
	}
	// The runtime's trampoline is a function like others to the table.
	if depth == 0 && s.trampoline() {
		return s.sigreturn(), true
	}
	caller, cfa, ok := s.goCaller(depth)
	if !ok {
		return step{}, false
	}
	return step{caller: caller, cfa: cfa, how: ByGo, exact: injected(f.Name)}, true
}

// injected says that a signal's handler made it look as if the code that the
// signal interrupted had called this function.
func injected(name string) bool {
	return name == "runtime.sigpanic" || strings.HasPrefix(name, "runtime.asyncPreempt")
}

// otherStack goes from the thread's own stack to the goroutine's. Two of the
// functions that change stacks leave the frame pointer alone: the trace goes on
// from there, but without the caller of systemstack, whose own frame it is. It
// is a guess. The other functions do not come back.
func (w *walker) otherStack(s *state, f gotab.Func) step {
	switch strings.TrimSuffix(f.Name, ".abi0") {
	case "runtime.systemstack", "runtime.asmcgocall":
		if caller, ok := s.beyond(w.executable); ok {
			return step{caller: caller, how: ByPointer, moved: true}
		}
	}
	return step{end: printable(f.Name) + " changes stacks"}
}

// goName names a frame by the Go table.
func (w *walker) goName(fr *Frame, at point) {
	t := w.goTab(at.place)
	if t == nil {
		return
	}
	addr := at.addr - at.place.bias
	f, ok := t.Find(addr)
	if !ok {
		return
	}
	if fr.Function == "" {
		fr.Function = strings.ToValidUTF8(f.Name, "?")
		fr.FunctionOffset = fr.PC - at.place.bias - f.Entry
	}
	if fr.File == "" {
		file, line := t.Line(f, addr)
		fr.File, fr.Line = strings.ToValidUTF8(file, "?"), line
	}
}
