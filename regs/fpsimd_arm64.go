package regs

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"warder/internal/ptrace"
)

// FPSIMD is the floating point and vector state of an arm64 thread, the
// kernel's struct user_fpsimd_state (arch/arm64/include/uapi/asm/ptrace.h):
// v0-31, fpsr and fpcr. The scalable registers of SVE, of which v0-31 are the
// lowest 128 bits, are not part of it; a write zeroes their upper parts.
type FPSIMD struct {
	raw [fpsimdSize]byte
}

// Vector is the set of the widest registers on this architecture.
type Vector = FPSIMD

const (
	ntPRFPReg  = 2 // NT_PRFPREG
	fpsimdSize = 32*16 + 16
	atFPSR     = 512
	atFPCR     = 516
)

// ReadFPSIMD returns the floating point and vector state of a stopped thread.
// Of an AArch32 process the kernel gives another structure: that is
// errors.ErrUnsupported.
func ReadFPSIMD(tid int) (*FPSIMD, error) {
	x := new(FPSIMD)
	n, err := ptrace.GetRegSet(tid, ntPRFPReg, x.raw[:])
	if err == nil && n != fpsimdSize {
		err = fmt.Errorf("register set of %d bytes: %w", n, errors.ErrUnsupported)
	}
	if err != nil {
		return nil, &Error{"read vector state", tid, err}
	}
	return x, nil
}

// ReadVector is ReadFPSIMD by the name that all architectures share.
func ReadVector(tid int) (*Vector, error) { return ReadFPSIMD(tid) }

// Write sets the state of a stopped thread, all or nothing.
func (x *FPSIMD) Write(tid int) error {
	// An AArch32 process would take the beginning for its own structure.
	if _, err := ReadFPSIMD(tid); err != nil {
		return err
	}
	if _, err := ptrace.SetRegSet(tid, ntPRFPReg, x.raw[:]); err != nil {
		return &Error{"write vector state", tid, err}
	}
	return nil
}

// Raw returns a copy of the structure.
func (x *FPSIMD) Raw() []byte { return slices.Clone(x.raw[:]) }

// Clone returns a copy.
func (x *FPSIMD) Clone() *FPSIMD {
	y := *x
	return &y
}

// views of a vector register, by their letters.
var widths = map[string]int{"v": 128, "q": 128, "d": 64, "s": 32, "h": 16, "b": 8}

// findWide says where a register lies: its first byte, and what it is.
func findWide(name string) (at int, i Info, err error) {
	base, view, lane := strings.Cut(name, ".")
	switch base {
	case "fpsr":
		at, i = atFPSR, Info{Bits: 32}
	case "fpcr":
		at, i = atFPCR, Info{Bits: 32}
	default:
		if base == "" {
			return 0, i, ErrUnknown
		}
		n, err := strconv.Atoi(base[1:])
		width := widths[base[:1]]
		if err != nil || width == 0 || n < 0 || n > 31 || strconv.Itoa(n) != base[1:] {
			return 0, i, ErrUnknown
		}
		at, i = 16*n, Info{Bits: width, Float: width == 64 || width == 32}
	}
	i.Name, i.Set = name, "vector"
	if !lane {
		return at, i, nil
	}
	if i.Bits != 128 {
		return 0, i, ErrUnknown
	}
	i, first, ok := i.lanes(view)
	if !ok {
		return 0, i, fmt.Errorf("%w: %s has no lanes %.40q", ErrUnknown, base, view)
	}
	return at + first/8, i, nil
}

func vectorNames() []string {
	names := make([]string, 0, 34)
	for i := range 32 {
		names = append(names, "v"+strconv.Itoa(i))
	}
	return append(names, "fpsr", "fpcr")
}

func vectorParts() []string {
	var parts []string
	for _, stem := range [...]string{"q", "d", "s", "h", "b"} {
		for i := range 32 {
			parts = append(parts, stem+strconv.Itoa(i))
		}
	}
	return parts
}

// Names returns v0-31, fpsr and fpcr. Parts (q0, d0, s0, h0, b0, v4_float
// lanes) have names too, which Get and Set know.
func (x *FPSIMD) Names() []string { return vectorNames() }

// Get returns a register or a part of one by its usual lower-case name.
func (x *FPSIMD) Get(name string) (Value, bool) {
	at, i, err := findWide(name)
	if err != nil {
		return nil, false
	}
	return slices.Clone(Value(x.raw[at : at+i.Bits/8])), true
}

// Set changes a register or a part of one, in x only. d0, s0, h0 and b0 zero
// the rest of v0, as the CPU does; lanes keep it.
func (x *FPSIMD) Set(name string, v Value) error {
	at, i, err := findWide(name)
	if err == nil {
		v, err = v.fit(i.Bits)
	}
	if err != nil {
		return &Error{"set " + name, 0, err}
	}
	if at < atFPSR && !strings.Contains(name, ".") {
		clear(x.raw[at : at+16])
	}
	copy(x.raw[at:], v)
	return nil
}

// DiffFPSIMD lists the full registers that differ between a, the older, and b.
func DiffFPSIMD(a, b *FPSIMD) []WideChange {
	var changes []WideChange
	for _, name := range vectorNames() {
		was, _ := a.Get(name)
		if is, _ := b.Get(name); !was.Equal(is) {
			changes = append(changes, WideChange{name, was, is})
		}
	}
	return changes
}

// String prints one register a line: name and hexadecimal.
func (x *FPSIMD) String() string {
	var b strings.Builder
	for _, name := range vectorNames() {
		v, _ := x.Get(name)
		_, i, _ := findWide(name)
		b.WriteString(i.Line(v))
	}
	return b.String()
}

// MarshalJSON gives one object, name to hexadecimal string.
func (x *FPSIMD) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range vectorNames() {
		if i > 0 {
			b = append(b, ',')
		}
		v, _ := x.Get(name)
		b = fmt.Appendf(b, "%q:%q", name, v.String())
	}
	return append(b, '}'), nil
}
