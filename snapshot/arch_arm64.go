package snapshot

import (
	"debug/elf"
	"encoding/binary"
)

const (
	machine    = elf.EM_AARCH64
	maxAddress = 1 << 48 // programs get more only by a hint to mmap(2)

	ntTLS  = 0x401 // NT_ARM_TLS
	ntCall = 0x404 // NT_ARM_SYSTEM_CALL
)

// setNotes are the register sets that a thread may have besides the general.
var setNotes = []uint32{ntFPRegSet, ntTLS, ntCall}

// generalSize is that of pr_reg in struct elf_prstatus.
const generalSize = 34 * 8

// general is r as the kernel's user_pt_regs.
func general(r *Registers) []byte {
	b := make([]byte, 0, generalSize)
	for _, v := range r.X {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	for _, v := range [...]uint64{r.Sp, r.Pc, r.Pstate} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// restartOf is unknown here: the kernel sets x0 back and moves the program
// counter before a tracer sees the stop (do_signal, arch/arm64/kernel/signal.c).
func restartOf(*Registers) *Restart { return nil }

// setNotesOf are the notes of a thread's further sets.
func setNotesOf(t *Thread, _ *Host) []note {
	var notes []note
	for _, set := range t.Sets {
		owner := "LINUX"
		if set.Note == ntFPRegSet {
			owner = "CORE"
		}
		notes = append(notes, note{owner, set.Note, set.Data})
	}
	return notes
}

func hostNotes(*State) []note { return nil }

func checkSets(*Thread, *Host) error { return nil }

func xsaveLayout() []XSaveComponent { return nil }
