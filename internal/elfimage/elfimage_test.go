package elfimage_test

import (
	"bytes"
	"debug/elf"
	"io"
	"testing"

	"warder/internal/elfimage"
)

// TestStatic reads the files back. That they run is seen where they are used.
func TestStatic(t *testing.T) {
	const base = 0x400000
	code := []byte{0x0f, 0x05, 0xcc}
	for _, zeroed := range [][]elfimage.Zeroed{nil, {{0x500000, 4 << 20}}, {{0x500000, 4096}, {0x600000, 1}}} {
		head := uint64(elfimage.HeaderSize + (1+len(zeroed))*elfimage.SegmentSize)
		size := head + uint64(len(code))
		image := elfimage.Static(elf.EM_AARCH64, base, code, zeroed...)
		f, err := elf.NewFile(bytes.NewReader(image))
		if err != nil {
			t.Fatal(err)
		}
		if want := (elf.FileHeader{
			Class: elf.ELFCLASS64, Data: elf.ELFDATA2LSB, Version: elf.EV_CURRENT, ByteOrder: f.ByteOrder,
			Type: elf.ET_EXEC, Machine: elf.EM_AARCH64, Entry: base + head,
		}); f.FileHeader != want {
			t.Errorf("header %+v, want %+v", f.FileHeader, want)
		}
		want := []elf.ProgHeader{{
			Type: elf.PT_LOAD, Flags: elf.PF_R | elf.PF_X, Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 4096,
		}}
		for _, z := range zeroed {
			want = append(want, elf.ProgHeader{
				Type: elf.PT_LOAD, Flags: elf.PF_R | elf.PF_W, Vaddr: z.Base, Paddr: z.Base, Memsz: z.Size, Align: 4096,
			})
		}
		if len(f.Progs) != len(want) || len(f.Sections) != 0 {
			t.Fatalf("%d segments and %d sections, want %d and none", len(f.Progs), len(f.Sections), len(want))
		}
		for i, p := range f.Progs {
			if p.ProgHeader != want[i] {
				t.Errorf("segment %d: %+v, want %+v", i, p.ProgHeader, want[i])
			}
		}
		if text, err := io.ReadAll(f.Progs[0].Open()); err != nil || !bytes.Equal(text, image) || !bytes.Equal(text[head:], code) {
			t.Errorf("the first segment holds %x, %v, want the file, with %x at its end", text, err, code)
		}
	}
}
