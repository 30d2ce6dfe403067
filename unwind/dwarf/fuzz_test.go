package dwarf_test

import (
	"testing"

	"warder/unwind/dwarf"
)

// FuzzFind looks addresses up in information of any content.
func FuzzFind(f *testing.F) {
	s, file := sections(f, compileFile(f, "testdata/small.cc", "-g", "-O2", "-nostdlib", "-Wl,--entry=main"))
	start, size := text(f, file)
	f.Add(s.Abbrev, s.Info, s.Line, s.LineStr, s.Str, s.RngLists, start, start+size-1)
	s, _ = sections(f, compileFile(f, "testdata/small.cc", "-gdwarf-4", "-O2", "-nostdlib", "-Wl,--entry=main"))
	f.Add(s.Abbrev, s.Info, s.Line, s.LineStr, s.Str, s.Ranges, start, start+10)
	f.Fuzz(func(t *testing.T, abbrev, info, line, lineStr, str, ranges []byte, a, b uint64) {
		d := dwarf.New(dwarf.Sections{
			Abbrev: abbrev, Info: info, Line: line, LineStr: lineStr, Str: str, Ranges: ranges, RngLists: ranges,
			Addr: ranges, StrOffsets: ranges,
		})
		for _, addr := range []uint64{a, b, a + (b-a)/2, a + 1} {
			steps := 1 << 20
			calls, _ := d.Find(addr, &steps)
			for i, c := range calls {
				if c.Inlined != (i < len(calls)-1) || c.Line < 0 || len(c.Name) > 1<<13 || len(c.File) > 1<<14 {
					t.Fatalf("call %d of %d: %+v", i, len(calls), c)
				}
			}
		}
	})
}
