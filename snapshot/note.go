package snapshot

import (
	"encoding/binary"
	"strings"
)

// Types of notes (include/uapi/linux/elf.h).
const (
	ntPRStatus = 1
	ntPRPSInfo = 3
	ntFPRegSet = 2
	ntAuxv     = 6
	ntSigInfo  = 0x53494749
	ntFile     = 0x46494c45
	// ntSnapshot is our own. delve looks only at the type of a note and not at
	// its owner, so it must be one that nobody has.
	ntSnapshot    = 0x534e4150
	snapshotOwner = "WARDER"
)

// note is one entry of a PT_NOTE segment.
type note struct {
	owner string
	kind  uint32
	data  []byte
}

// appendNote appends a note: three words (sizes of name and data, type), the
// name with its NUL, the data, both filled up to a multiple of 4.
func appendNote(b []byte, n note) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(n.owner)+1))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(n.data)))
	b = binary.LittleEndian.AppendUint32(b, n.kind)
	b = append(append(b, n.owner...), 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, n.data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// coreNotes are the notes that every debugger reads. Readers take what follows
// a PRSTATUS for that thread's until the next one, and show the first thread
// first.
func coreNotes(s *State) []byte {
	var b []byte
	for i := range s.Threads {
		t := &s.Threads[i]
		b = appendNote(b, note{"CORE", ntPRStatus, prStatus(s, t)})
		if i == 0 {
			b = appendNote(b, note{"CORE", ntPRPSInfo, prPSInfo(s)})
			if len(s.Process.Auxv) > 0 {
				b = appendNote(b, note{"CORE", ntAuxv, auxvNote(s.Process.Auxv)})
			}
			b = appendNote(b, note{"CORE", ntFile, fileNote(s)})
		}
		for _, n := range setNotesOf(t, &s.Host) {
			b = appendNote(b, n)
		}
		if len(t.SigInfo) > 0 {
			b = appendNote(b, note{"CORE", ntSigInfo, t.SigInfo})
		}
	}
	for _, n := range hostNotes(s) {
		b = appendNote(b, n)
	}
	return b
}

// prStatus is struct elf_prstatus (include/linux/elfcore.h).
func prStatus(s *State, t *Thread) []byte {
	const registers = 112
	b := make([]byte, registers+generalSize+8)
	le := binary.LittleEndian
	le.PutUint32(b[0:], uint32(t.Signal)) // si_signo
	le.PutUint16(b[12:], uint16(t.Signal))
	le.PutUint64(b[16:], pendingMask(t.Pending)|pendingMask(s.Process.Signals.Pending))
	le.PutUint64(b[24:], t.SigMask)
	for i, id := range [...]int{t.TID, s.Process.PPID, s.Process.PGRP, s.Process.Session} {
		le.PutUint32(b[32+4*i:], uint32(id))
	}
	for i, ticks := range [...]uint64{t.UserTicks, t.SystemTicks} {
		le.PutUint64(b[48+16*i:], ticks/userHZ)
		le.PutUint64(b[56+16*i:], ticks%userHZ*(1e6/userHZ))
	}
	copy(b[registers:], general(&t.Regs))
	if len(t.Sets) > 0 {
		le.PutUint32(b[registers+generalSize:], 1) // pr_fpvalid
	}
	return b
}

// userHZ is the unit of CPU times in /proc: 1/100 s on every architecture of
// ours.
const userHZ = 100

// pendingMask collects the signals of siginfos.
func pendingMask(infos [][]byte) uint64 {
	mask := uint64(0)
	for _, info := range infos {
		if len(info) >= 4 {
			if n := binary.LittleEndian.Uint32(info); n >= 1 && n <= 64 {
				mask |= 1 << (n - 1)
			}
		}
	}
	return mask
}

// prPSInfo is struct elf_prpsinfo.
func prPSInfo(s *State) []byte {
	p := &s.Process
	b := make([]byte, 136)
	le := binary.LittleEndian
	b[1] = 'R' // pr_sname; pr_state 0 is running
	b[3] = byte(p.Nice)
	le.PutUint64(b[8:], p.Flags)
	for i, id := range [...]int{p.UIDs[0], p.GIDs[0], p.PID, p.PPID, p.PGRP, p.Session} {
		le.PutUint32(b[16+4*i:], uint32(id))
	}
	copy(b[40:55], p.Name)
	copy(b[56:135], strings.Join(p.Args, " "))
	return b
}

func auxvNote(auxv []Aux) []byte {
	b := make([]byte, 0, 16*len(auxv)+16)
	for _, a := range auxv {
		b = binary.LittleEndian.AppendUint64(b, a.Key)
		b = binary.LittleEndian.AppendUint64(b, a.Value)
	}
	return append(b, make([]byte, 16)...) // AT_NULL
}

// fileNote is NT_FILE (fill_files_note, fs/binfmt_elf.c): count, page size,
// then start, end and offset in pages of each, then the paths.
func fileNote(s *State) []byte {
	head := make([]byte, 16)
	var names []byte
	count := uint64(0)
	for i := range s.Mappings {
		m := &s.Mappings[i]
		if m.File == 0 {
			continue
		}
		count++
		for _, v := range [...]uint64{m.Start, m.End, m.Offset / s.PageSize} {
			head = binary.LittleEndian.AppendUint64(head, v)
		}
		names = append(append(names, s.PathOf(m)...), 0)
	}
	binary.LittleEndian.PutUint64(head, count)
	binary.LittleEndian.PutUint64(head[8:], s.PageSize)
	return append(head, names...)
}
