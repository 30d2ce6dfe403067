package unwind

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"warder/memory"
	"warder/regs"
	"warder/unwind/cfi"
)

// Config is how much an Unwinder does. The zero value is fit for use.
type Config struct {
	// Frames is how many frames a trace has at most, 1 to 65,536; 0 means 128.
	Frames int
	// DebugDirs is where debugging information is looked for that is in files
	// of its own: each has them as .build-id/NN/NNN….debug. nil means
	// /usr/lib/debug, an empty list nowhere. What is there is believed no more
	// than other files are.
	DebugDirs []string
	// Cache is how many bytes of what was read of files are kept, about; 0
	// means 256 MiB. What one trace needs is read in any case.
	Cache int64
}

const (
	defaultFrames = 128
	maxFrameCount = 65_536
	defaultCache  = 256 << 20
)

// Unwinder makes backtraces and keeps what it learned about files. Any number
// of goroutines may use one.
type Unwinder struct {
	frames    int
	debugDirs []string
	cache     cache
	// loading is held while parts of files are read, so that what that takes
	// is taken once at a time.
	loading sync.Mutex
}

// New returns an Unwinder. Values out of range count as the nearest in it.
func New(cfg Config) *Unwinder {
	u := &Unwinder{frames: min(cfg.Frames, maxFrameCount), debugDirs: cfg.DebugDirs, cache: cache{limit: cfg.Cache}}
	if u.debugDirs == nil {
		u.debugDirs = []string{"/usr/lib/debug"}
	}
	if u.frames <= 0 {
		u.frames = defaultFrames
	}
	if u.cache.limit <= 0 {
		u.cache.limit = defaultCache
	}
	return u
}

// Backtrace walks the stack of a thread of p that has the registers r. It
// always gives the frame that the thread is in; what was in the way of more is
// in the trace's End.
func (u *Unwinder) Backtrace(p *Process, r *regs.Regs) Trace {
	w := &walker{u: u, p: p, mem: newReader(p.Memory), places: map[uint64]*place{}}
	defer w.close()
	w.walk(r)
	w.symbolize()
	return w.trace
}

// walker makes one trace.
type walker struct {
	u          *Unwinder
	p          *Process
	mem        *reader
	places     map[uint64]*place // by their mappings' starts
	files      []*os.File        // open until the end of the trace
	loaded     uint64            // bytes that were read of them
	demangling int               // bytes squared
	seen       map[[2]uint64]bool
	trace      Trace
	points     []point // where each frame is, for the names
}

// point is the address that a frame's function and line are looked up by: for
// a return address the byte before it, which belongs to the call even where
// the call is the last instruction of its function.
type point struct {
	place *place
	addr  uint64
}

func (w *walker) close() {
	for _, f := range w.files {
		_ = f.Close() // it was read only
	}
}

// step is the way from one frame to its caller.
type step struct {
	caller state
	cfa    uint64
	how    How
	signal bool   // the frame is a signal's trampoline
	exact  bool   // the caller made no call: it was interrupted
	moved  bool   // the caller's stack is another
	end    string // why there is no caller
	whole  bool   // there is none, by the frame's own account
}

const outermost = "outermost frame"

func (w *walker) walk(r *regs.Regs) {
	s := fromRegs(r)
	s.mem = w.mem
	how, exact, last := ByRegisters, true, uint64(0)
	refused := supported(r)
	for first := true; ; first = false {
		at := point{addr: s.pc}
		if !exact {
			at.addr--
		}
		at.place = w.place(at.addr)
		f := Frame{PC: s.pc, How: how}
		f.Module, f.Offset = at.place.locate(s.pc)
		st := step{end: refused}
		if refused == "" {
			s.bias = at.place.bias
			st = w.step(&s, at, exact, first && inSigreturn(r))
		}
		f.CFA, f.Signal = st.cfa, st.signal
		w.trace.Frames = append(w.trace.Frames, f)
		w.points = append(w.points, at)
		switch {
		case st.end != "":
		case !st.signal && !st.moved && last != 0 && st.cfa <= last:
			// Frames lie one above the other, but for a handler's, which may
			// have a stack of its own.
			st.end = fmt.Sprintf("the stack does not grow at %#x", st.cfa)
		case w.again(&st.caller):
			st.end = "the stack is a loop"
		case st.caller.pc == 0 && !st.signal:
			// What starts threads leaves 0 where a return address would be; but
			// a signal may well interrupt a call through a null pointer.
			st.end, st.whole = outermost, !f.Guess()
		case len(w.trace.Frames) == w.u.frames:
			st.end = fmt.Sprintf("limit of %d frames", w.u.frames)
		}
		if st.end != "" {
			w.trace.End, w.trace.Complete = st.end, st.whole
			return
		}
		s, how, exact, last = st.caller, st.how, st.signal || st.exact, st.cfa
	}
}

// again says whether the trace has been at this place with this stack.
func (w *walker) again(s *state) bool {
	if w.seen == nil {
		w.seen = map[[2]uint64]bool{}
	}
	key := [2]uint64{s.pc, s.sp()}
	if w.seen[key] {
		return true
	}
	w.seen[key] = true
	return false
}

// step finds the caller of a frame. exact says that the frame's next
// instruction is at pc for another reason than a call's return.
func (w *walker) step(s *state, at point, exact, sigreturn bool) step {
	if sigreturn {
		return s.sigreturn()
	}
	if st, ok := w.byGo(s, at, exact); ok {
		return st
	}
	reason := ""
	for _, t := range w.tables(at.place) {
		st, ok, err := s.by(t, at.addr-at.place.bias)
		if ok {
			return st
		}
		if err != nil && reason == "" {
			reason = fmt.Sprintf("call frame information for %#x: %v", s.pc, err)
		}
	}
	if s.trampoline() {
		return s.sigreturn()
	}
	caller, cfa, how, why := s.guess(exact, w.entry(at), w.executable)
	if why == "" {
		return step{caller: caller, cfa: cfa, how: how}
	}
	switch {
	case reason != "":
		why = reason
	case at.place.mapping == nil:
		why = fmt.Sprintf("%#x is in no mapping", s.pc)
	}
	return step{end: why}
}

// by finds the caller by a table; false means that it does not say, or why it
// could not be done.
func (s *state) by(t *cfi.Table, addr uint64) (step, bool, error) {
	var row cfi.Row
	ok, err := t.Row(addr, &row)
	if !ok {
		return step{}, false, err
	}
	// Somebody's own trampoline may have information that takes it for a
	// function, at whose entry it would be for ever.
	if !row.Signal && !row.CFAExpr && row.CFAReg == regSP && row.CFAOffset == entryCFA && s.trampoline() {
		return s.sigreturn(), true, nil
	}
	caller, cfa, ok, err := s.apply(t, &row)
	switch {
	case err != nil:
		return step{}, false, err
	case !ok:
		return step{cfa: cfa, end: outermost, whole: true}, true, nil
	case row.Signal:
		return step{caller: caller, cfa: cfa, how: BySignal, signal: true}, true, nil
	}
	return step{caller: caller, cfa: cfa, how: ByCFI}, true, nil
}

// sigreturn goes to what a signal interrupted, from the end of its handler.
func (s *state) sigreturn() step {
	caller, ok := s.interrupted()
	if !ok {
		return step{signal: true, end: fmt.Sprintf("the signal frame at %#x cannot be read", s.sp())}
	}
	return step{caller: caller, cfa: caller.sp(), how: BySignal, signal: true}
}

// find returns the mapping that holds an address.
func (w *walker) find(addr uint64) *memory.Mapping {
	maps := w.p.Maps
	i, _ := slices.BinarySearchFunc(maps, addr, func(m memory.Mapping, a uint64) int {
		if m.End <= a {
			return -1
		}
		return 1
	})
	if i < len(maps) && maps[i].Start <= addr {
		return &maps[i]
	}
	return nil
}

func (w *walker) executable(addr uint64) bool {
	m := w.find(addr)
	return m != nil && m.Perms.X
}
