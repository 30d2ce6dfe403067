package snapshot

import (
	"debug/elf"
	"encoding/binary"
)

const (
	machine = elf.EM_X86_64
	// maxAddress is the first address that no program has memory at, unless it
	// asks for 5-level page tables by a hint to mmap(2).
	maxAddress = 1 << 47

	ntXState      = 0x202 // NT_X86_XSTATE
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

// setNotesOf are the notes of a thread's further sets.
func setNotesOf(t *Thread, h *Host) []note {
	image := t.Set(ntXState)
	if len(image) < fxsaveSize {
		return nil
	}
	return []note{
		{"CORE", ntFPRegSet, image[:fxsaveSize]},
		{"LINUX", ntXState, intelImage(image, h.XSave)},
	}
}

// hostNotes are the notes of the machine.
func hostNotes(h *Host) []note {
	if len(h.XSave) == 0 {
		return nil
	}
	return []note{{"LINUX", ntXSaveLayout, intelLayout(h.XSave)}}
}

// cpuid is the instruction.
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

// xsaveLayout asks the CPU where its XSAVE image keeps what, for the
// components that the kernel saves (XCR0).
func xsaveLayout() []XSaveComponent {
	if most, _, _, _ := cpuid(0, 0); most < 0xd {
		return nil
	}
	if _, _, c, _ := cpuid(1, 0); c>>27&1 == 0 { // OSXSAVE
		return nil
	}
	low, _, _, high := cpuid(0xd, 0)
	enabled := uint64(high)<<32 | uint64(low)
	var list []XSaveComponent
	for bit := 2; bit < 63; bit++ {
		if enabled>>bit&1 == 0 {
			continue
		}
		size, offset, flags, _ := cpuid(0xd, uint32(bit))
		if size > 0 && flags&1 == 0 { // not a supervisor's component
			list = append(list, XSaveComponent{bit, offset, size})
		}
	}
	return list
}
