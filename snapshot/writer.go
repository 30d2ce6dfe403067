package snapshot

import (
	"bytes"
	"crypto/rand"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Sizes of ELF64's structures.
const (
	elfHeaderSize  = 64
	progHeaderSize = 56
	sectHeaderSize = 64
)

// formatVersion is that of the own note. A reader refuses others.
const formatVersion = 1

// noteHeadSize is what stands before the JSON in the own note: the version
// and the CRC-32C of the JSON, 4 bytes each.
const noteHeadSize = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxPlainHeaders is how many program headers the ELF header can count
// (PN_XNUM); more are counted in section header 0.
const maxPlainHeaders = 0xffff - 1

// extraSections are the section headers of a file with more program headers:
// number 0 has the count, the others are the notes, which the elfutils look for
// in sections where there are any.
const extraSections = 3

// newID makes the ID of a snapshot.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// image is a core file that is being made. Data is placed and written first;
// headers and notes, which need to know what became of it, come last, into
// the space that was reserved for them before the data, or behind it.
type image struct {
	f       *os.File
	x       extents
	reserve uint64
	next    uint64 // where the next extent goes
}

// newImage reserves room for headers and notes.
func newImage(f *os.File, room, page uint64) *image {
	end := (room + page - 1) / page * page
	return &image{f: f, reserve: end, next: end}
}

// put gives data that has none its place in the file. What comes later may
// lie around what is there already, so its extents have no gaps.
func (i *image) put(data []span, gap uint64) {
	if len(i.x) == 0 {
		i.x = place(data, &i.next, gap)
		return
	}
	i.x = mergeExtents(i.x, place(i.x.missing(data), &i.next, 0))
}

func mergeExtents(a, b extents) extents {
	out := make(extents, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].addr < b[0].addr {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// roomFor is what headers and notes of a snapshot take at most, when its data
// is in so many stretches. A segment begins with one of them or with the pages
// behind one, at the beginning of a mapping or behind a guard.
func roomFor(stretches, mappings int, notes uint64) uint64 {
	headers := 2*stretches + 2*mappings + 2
	return uint64(elfHeaderSize+extraSections*sectHeaderSize+headers*progHeaderSize) + notes
}

// notesOf is the most that the notes for debuggers take, by what is known while
// the process stands still. Where it is too little they lie behind the data.
func notesOf(threads []Thread, areas []area) uint64 {
	n := uint64(64 << 10) // of the process
	for i := range threads {
		n += 4096 // PRSTATUS, FPREGSET, SIGINFO, and the largest XSTATE for debuggers
		for _, set := range threads[i].Sets {
			n += uint64(len(set.Data))
		}
	}
	for i := range areas {
		n += uint64(64 + len(areas[i].Path))
	}
	return n
}

// ownNote is the note with the state.
func ownNote(s *State) ([]byte, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("BUG: state: %w", err)
	}
	data := make([]byte, noteHeadSize, noteHeadSize+len(text))
	binary.LittleEndian.PutUint32(data, formatVersion)
	binary.LittleEndian.PutUint32(data[4:], crc32.Checksum(text, castagnoli))
	return appendNote(nil, note{snapshotOwner, ntSnapshot, append(data, text...)}), nil
}

// finish writes headers and notes.
func (i *image) finish(s *State) error {
	if err := s.check(); err != nil {
		return fmt.Errorf("cannot be written: %w", err)
	}
	own, err := ownNote(s)
	if err != nil {
		return err
	}
	core := coreNotes(s)
	segments := i.x.segments(s)
	count := len(segments) + 2
	if len(own) > maxOwnNote || len(core) > maxCoreNotes || count > maxHeaders {
		return fmt.Errorf("cannot be written: %d bytes of state, %d of notes, %d segments", len(own), len(core), count)
	}
	table := uint64(count * progHeaderSize)
	if count > maxPlainHeaders {
		table += extraSections * sectHeaderSize
	}
	head := uint64(elfHeaderSize)
	end := i.next
	if elfHeaderSize+table+uint64(len(core)) > i.reserve {
		head = end
		end += table + uint64(len(core))
	}
	end = (end + 3) &^ 3

	progs := make([]elf.Prog64, 0, count)
	progs = append(progs, elf.Prog64{
		Type: uint32(elf.PT_NOTE), Flags: uint32(elf.PF_R), Off: head + table, Filesz: uint64(len(core)), Align: 4,
	})
	for _, g := range segments {
		p := elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: g.flags, Vaddr: g.addr, Memsz: g.memory,
			Off: g.off, Filesz: g.file, Align: s.PageSize,
		}
		if g.file == 0 {
			p.Off = i.reserve
		}
		progs = append(progs, p)
	}
	progs = append(progs, elf.Prog64{
		Type: uint32(elf.PT_NOTE), Flags: uint32(elf.PF_R), Off: end, Filesz: uint64(len(own)), Align: 4,
	})

	e := elf.Header64{
		Type: uint16(elf.ET_CORE), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: head, Ehsize: elfHeaderSize, Phentsize: progHeaderSize, Phnum: uint16(count),
	}
	copy(e.Ident[:], elf.ELFMAG)
	e.Ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	e.Ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	e.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var b bytes.Buffer
	// Fixed-size values into a buffer: none of it can fail.
	b.Write(appendHeaders(make([]byte, 0, table), progs))
	if count > maxPlainHeaders {
		const xnum = 0xffff
		e.Phnum, e.Shnum, e.Shentsize, e.Shoff = xnum, extraSections, sectHeaderSize, head+uint64(b.Len())
		sections := [extraSections]elf.Section64{{Size: extraSections, Info: uint32(count)}}
		for i, p := range [...]elf.Prog64{progs[0], progs[count-1]} {
			sections[i+1] = elf.Section64{Type: uint32(elf.SHT_NOTE), Off: p.Off, Size: p.Filesz, Addralign: 4}
		}
		_ = binary.Write(&b, binary.LittleEndian, sections)
	}
	b.Write(core)
	if err := writeAt(i.f, b.Bytes(), head); err != nil {
		return err
	}
	if err := writeAt(i.f, own, end); err != nil {
		return err
	}
	b.Reset()
	_ = binary.Write(&b, binary.LittleEndian, e)
	return writeAt(i.f, b.Bytes(), 0)
}

// appendHeaders appends program headers as the file has them. There may be
// thousands: encoding/binary takes a microsecond for each.
func appendHeaders(b []byte, progs []elf.Prog64) []byte {
	le := binary.LittleEndian
	for i := range progs {
		p := &progs[i]
		b = le.AppendUint32(le.AppendUint32(b, p.Type), p.Flags)
		for _, v := range [...]uint64{p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz, p.Align} {
			b = le.AppendUint64(b, v)
		}
	}
	return b
}

func writeAt(w io.WriterAt, b []byte, off uint64) error {
	_, err := w.WriteAt(b, int64(off))
	return err
}

// output is a file that appears under its name when it is complete.
type output struct {
	path string
	f    *os.File
	sync bool
}

// create makes a file under a temporary name next to path, readable by its
// owner only: a snapshot holds whatever the program held.
func create(path string, noSync bool) (*output, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, &FileError{"create", path, err}
	}
	return &output{path, f, !noSync}, nil
}

// commit gives the file its name.
func (o *output) commit() error {
	if o.sync {
		if err := o.f.Sync(); err != nil {
			return o.fail("sync", err)
		}
	}
	if err := o.f.Close(); err != nil {
		return o.fail("close", err)
	}
	if err := os.Rename(o.f.Name(), o.path); err != nil {
		return o.fail("rename", err)
	}
	o.f = nil
	if o.sync {
		// The new name is the directory's to keep.
		if dir, err := os.Open(filepath.Dir(o.path)); err == nil {
			err = dir.Sync()
			_ = dir.Close()
			if err != nil {
				return &FileError{"sync the directory of", o.path, err}
			}
		}
	}
	return nil
}

// abandon removes what was not committed.
func (o *output) abandon() {
	if o.f != nil {
		_ = o.f.Close()
		_ = os.Remove(o.f.Name())
		o.f = nil
	}
}

func (o *output) fail(op string, err error) error { return &FileError{op, o.path, err} }

// clearFile makes zeros of a part of a file, if possible by giving the space
// back.
func clearFile(f *os.File, off, size uint64) error {
	const mode = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE
	if unix.Fallocate(int(f.Fd()), mode, int64(off), int64(size)) == nil {
		return nil
	}
	zeros := make([]byte, min(size, 1<<20))
	for size > 0 {
		n := min(size, uint64(len(zeros)))
		if err := writeAt(f, zeros[:n], off); err != nil {
			return err
		}
		off, size = off+n, size-n
	}
	return nil
}
