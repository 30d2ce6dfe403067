package snapshot

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// small is a full snapshot with a data page, whatever the seed.
func small(t testing.TB) []byte {
	f := invent(rand.New(rand.NewSource(2)), false)
	f.state.Mappings = []Mapping{
		{Start: 0x10000, End: 0x13000, Perms: "rw-p", Runs: Runs{{1, Data}, {2, Zero}}},
		{Start: 0x20000, End: 0x22000, Perms: "r--p", File: 1, Runs: Runs{{1, Data}, {1, Clean}}},
	}
	f.pages = map[uint64][]byte{0x10000: bytes.Repeat([]byte{1}, page), 0x20000: bytes.Repeat([]byte{2}, page)}
	return whole(t, f)
}

// forge replaces the state of a file by a changed one, which need not be one
// that could be written: the new note goes behind the file.
func forge(t *testing.T, b []byte, change func(*State)) []byte {
	t.Helper()
	c, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c.State()) // a copy to change
	s := &State{}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		t.Fatal(err)
	}
	change(s)
	note, err := ownNote(s)
	if err != nil {
		t.Fatal(err)
	}
	return attach(b, note)
}

// attach makes a note the file's own.
func attach(b, note []byte) []byte {
	out := append(bytes.Clone(b), make([]byte, -len(b)&3)...)
	last := elfHeaderSize + progHeaderSize*(int(binary.LittleEndian.Uint16(b[56:]))-1)
	binary.LittleEndian.PutUint64(out[last+8:], uint64(len(out)))
	binary.LittleEndian.PutUint64(out[last+32:], uint64(len(note)))
	return append(out, note...)
}

// TestRefusals: what is wrong in a file is named, with where it is.
func TestRefusals(t *testing.T) {
	le := binary.LittleEndian
	// header changes bytes; h(i) is where program header i begins.
	h := func(i int) int { return elfHeaderSize + i*progHeaderSize }
	const offset, vaddr, filesz, memsz = 8, 16, 32, 40
	for want, change := range map[string]func(b []byte){
		"ELF header at 0x0: no ELF file":     func(b []byte) { b[0] = 0 },
		"ELF header at 0x4: not for 64 bits": func(b []byte) { b[4] = 1 },
		"type ET_EXEC, not a core file":      func(b []byte) { b[16] = 2 },
		"a core of EM_386":                   func(b []byte) { b[18] = 3 },
		"program headers of 57 bytes":        func(b []byte) { b[54]++ },
		"1 program headers":                  func(b []byte) { le.PutUint16(b[56:], 1) },
		"program headers at 0x40: 3669904 bytes reach beyond": func(b []byte) {
			le.PutUint16(b[56:], 65535)
			le.PutUint16(b[56:], 65535-1-1)
			le.PutUint16(b[56:], 65535-1)
		},
		"section headers of 0 bytes where there are 3": func(b []byte) { le.PutUint16(b[56:], 65535) },
		"section headers at 0xffffffffffffffff": func(b []byte) {
			le.PutUint16(b[56:], 65535)
			le.PutUint16(b[58:], 64)
			le.PutUint16(b[60:], extraSections)
			le.PutUint64(b[40:], 1<<64-1)
		},
		"program headers at 0xffffffffffffff00":                     func(b []byte) { le.PutUint64(b[32:], 1<<64-256) },
		"program header 1 at 0x78: type PT_INTERP":                  func(b []byte) { b[h(1)] = 3 },
		"the note WARDER at 0x1: 33554433 bytes: the most":          func(b []byte) { le.PutUint64(b[h(3)+offset:], 1); le.PutUint64(b[h(3)+filesz:], maxOwnNote+1) },
		"the note WARDER at 0x40: there is none":                    func(b []byte) { le.PutUint64(b[h(3)+offset:], 64); le.PutUint64(b[h(3)+filesz:], 64) },
		"the notes at 0x4: 67108865 bytes: the most":                func(b []byte) { le.PutUint64(b[h(0)+offset:], 4); le.PutUint64(b[h(0)+filesz:], maxCoreNotes+1) },
		"program header 1 at 0x78: not in whole pages":              func(b []byte) { le.PutUint64(b[h(1)+offset:], 1) },
		"more in the file than in memory":                           func(b []byte) { le.PutUint64(b[h(1)+filesz:], 16*page) },
		"are not a program's addresses":                             func(b []byte) { le.PutUint64(b[h(1)+vaddr:], maxAddress); le.PutUint64(b[h(1)+memsz:], 1<<63) },
		"4096 bytes reach beyond the end of the file":               func(b []byte) { le.PutUint64(b[h(1)+offset:], 1<<40) },
		"are not in one mapping":                                    func(b []byte) { le.PutUint64(b[h(1)+memsz:], 16*page) },
		": overlaps with the pages of program header 1 in the file": func(b []byte) { copy(b[h(2)+offset:h(2)+offset+8], b[h(1)+offset:]) },
		"is not above the segment before":                           func(b []byte) { le.PutUint64(b[h(2)+vaddr:], 0x10000); le.PutUint32(b[h(2)+4:], 6) },
		"protection 0x7; its mapping is rw-p":                       func(b []byte) { b[h(1)+4] = 7 },
		"the memory at 0x10000: data pages":                         func(b []byte) { le.PutUint64(b[h(1)+filesz:], 0) },
		"the memory at 0x21000: clean pages, by the state; in":      func(b []byte) { le.PutUint64(b[h(2)+filesz:], 2*page); le.PutUint64(b[h(2)+offset:], 0x11000) },
	} {
		b := small(t)
		change(b)
		refused(t, b, want)
	}
	b := small(t)
	refused(t, b[:len(b)-1], "reach beyond the end of the file")
	refused(t, b[:40], "ELF header at 0x0")
	refused(t, nil, "ELF header at 0x0")
	i := bytes.LastIndex(b, []byte(snapshotOwner))
	b[i+100]++
	refused(t, b, "its checksum is wrong")
	b = small(t)
	b[i+8]++
	refused(t, b, "version 2 of the format; this is 1")
	// A thread that the debuggers' notes show in another place.
	b = small(t)
	le.PutUint64(b[h(4)+12+8+112:], 42)
	refused(t, b, "thread 0 is not as in the state")
}

// TestStateRefusals: the same for the state.
func TestStateRefusals(t *testing.T) {
	for want, change := range map[string]func(s *State){
		"ids":                            func(s *State) { s.ID = "x" },
		"ids \"":                         func(s *State) { s.Parent = s.ID },
		"taken on \"vax\"":               func(s *State) { s.Arch = "vax" },
		"pages of 0 bytes":               func(s *State) { s.PageSize = 0 },
		"101 notes":                      func(s *State) { s.Notes = make([]string, 101) },
		"XSAVE component 3: 4294967295":  func(s *State) { s.Host.XSave = []XSaveComponent{{3, 576, 1<<32 - 1}} },
		"XSAVE component 4: 64 bytes":    func(s *State) { s.Host.XSave = []XSaveComponent{{3, 576, 64}, {4, 600, 64}} },
		"XSAVE component 70":             func(s *State) { s.Host.XSave = []XSaveComponent{{70, 576, 64}} },
		"process -1":                     func(s *State) { s.Process.PID = -1 },
		"513 entries of the auxiliary":   func(s *State) { s.Process.Auxv = make([]Aux, 513) },
		"1025 descriptors":               func(s *State) { s.Process.Descriptors = make([]Descriptor, 1025) },
		"an action of signal 65":         func(s *State) { s.Process.Signals.Actions[0].Signal = 65 },
		"layout: address":                func(s *State) { s.Process.Layout.Brk = 1 << 63 },
		"process: a siginfo of 1 bytes":  func(s *State) { s.Process.Signals.Pending = [][]byte{{1}} },
		"0 threads":                      func(s *State) { s.Threads = nil },
		"4097 threads":                   func(s *State) { s.Threads = make([]Thread, maxThreads+1) },
		"is there twice":                 func(s *State) { s.Threads = append(s.Threads, s.Threads[0]) },
		"signal 1000":                    func(s *State) { s.Threads[0].Signal = 1000 },
		"register set 0x1 of 4 bytes":    func(s *State) { s.Threads[0].Sets = []RegSet{{1, make([]byte, 4)}} },
		"addresses up to":                func(s *State) { s.Mappings[0].Start = 1 },
		"addresses up to 0x800000001000": func(s *State) { s.Mappings[0].End = 1<<47 + page },
		"mapping 0 at 0x10000: offset":   func(s *State) { s.Mappings[0].Offset = 1<<63 - page },
		"file 9 of 2":                    func(s *State) { s.Mappings[0].File = 9 },
		"protection \"rwzp\"":            func(s *State) { s.Mappings[0].Perms = "rwzp" },
		"protection key -1":              func(s *State) { s.Mappings[0].PKey = -1 },
		"runs of 1 pages; it has 3":      func(s *State) { s.Mappings[0].Runs = Runs{{1, Data}} },
		"runs of more than its 3 pages":  func(s *State) { s.Mappings[0].Runs = Runs{{2, Data}, {1 << 40, Zero}} },
		"the same as in no other":        func(s *State) { s.Mappings[0].Runs = Runs{{3, Same}} },
		"mapping 1 at 0x10000 begins":    func(s *State) { s.Mappings[1].Start = 0x10000; s.Mappings[1].Runs = Runs{{18, Zero}} },
		"the notes":                      func(s *State) { s.Threads[0].TID += 100 },
		"malformed runs":                 func(s *State) { s.Mappings[0].Runs = Runs{{3, 'q'}} },
		"the memory at 0x11000: data":    func(s *State) { s.Mappings[0].Runs = Runs{{3, Data}} },
		"the memory at 0x10000: lost":    func(s *State) { s.Mappings[0].Runs = Runs{{3, Lost}} },
		"a name of":                      func(s *State) { s.Process.Name = strings.Repeat("x", maxText+1) },
	} {
		b := forge(t, small(t), change)
		want = strings.TrimSuffix(want, "\"")
		refused(t, b, want)
	}
}

// TestTextRefusals: and for the JSON.
func TestTextRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "EOF",
		"{}{}":                            "something behind the state",
		`{"unknown": 1}`:                  "unknown field",
		`{"threads": 7}`:                  "cannot unmarshal number",
		`{"threads": [{"regs": {}}]}`:     "0 registers",
		strings.Repeat("{", maxObjects+1): "more than 250000 objects",
		`{"mappings": [{"pages": "99999999999999999999d"}]}`: "malformed runs",
	} {
		data := make([]byte, noteHeadSize)
		data[0] = formatVersion
		note := appendNote(nil, note{snapshotOwner, ntSnapshot, append(data, text...)})
		b := attach(small(t), note)
		repair(b)
		refused(t, b, want)
	}
}

func refused(t *testing.T, b []byte, want string) {
	t.Helper()
	_, err := Read(bytes.NewReader(b), int64(len(b)))
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %q", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %v", err)
	}
}

// TestOpenOthers: files that are something else altogether.
func TestOpenOthers(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		fifo: ErrFormat, dir: ErrFormat, "/dev/null": ErrFormat,
		filepath.Join(dir, "none"): os.ErrNotExist,
		"/proc/self/exe":           ErrFormat,
	} {
		if _, err := Open(path, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// whole is a small file's bytes.
func whole(t testing.TB, f *fiction) []byte {
	t.Helper()
	b, err := os.ReadFile(f.write(t).Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// repair corrects the checksum of a state that was changed.
func repair(b []byte) {
	i := bytes.LastIndex(b, []byte(snapshotOwner+"\x00"))
	if i < 12 || i+16 > len(b) {
		return
	}
	size := int(binary.LittleEndian.Uint32(b[i-8:]))
	if size < noteHeadSize || i+8+size > len(b) {
		return
	}
	text := b[i+8+noteHeadSize : i+8+size]
	binary.LittleEndian.PutUint32(b[i+12:], crc32.Checksum(text, castagnoli))
}

func FuzzOpen(f *testing.F) {
	for seed := range int64(4) {
		fiction := invent(rand.New(rand.NewSource(seed)), seed%2 == 0)
		s := fiction.state
		s.Threads = s.Threads[:1]
		s.Mappings = []Mapping{{Start: 0x10000, End: 0x13000, Perms: "rw-p", File: 1, Runs: Runs{{1, Data}, {1, Zero}, {1, Clean}}}}
		if seed%2 == 0 {
			s.Mappings[0].Runs[1].Kind = Same
		}
		fiction.pages = map[uint64][]byte{0x10000: bytes.Repeat([]byte{1}, page)}
		f.Add(whole(f, fiction))
	}
	f.Add([]byte(zstdMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		repair(b)
		c, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("an error without a cause: %v", err)
			}
			return
		}
		buf := make([]byte, page)
		for _, s := range c.spans {
			if _, err := c.ReadAt(buf[:min(s.size(), page)], int64(s.start)); s.kind == Data && err != nil {
				t.Errorf("data that is not there: %v", err)
			}
		}
	})
}
