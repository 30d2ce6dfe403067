package snapshot

import (
	"debug/elf"
	"encoding/binary"
	"slices"

	"warder/regs"
)

const (
	machine = elf.EM_X86_64
	// maxAddress is the first address that no program has memory at, unless it
	// asks for 5-level page tables by a hint to mmap(2).
	maxAddress = 1 << 47

	ntXState      = 0x202 // NT_X86_XSTATE
	ntXSaveLayout = 0x205 // NT_X86_XSAVE_LAYOUT, since Linux 6.12
	ntShadowStack = 0x204 // NT_X86_SHSTK
)

// setNotes are the register sets that a thread may have besides the general.
var setNotes = []uint32{ntXState, ntShadowStack}

// generalSize is that of pr_reg in struct elf_prstatus.
const generalSize = 27 * 8

// general is r as the kernel's user_regs_struct.
func general(r *Registers) []byte {
	b := make([]byte, 0, generalSize)
	for _, v := range [...]uint64{
		r.R15, r.R14, r.R13, r.R12, r.RBP, r.RBX, r.R11, r.R10, r.R9, r.R8,
		r.RAX, r.RCX, r.RDX, r.RSI, r.RDI, r.OrigRAX, r.RIP, r.CS, r.EFLAGS, r.RSP, r.SS,
		r.FSBase, r.GSBase, r.DS, r.ES, r.FS, r.GS,
	} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// restartOf tells whether the thread's call is one that the kernel restarts
// when the thread goes on: arch_do_signal_or_restart, arch/x86/kernel/signal.c.
func restartOf(r *Registers) *Restart {
	if int64(r.OrigRAX) < 0 {
		return nil
	}
	switch errno := -int64(r.RAX); errno {
	case 512, 513, 514, 516:
		return &Restart{Call: r.OrigRAX, Errno: int(errno)}
	}
	return nil
}

// layoutOf is where an XSAVE image of the host has what.
func (h *Host) layoutOf(image []byte) regs.Layout {
	l := regs.Layout{Size: len(image)}
	for _, c := range h.XSave {
		l.Components = append(l.Components, regs.Component{ID: c.Bit, Offset: int(c.Offset), Size: int(c.Size)})
	}
	return l
}

// setNotesOf are the notes of a thread's further sets. Debuggers get XSAVE's
// image in the layout that they know.
func setNotesOf(t *Thread, h *Host) []note {
	image := t.Set(ntXState)
	if len(image) == 0 {
		return nil
	}
	x, err := regs.NewXState(image, h.layoutOf(image))
	if err != nil {
		return nil // State.check refuses it
	}
	return []note{{"CORE", ntFPRegSet, x.FXImage()}, {"LINUX", ntXState, x.IntelImage()}}
}

// checkSets refuses register sets that are not what they are called.
func checkSets(t *Thread, h *Host) error {
	image := t.Set(ntXState)
	if len(image) == 0 {
		return nil
	}
	_, err := regs.NewXState(image, h.layoutOf(image))
	return err
}

// hostNotes are the notes of the machine: for newer debuggers, where each
// component lies in what the others are given (struct x86_xfeat_component,
// arch/x86/include/uapi/asm/elf.h).
func hostNotes(s *State) []note {
	var b []byte
	size := uint32(0)
	for _, n := range setNotesOf(&s.Threads[0], &s.Host) {
		if n.kind == ntXState {
			size = uint32(len(n.data))
		}
	}
	for _, c := range intelOffsets {
		has := slices.ContainsFunc(s.Host.XSave, func(x XSaveComponent) bool { return x.Bit == c.Bit })
		if has && c.Offset+c.Size <= size {
			for _, v := range [...]uint32{uint32(c.Bit), c.Size, c.Offset, 0} {
				b = binary.LittleEndian.AppendUint32(b, v)
			}
		}
	}
	if len(b) == 0 {
		return nil
	}
	return []note{{"LINUX", ntXSaveLayout, b}}
}

// intelOffsets are the offsets in regs' image for debuggers.
var intelOffsets = []XSaveComponent{
	{2, 576, 256}, {3, 960, 64}, {4, 1024, 64}, {5, 1088, 64}, {6, 1152, 512}, {7, 1664, 1024}, {9, 2688, 8},
}

// xsaveLayout is where this CPU's XSAVE image keeps what.
func xsaveLayout() []XSaveComponent {
	var list []XSaveComponent
	for _, c := range regs.CPULayout().Components {
		list = append(list, XSaveComponent{c.ID, uint32(c.Offset), uint32(c.Size)})
	}
	return list
}
