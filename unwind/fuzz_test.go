package unwind_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"warder/memory"
	"warder/regs"
	"warder/unwind"
)

// space is memory made of pieces.
type space []piece

type piece struct {
	at uint64
	b  []byte
}

func (s space) ReadAt(p []byte, off int64) (int, error) {
	for _, x := range s {
		if uint64(off) >= x.at && uint64(off)-x.at < uint64(len(x.b)) {
			n := copy(p, x.b[uint64(off)-x.at:])
			if n < len(p) {
				return n, unix.EFAULT
			}
			return n, nil
		}
	}
	return 0, unix.EFAULT
}

const (
	fuzzCode  = 0x400000
	fuzzStack = 0x7ffd_0000_0000
)

// check looks at what holds for every trace.
func check(t *testing.T, trace unwind.Trace) {
	t.Helper()
	var frames []unwind.Frame
	for _, f := range trace.Frames {
		if !f.Inlined {
			frames = append(frames, f)
		}
	}
	if len(frames) == 0 || len(frames) > 128 || trace.End == "" || trace.Complete && frames[len(frames)-1].Guess() {
		t.Fatalf("%d frames, %q, %v", len(frames), trace.End, trace.Complete)
	}
	for i := 1; i+1 < len(frames); i++ {
		a, b := frames[i-1], frames[i]
		if !a.Signal && !b.Signal && a.CFA != 0 && b.CFA != 0 && b.CFA <= a.CFA {
			t.Fatalf("frame %d at %#x, above it one at %#x\n%s", i-1, a.CFA, b.CFA, trace)
		}
	}
	_ = trace.String()
	for _, f := range frames {
		if _, err := f.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
	}
}

// fromWords fills registers with what is in b, and puts those that lead the
// walk near the stack.
func fromWords(b []byte, pc uint64) *regs.Regs {
	r := new(regs.Regs)
	for _, name := range regs.Names() {
		var w [8]byte
		b = b[copy(w[:], b):]
		_ = r.Set(name, binary.LittleEndian.Uint64(w[:])&0xffff_ffff_ffff) // flags are smaller: as they are
	}
	r.SetPC(pc)
	for _, name := range []string{"rsp", "rbp", "sp", "fp"} {
		if v, ok := r.Get(name); ok {
			_ = r.Set(name, fuzzStack+v%(1<<16))
		}
	}
	return r
}

// FuzzStack walks stacks of any content, in code of a real program.
func FuzzStack(f *testing.F) {
	path := build(f, "signals.c", "-g", "-O2", "-static")
	file, err := elf.Open(path)
	if err != nil {
		f.Fatal(err)
	}
	syms, err := file.Symbols()
	file.Close()
	if err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	maps := []memory.Mapping{}
	var mem space
	for _, p := range file.Progs {
		if p.Type != elf.PT_LOAD {
			continue
		}
		start, off := p.Vaddr&^0xfff, p.Off&^0xfff
		maps = append(maps, memory.Mapping{
			Start: start, End: (p.Vaddr + p.Memsz + 0xfff) &^ 0xfff, Offset: off, Path: path, Dev: "08:01", Inode: 1,
			Perms: memory.Perms{R: true, X: p.Flags&elf.PF_X != 0},
		})
		mem = append(mem, piece{start, b[off : p.Off+p.Filesz]})
	}
	maps = append(maps, memory.Mapping{Start: fuzzStack, End: fuzzStack + 1<<20, Perms: memory.Perms{R: true, W: true}, Path: "[stack]"})
	at := map[string]uint64{}
	for _, s := range syms {
		at[s.Name] = s.Value
	}
	for _, name := range []string{"main", "compute", "deeper", "__restore_rt", "raise", "_start"} {
		stack := make([]byte, 512)
		for i := range 64 {
			binary.LittleEndian.PutUint64(stack[8*i:], at["main"]+uint64(i))
		}
		f.Add(stack, stack[:200], uint32(at[name]-fuzzCode))
	}
	u := unwind.New(unwind.Config{DebugDirs: []string{}})
	f.Fuzz(func(t *testing.T, stack, words []byte, pc uint32) {
		p := &unwind.Process{
			Memory: append(mem[:len(mem):len(mem)], piece{fuzzStack, stack}),
			Maps:   maps,
			Open:   func(memory.Mapping) (*os.File, error) { return os.Open(path) },
		}
		check(t, u.Backtrace(p, fromWords(words, fuzzCode+uint64(pc)%(1<<20))))
	})
}

// FuzzFile walks through code of files of any content, first as they are in
// memory and then as files.
func FuzzFile(f *testing.F) {
	for _, flags := range [][]string{{"-O1", "-nostdlib", "-static", "-Wl,--entry=main", "-g"}, {"-O1", "-nostdlib", "-shared", "-fPIC", "-g", "-gz"}} {
		b, err := os.ReadFile(build(f, "tiny.c", flags...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, bytes.Repeat([]byte{0x10, 0x10, 0x40, 0, 0, 0, 0, 0}, 32), uint16(0x1010))
	}
	f.Fuzz(func(t *testing.T, b, stack []byte, pc uint16) {
		if len(b) == 0 {
			return
		}
		fd, err := unix.MemfdCreate("fuzz", unix.MFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(fd), "fuzz")
		defer file.Close()
		if _, err := file.Write(b); err != nil {
			t.Fatal(err)
		}
		p := &unwind.Process{
			Memory: space{{fuzzCode, b}, {fuzzStack, stack}},
			Maps: []memory.Mapping{
				{Start: fuzzCode, End: fuzzCode + 1<<20, Path: "/fuzz", Dev: "00:01", Inode: 7, Perms: memory.Perms{R: true, X: true}},
				{Start: fuzzStack, End: fuzzStack + 1<<20, Path: "[stack]", Perms: memory.Perms{R: true, W: true}},
			},
		}
		r := fromWords(stack, fuzzCode+uint64(pc))
		u := unwind.New(unwind.Config{DebugDirs: []string{}})
		check(t, u.Backtrace(p, r))
		p.Open = func(memory.Mapping) (*os.File, error) {
			again, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				return nil, err
			}
			return os.NewFile(uintptr(again), "fuzz"), nil
		}
		check(t, u.Backtrace(p, r))
		p.Maps[0].Path = "[vdso]"
		check(t, u.Backtrace(p, r))
	})
}

// FuzzDemangled looks for names that the demangler does not stand.
func FuzzDemangled(f *testing.F) {
	for _, s := range []string{"_ZN3zoo4CageIlE5speakEi", "_RNvNtCs1234_7mycrate3foo3bar", "_ZN5rusty4main17h004013894672dc6aE", "_ZSt4sortIPiZ4mainEUliiE_EvT_S2_T0_"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if s := unwind.Demangled(name); len(s) > max(1<<15, 4*len(name)) {
			t.Fatalf("%d bytes of %d", len(s), len(name))
		}
	})
}

var _ io.ReaderAt = space(nil)
