package unwind

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// How says by what a frame was found.
type How string

// The ways to a frame.
const (
	ByRegisters How = "registers"     // the first: where the thread is
	ByCFI       How = "cfi"           // the callee's call frame information
	ByGo        How = "go table"      // the callee's entry in Go's table of program counters
	BySignal    How = "signal frame"  // what the kernel stored when it delivered a signal
	ByPointer   How = "frame pointer" // a guess: the callee has no information, and seems to keep a frame pointer
	ByStack     How = "stack"         // a guess: the callee has none either, and the word at its stack pointer looks like a return address
)

// Frame is one function call of a backtrace.
type Frame struct {
	// PC is where the frame's function goes on: in the first frame, and in one
	// that a signal interrupted, the next instruction, elsewhere the return
	// address, which is the instruction behind the call.
	PC uint64
	// CFA is the canonical frame address: on x86-64 the stack pointer before
	// the call of the frame's function. It is 0 where the frame below could
	// not be found. An inlined function has that of the function it is in.
	CFA uint64

	// Module is the file that PC is in, as in the list of mappings, or the
	// kernel's name ("[vdso]"); empty for memory without a file.
	Module string
	// Offset is PC as the file was linked (what nm, objdump and addr2line
	// take); where the file cannot be read, the offset in it; in memory
	// without a file, the offset in its mapping.
	Offset uint64

	Function       string // demangled, without parameters; empty where no name is known
	FunctionOffset uint64 // PC less the function's first address; 0 when Inlined
	File           string // source, with its directory; empty without line information
	Line           int    // 0: not known

	How     How
	Inlined bool // the next frame is the function that this one was compiled into
	Signal  bool // the trampoline that ends a signal's handler: the next frame was interrupted
}

// Guess says that the frame need not exist: nothing that was made for it led
// to it. What follows a guess is no surer.
func (f *Frame) Guess() bool { return f.How == ByPointer || f.How == ByStack }

// String returns the frame as gdb prints it, without its number and the
// arguments.
func (f Frame) String() string {
	if f.Signal {
		return "<signal handler called>"
	}
	var b strings.Builder
	if !f.Inlined {
		fmt.Fprintf(&b, "0x%016x in ", f.PC)
	}
	name := f.Function
	if name == "" {
		name = "??"
	}
	fmt.Fprintf(&b, "%s ()", printable(name))
	switch {
	case f.File != "" && f.Line > 0:
		fmt.Fprintf(&b, " at %s:%d", printable(f.File), f.Line)
	case f.File != "":
		fmt.Fprintf(&b, " at %s", printable(f.File))
	case f.Module != "":
		fmt.Fprintf(&b, " from %s+%#x", printable(f.Module), f.Offset)
	}
	if f.Guess() {
		fmt.Fprintf(&b, " (guess: %s)", f.How)
	}
	return b.String()
}

// printable keeps what comes from a file from writing to a terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) || r == '\uFFFD' }) {
		return strconv.Quote(s)
	}
	return s
}

// MarshalJSON gives one object. Addresses are hexadecimal strings, because
// JSON's numbers lose what is above 2^53; what is not known is left out.
func (f Frame) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(struct {
		PC             string `json:"pc"`
		CFA            string `json:"cfa,omitempty"`
		Module         string `json:"module,omitempty"`
		Offset         string `json:"offset"`
		Function       string `json:"function,omitempty"`
		FunctionOffset uint64 `json:"function_offset,omitempty"`
		File           string `json:"file,omitempty"`
		Line           int    `json:"line,omitempty"`
		How            How    `json:"how"`
		Guess          bool   `json:"guess,omitempty"`
		Inlined        bool   `json:"inlined,omitempty"`
		Signal         bool   `json:"signal,omitempty"`
	}{
		hex(f.PC), optional(f.CFA), f.Module, hex(f.Offset), f.Function, f.FunctionOffset,
		f.File, f.Line, f.How, f.Guess(), f.Inlined, f.Signal,
	})
	if err != nil {
		return nil, fmt.Errorf("unwind: frame: %w", err)
	}
	return b, nil
}

func hex(v uint64) string { return fmt.Sprintf("%#x", v) }

func optional(v uint64) string {
	if v == 0 {
		return ""
	}
	return hex(v)
}

// Trace is a backtrace: the innermost frame first.
type Trace struct {
	Frames []Frame `json:"frames"`
	// End says why there are no more frames: "outermost frame", or what was
	// in the way.
	End string `json:"end"`
	// Complete says that the last frame is the outermost by its own account.
	Complete bool `json:"complete"`
}

// String returns one frame a line, numbered as gdb does, and behind an
// incomplete trace the reason.
func (t Trace) String() string {
	var b strings.Builder
	for i := range t.Frames {
		fmt.Fprintf(&b, "#%-3d%s\n", i, t.Frames[i])
	}
	if !t.Complete {
		fmt.Fprintf(&b, "(%s)\n", t.End)
	}
	return b.String()
}
