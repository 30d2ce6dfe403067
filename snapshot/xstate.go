package snapshot

import "encoding/binary"

// The XSAVE image (Intel SDM volume 1, chapter 13): 512 bytes of FXSAVE, in
// whose unused end the kernel puts XCR0, and a header that begins with
// XSTATE_BV. The components behind it have the offsets that the CPU says.
const (
	fxsaveSize    = 512
	xcr0Offset    = 464 // XSTATE_FX_SW_OFFSET, arch/x86/include/asm/user.h
	stateBV       = 512
	xsaveHeadSize = 576

	ntFPRegSet    = 2
	ntXSaveLayout = 0x205 // NT_X86_XSAVE_LAYOUT, since Linux 6.12
)

// intelOffsets are the offsets on Intel's server CPUs, with the sizes of the
// components. gdb before 14 knows no others, and refuses a note of another
// size than it expects for the components.
var intelOffsets = []XSaveComponent{
	{2, 576, 256},   // upper halves of ymm0 to ymm15
	{3, 960, 64},    // MPX bounds
	{4, 1024, 64},   // MPX configuration; in a core 128 bytes
	{5, 1088, 64},   // k0 to k7
	{6, 1152, 512},  // upper halves of zmm0 to zmm15
	{7, 1664, 1024}, // zmm16 to zmm31
	{9, 2688, 8},    // PKRU
}

// intelSize is the size of the note for the components in XCR0, as gdb
// computes it (X86_XSTATE_SIZE).
func intelSize(xcr0 uint64) int {
	switch {
	case xcr0>>9&1 != 0:
		return 2696
	case xcr0&(7<<5) != 0:
		return 2688
	case xcr0>>4&1 != 0:
		return 1088
	case xcr0>>3&1 != 0:
		return 1024
	case xcr0>>2&1 != 0:
		return 832
	}
	return xsaveHeadSize
}

// intelImage moves each component of an image to where debuggers look for it.
// Components that they do not know are left out.
func intelImage(image []byte, layout []XSaveComponent) []byte {
	if len(image) < xsaveHeadSize {
		return image
	}
	xcr0 := binary.LittleEndian.Uint64(image[xcr0Offset:])
	out := make([]byte, intelSize(xcr0))
	copy(out, image[:xsaveHeadSize])
	kept := binary.LittleEndian.Uint64(image[stateBV:]) & 3
	for _, from := range layout {
		to, ok := intelComponent(from.Bit)
		end := uint64(from.Offset) + uint64(from.Size)
		if !ok || end > uint64(len(image)) || int(to.Offset+to.Size) > len(out) {
			continue
		}
		copy(out[to.Offset:to.Offset+to.Size], image[from.Offset:end])
		kept |= binary.LittleEndian.Uint64(image[stateBV:]) & (1 << from.Bit)
	}
	binary.LittleEndian.PutUint64(out[stateBV:], kept)
	return out
}

func intelComponent(bit int) (XSaveComponent, bool) {
	for _, c := range intelOffsets {
		if c.Bit == bit {
			return c, true
		}
	}
	return XSaveComponent{}, false
}

// intelLayout is the note that tells newer debuggers what intelImage did:
// for each component its number, size, offset and flags (struct
// x86_xfeat_component, arch/x86/include/uapi/asm/elf.h).
func intelLayout(layout []XSaveComponent) []byte {
	var b []byte
	for _, c := range layout {
		to, ok := intelComponent(c.Bit)
		if !ok {
			continue
		}
		for _, v := range [...]uint32{uint32(to.Bit), to.Size, to.Offset, 0} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	return b
}
