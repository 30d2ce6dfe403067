package regs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// XState is the x87, SSE, AVX and AVX-512 state of a thread, with the rest of
// what XSAVE keeps (PKRU, AMX), as an image in the CPU's own layout.
//
// A component that the thread has not used since it began is in its initial
// state: its bit in XSTATE_BV is clear and its bytes in the image mean
// nothing. Get gives initial values for it; Set fills it with them first.
type XState struct {
	raw    []byte
	layout Layout
}

// Vector is the set of the widest registers on this architecture.
type Vector = XState

const (
	ntPRFPReg   = 2     // NT_PRFPREG: FXSAVE's 512 bytes
	ntX86XState = 0x202 // NT_X86_XSTATE: XSAVE's standard form
)

// ReadXState returns the extended state of a stopped thread.
func ReadXState(tid int) (*XState, error) {
	x := new(XState)
	if err := ReadXStateInto(tid, x); err != nil {
		return nil, err
	}
	return x, nil
}

// ReadVector is ReadXState by the name that all architectures share.
func ReadVector(tid int) (*Vector, error) { return ReadXState(tid) }

// ReadXStateInto reads the extended state of a stopped thread into x, whose
// buffer is used again.
func ReadXStateInto(tid int, x *XState) error {
	l := cpuLayout()
	if l.Size < headerEnd {
		return readFX(tid, x)
	}
	// One word more than there should be shows that there is more.
	x.raw = slices.Grow(x.raw[:0], l.Size+8)[:l.Size+8]
	n, err := ptrace.GetRegSet(tid, ntX86XState, x.raw)
	switch {
	case err == unix.ENODEV:
		return readFX(tid, x) // the kernel was told not to use XSAVE
	case err != nil:
		return &Error{"read extended state", tid, err}
	case n != l.Size:
		return &Error{"read extended state", tid, fmt.Errorf("%w: the kernel has %d bytes, CPUID tells %d", ErrLayout, n, l.Size)}
	}
	x.raw, x.layout = x.raw[:n], l
	return nil
}

// readFX reads what a CPU without XSAVE has.
func readFX(tid int, x *XState) error {
	x.raw = slices.Grow(x.raw[:0], legacySize)[:legacySize]
	n, err := ptrace.GetRegSet(tid, ntPRFPReg, x.raw)
	if err == nil && n != legacySize {
		err = fmt.Errorf("%w: FXSAVE of %d bytes", ErrLayout, n)
	}
	if err != nil {
		return &Error{"read extended state", tid, err}
	}
	x.layout = Layout{Size: legacySize}
	return nil
}

// NewXState makes an XState of an image and its layout, such as a snapshot
// keeps. Neither is trusted: the error's cause is ErrLayout.
func NewXState(raw []byte, l Layout) (*XState, error) {
	fail := func(format string, args ...any) (*XState, error) {
		return nil, &Error{"take extended state", 0, fmt.Errorf("%w: "+format, append([]any{ErrLayout}, args...)...)}
	}
	if err := l.check(); err != nil {
		return nil, &Error{"take extended state", 0, err}
	}
	if len(raw) != l.Size {
		return fail("an image of %d bytes for a layout of %d", len(raw), l.Size)
	}
	l.Components = slices.Clone(l.Components)
	x := &XState{raw: slices.Clone(raw), layout: l}
	if x.short() {
		return x, nil
	}
	if used := x.used(); !l.has(used) {
		return fail("the components in use, %#x, are not all in the layout", used)
	}
	for _, b := range x.raw[atXcompBV:headerEnd] {
		if b != 0 {
			return fail("not the standard form of XSAVE")
		}
	}
	return x, nil
}

// Write sets the extended state of a stopped thread, all or nothing. An image
// of another CPU is converted first. EINVAL means that mxcsr has bits that
// this CPU reserves, or that the image has components that it lacks.
func (x *XState) Write(tid int) error {
	if len(x.raw) == 0 {
		return &Error{"write extended state", tid, ErrLayout}
	}
	if l := cpuLayout(); !x.short() && !x.layout.Equal(l) {
		y, err := x.To(l)
		if err != nil {
			return &Error{"write extended state", tid, errors.Unwrap(err)}
		}
		x = y
	}
	note := ntX86XState
	if x.short() {
		note = ntPRFPReg
	}
	if _, err := ptrace.SetRegSet(tid, note, x.raw); err != nil {
		return &Error{"write extended state", tid, x.explain(err)}
	}
	return nil
}

// Raw returns a copy of the image as the kernel gave it: what NewXState takes
// back, with Layout.
func (x *XState) Raw() []byte { return slices.Clone(x.raw) }

// Layout describes the image.
func (x *XState) Layout() Layout {
	return Layout{x.layout.Size, slices.Clone(x.layout.Components)}
}

// Clone returns a copy.
func (x *XState) Clone() *XState { return &XState{x.Raw(), x.Layout()} }

// short reports whether the image is only FXSAVE's, without a header.
func (x *XState) short() bool { return len(x.raw) < headerEnd }

// used is XSTATE_BV: the components that are not in their initial state.
func (x *XState) used() uint64 {
	if x.short() {
		return 1<<CompX87 | 1<<CompSSE
	}
	return binary.LittleEndian.Uint64(x.raw[atBV:])
}

func (x *XState) setUsed(mask uint64) {
	if !x.short() {
		binary.LittleEndian.PutUint64(x.raw[atBV:], mask)
	}
}

// xcr0 is what the CPU has switched on, as the kernel notes it in the image.
func (x *XState) xcr0() uint64 {
	if x.short() {
		return 1<<CompX87 | 1<<CompSSE
	}
	return binary.LittleEndian.Uint64(x.raw[atXCR0:])
}

// Names returns the full registers in the order of String: those of the x87,
// the vector registers at their widest on this CPU, mxcsr, k0-7 and pkru.
// Parts (xmm3 of ymm3, mm0, v4_float lanes) have names too, which Get and Set
// know.
func (x *XState) Names() []string { return slices.Clone(x.names()) }

func (x *XState) names() []string { return namesOf(x.layout) }

// Get returns a register or a part of one by its usual lower-case name. False
// means that this CPU has none of that name.
func (x *XState) Get(name string) (Value, bool) {
	r, err := findWide(name, x.layout)
	if err != nil {
		return nil, false
	}
	return x.get(&r), true
}

// Set changes a register or a part of one, in x only: Write carries it to the
// thread. The rest of the register stays: xmm3 keeps the upper half of ymm3.
// The error's cause is ErrUnknown, ErrAbsent or ErrRange.
func (x *XState) Set(name string, v Value) error {
	r, err := findWide(name, x.layout)
	if err == nil {
		v, err = v.fit(r.bits)
	}
	if err == nil {
		err = x.set(&r, v)
	}
	if err != nil {
		return &Error{"set " + name, 0, err}
	}
	return nil
}

// DiffXState lists the full registers that differ between a, the older, and
// b, in the order of Names. Of different CPUs, those that both have.
func DiffXState(a, b *XState) []WideChange {
	var changes []WideChange
	for _, name := range a.names() {
		was, _ := a.Get(name)
		if is, ok := b.Get(name); ok && !was.Equal(is) {
			changes = append(changes, WideChange{name, was, is})
		}
	}
	return changes
}

// String prints one register a line: name, hexadecimal, and what it means.
func (x *XState) String() string {
	var b strings.Builder
	for _, name := range x.names() {
		r, err := findWide(name, x.layout)
		if err != nil {
			continue
		}
		v := x.get(&r)
		b.WriteString(r.info(name).Line(v))
	}
	return b.String()
}

// MarshalJSON gives one object, name to hexadecimal string, in the order of
// Names.
func (x *XState) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range x.names() {
		if i > 0 {
			b = append(b, ',')
		}
		v, _ := x.Get(name)
		b = fmt.Appendf(b, "%q:%q", name, v.String())
	}
	return append(b, '}'), nil
}
