package regs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Components of the extended state, by their bits in XCR0 and XSTATE_BV (SDM
// volume 1, 13.1). The first two lie in the legacy area of 512 bytes, at the
// same places on every CPU.
const (
	CompX87    = 0
	CompSSE    = 1
	CompAVX    = 2 // upper halves of ymm0-15
	CompOpmask = 5 // k0-7
	CompZMMHi  = 6 // upper halves of zmm0-15
	CompHiZMM  = 7 // zmm16-31
	CompPKRU   = 9
)

// Places in an XSAVE image (SDM volume 1, 13.4; the software word is the
// kernel's: xstate_fx_sw_bytes, arch/x86/kernel/fpu/xstate.c).
const (
	legacySize = 512
	headerEnd  = 576
	atXCR0     = 464 // what the CPU has switched on
	atBV       = 512 // what is not in its initial state
	atXcompBV  = 520 // not 0: the compacted form, which ptrace never gives
)

// maxImage bounds an image: with AMX, the largest there is, it has 11 KiB.
const maxImage = 1 << 20

// ErrLayout is the cause when an image does not fit its layout, or a state
// cannot be kept in another CPU's layout.
var ErrLayout = errors.New("extended state does not fit")

// Component is where one part of the extended state lies, in bytes.
type Component struct {
	ID     int `json:"id"` // its bit in XCR0
	Offset int `json:"offset"`
	Size   int `json:"size"`
}

// End returns the first byte after it.
func (c Component) End() int { return c.Offset + c.Size }

// Layout is how a CPU lays out XSAVE's standard form: a property of the
// model, which CPUID leaf 0xD tells. It differs between makers: AMD's k
// registers are at 832 and Intel's at 1088.
type Layout struct {
	Size       int         `json:"size"`       // of the whole image
	Components []Component `json:"components"` // those behind the header, ascending ID
}

// Component returns where component id lies; false where the CPU has none.
func (l Layout) Component(id int) (Component, bool) {
	for _, c := range l.Components {
		if c.ID == id {
			return c, true
		}
	}
	return Component{}, false
}

// Equal reports whether two layouts are the same.
func (l Layout) Equal(m Layout) bool {
	return l.Size == m.Size && slices.Equal(l.Components, m.Components)
}

// has reports whether the layout has all components of a mask.
func (l Layout) has(mask uint64) bool {
	if l.Size >= headerEnd {
		mask &^= 1<<CompX87 | 1<<CompSSE
	}
	for _, c := range l.Components {
		mask &^= 1 << c.ID
	}
	return mask == 0
}

// check refuses what no CPU has: it may come from a file.
func (l Layout) check() error {
	if l.Size != legacySize && l.Size < headerEnd || l.Size > maxImage {
		return fmt.Errorf("%w: an image of %d bytes", ErrLayout, l.Size)
	}
	var seen uint64
	for _, c := range l.Components {
		if c.ID < CompAVX || c.ID > 62 || seen>>c.ID&1 != 0 {
			return fmt.Errorf("%w: component %d", ErrLayout, c.ID)
		}
		seen |= 1 << c.ID
		if c.Offset < headerEnd || c.Offset > l.Size || c.Size <= 0 || c.Size > l.Size-c.Offset {
			return fmt.Errorf("%w: component %d has %d bytes at %d of %d", ErrLayout, c.ID, c.Size, c.Offset, l.Size)
		}
		if want := sizeOf(c.ID); want != 0 && c.Size < want {
			return fmt.Errorf("%w: component %d has %d bytes, not %d", ErrLayout, c.ID, c.Size, want)
		}
	}
	return nil
}

// sizeOf is the least size of the components that have registers here.
func sizeOf(id int) int {
	switch id {
	case CompAVX:
		return 16 * 16
	case CompOpmask:
		return 8 * 8
	case CompZMMHi:
		return 16 * 32
	case CompHiZMM:
		return 16 * 64
	case CompPKRU:
		return 4
	}
	return 0
}

// intelLayout is what Intel's CPUs have in common, and what readers of core
// files that do not ask CPUID expect (gdb up to 13, delve). 3 and 4 are MPX,
// 17 and 18 AMX.
var intelLayout = []Component{
	{CompAVX, 576, 256},
	{3, 960, 64},
	{4, 1024, 64},
	{CompOpmask, 1088, 64},
	{CompZMMHi, 1152, 512},
	{CompHiZMM, 1664, 1024},
	{CompPKRU, 2688, 8},
	{17, 2752, 64},
	{18, 2816, 8192},
}

// intelFor is Intel's layout for the components of XCR0.
func intelFor(xcr0 uint64) Layout {
	l := Layout{Size: headerEnd}
	for _, c := range intelLayout {
		if xcr0>>c.ID&1 != 0 {
			l.Components = append(l.Components, c)
			l.Size = c.End()
		}
	}
	return l
}

// cpuid is the CPU's instruction of that name.
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)

// CPULayout returns the layout of the CPU that this runs on. It is asked for
// once: all cores of a machine have the same.
func CPULayout() Layout {
	l := cpuLayout()
	l.Components = slices.Clone(l.Components)
	return l
}

var cpuLayout = sync.OnceValue(func() Layout {
	const (
		osxsave    = 1 << 27 // of leaf 1's ecx
		supervisor = 1       // of leaf 0xD's ecx: only the kernel's XSAVES keeps it
		leaf       = 0xd
	)
	most, _, _, _ := cpuid(0, 0)
	if _, _, ecx, _ := cpuid(1, 0); most < leaf || ecx&osxsave == 0 {
		return Layout{Size: legacySize}
	}
	low, size, _, high := cpuid(leaf, 0) // size: for what the kernel has switched on
	possible := uint64(high)<<32 | uint64(low)
	l := Layout{Size: int(size)}
	for id := CompAVX; id < 63; id++ {
		if possible>>id&1 == 0 {
			continue
		}
		bytes, offset, ecx, _ := cpuid(leaf, uint32(id))
		c := Component{ID: id, Offset: int(offset), Size: int(bytes)}
		if bytes == 0 || ecx&supervisor != 0 || c.End() > l.Size {
			continue // the kernel has not switched it on
		}
		l.Components = append(l.Components, c)
	}
	return l
})

// To gives the same state in another CPU's layout, component by component.
// What is in its initial state needs no place; a component that is in use and
// that the layout lacks is ErrLayout.
func (x *XState) To(l Layout) (*XState, error) {
	if err := l.check(); err != nil {
		return nil, &Error{"convert", 0, err}
	}
	if used := x.used(); x.short() != (l.Size < headerEnd) || !l.has(used) {
		return nil, &Error{"convert", 0, fmt.Errorf("%w: in use are components %#x, which the other CPU does not all have", ErrLayout, used)}
	}
	y := &XState{raw: make([]byte, l.Size), layout: l}
	copy(y.raw, x.raw[:min(len(x.raw), headerEnd)])
	xcr0 := uint64(1<<CompX87 | 1<<CompSSE)
	for _, c := range l.Components {
		xcr0 |= 1 << c.ID
		if from, ok := x.layout.Component(c.ID); ok {
			copy(y.raw[c.Offset:c.End()], x.raw[from.Offset:from.End()])
		}
	}
	if !y.short() {
		binary.LittleEndian.PutUint64(y.raw[atXCR0:], xcr0)
	}
	return y, nil
}

// IntelImage returns the state in Intel's layout, which readers of core files
// expect in NT_X86_XSTATE whatever the CPU: gdb up to 13 shows zeros for the
// AVX-512 registers of AMD's own. Components that it has no place for are left
// out. Without XSAVE it is the 512 bytes of FXSAVE.
func (x *XState) IntelImage() []byte {
	if x.short() {
		return x.Raw()
	}
	l := intelFor(x.xcr0())
	same := true
	for _, c := range l.Components {
		from, ok := x.layout.Component(c.ID)
		same = same && ok && from.Offset == c.Offset
	}
	if same {
		return x.Raw() // with what newer CPUs put behind and between
	}
	kept := &XState{raw: x.Raw(), layout: x.layout}
	known := uint64(1<<CompX87 | 1<<CompSSE)
	for _, c := range l.Components {
		known |= 1 << c.ID
	}
	kept.setUsed(x.used() & known)
	y, err := kept.To(l)
	if err != nil {
		return x.Raw() // what is left has a place there
	}
	return y.raw
}

// FXImage returns the 512 bytes of FXSAVE: NT_PRFPREG of a core file.
func (x *XState) FXImage() []byte {
	b := slices.Clone(x.raw[:legacySize])
	if !x.short() {
		clear(b[atXCR0:]) // the kernel's own words, which FXSAVE has not
	}
	return b
}

// explain adds what the kernel means by an errno of a write.
func (x *XState) explain(err error) error {
	if err != unix.EINVAL {
		return err
	}
	if reserved := binary.LittleEndian.Uint32(x.raw[atMXCSR:]) &^ x.mxcsrMask(); reserved != 0 {
		return fmt.Errorf("%w: mxcsr has the reserved bits %#x", err, reserved)
	}
	return fmt.Errorf("%w: the image has components that this CPU lacks", err)
}
