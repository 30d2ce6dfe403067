package tracer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/memory"
)

// TestStartStack walks over stacks that no kernel makes, in our own memory.
func TestStartStack(t *testing.T) {
	const pages = 4
	page := os.Getpagesize()
	region, err := unix.Mmap(-1, 0, (pages+1)*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(region) }()
	if err := unix.Mprotect(region[pages*page:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	region = region[:pages*page]
	base := uint64(uintptr(unsafe.Pointer(&region[0])))

	const (
		vdso   = procfs.AtSysinfoEhdr
		ignore = procfs.AtIgnore
	)
	many := func(n int, word uint64) []uint64 {
		list := make([]uint64, n)
		for i := range list {
			list[i] = word
		}
		return list
	}
	join := func(lists ...[]uint64) (out []uint64) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		before []uint64
		at     []int // which words become AT_IGNORE
		err    error
		bound  int // bytes that may be looked at, or 0
	}{
		{"plain", []uint64{2, 10, 11, 0, 20, 21, 22, 0, 3, vdso, vdso, 99, 25, 7, 0, 0}, []int{10}, nil, 0},
		{"nothing but auxv", []uint64{0, 0, 0, vdso, 1, 0}, []int{3}, nil, 0},
		{"no vDSO", []uint64{1, 10, 0, 20, 0, 3, 4, 0, 0}, nil, nil, 0},
		{"no auxv", []uint64{0, 0, 0, 0}, nil, nil, 0},
		{"two", []uint64{0, 0, 0, vdso, 1, 4, 5, vdso, 2, 0}, []int{3, 7}, nil, 0},
		{"behind the end", []uint64{0, 0, 0, 4, 5, 0, 0, vdso, 2, 0}, nil, nil, 0},
		{"vDSO among arguments", []uint64{1, vdso, 0, vdso, vdso, 0, 4, 5, 0, 0}, nil, nil, 0},
		{"many arguments", join([]uint64{900}, many(900, vdso), []uint64{0, 5, 0, vdso, 9, 0}), []int{904}, nil, 0},
		{"much environment", join([]uint64{0, 0}, many(900, vdso), []uint64{0, vdso, 9, 0}), []int{903}, nil, 0},
		{"argc too large", []uint64{1 << 30, 0, 0, vdso, 1, 0}, nil, errStart, 0},
		{"argc behind the bound", []uint64{5000, 0, 0, vdso, 1, 0}, nil, errStart, 2 * page},
		{"environment without end", join([]uint64{0, 0}, many(1100, 1)), nil, errStart, page},
		{"auxv without end", join([]uint64{0, 0, 0}, many(2*maxAuxCount, 4)), nil, errStart, 0},
	} {
		for _, word := range []int{8, 4} {
			// At a page's beginning, across pages, and so that the last word
			// is the last that is mapped.
			for _, start := range []int{0, page - 2*word, len(region) - word*len(tt.before)} {
				clear(region)
				want := bytes.Clone(region)
				put := func(b []byte, i int, v uint64) {
					if word == 8 {
						binary.LittleEndian.PutUint64(b[start+8*i:], v)
					} else {
						binary.LittleEndian.PutUint32(b[start+4*i:], uint32(v))
					}
				}
				for i, v := range tt.before {
					put(region, i, v)
					put(want, i, v)
				}
				for _, i := range tt.at {
					put(want, i, ignore)
				}
				sp := base + uint64(start)
				// Never into memory of our own that is something else.
				w := startStack{space: memory.Of(os.Getpid()), next: sp, end: base + uint64((pages+1)*page), word: word}
				if tt.bound != 0 {
					w.end = sp + uint64(tt.bound)
				}
				if err := w.hide(); !errors.Is(err, tt.err) {
					t.Errorf("%s, words of %d at %d: %v, want %v", tt.name, word, start, err, tt.err)
				}
				if !bytes.Equal(region, want) {
					t.Errorf("%s, words of %d at %d: wrong words were written", tt.name, word, start)
				}
			}
		}
	}
	// Lists that go on to the last word that is mapped.
	for _, before := range [][]uint64{{1}, {1, 2}, {0, 0, 1, 2, 3}, {0, 0, 0, 4}, {0, 0, 0, 4, 5}} {
		for _, word := range []int{8, 4} {
			clear(region)
			start := len(region) - word*len(before)
			for i, v := range before {
				region[start+i*word] = byte(v)
			}
			w := startStack{space: memory.Of(os.Getpid()), next: base + uint64(start), end: base + uint64((pages+1)*page), word: word}
			if err := w.hide(); !errors.Is(err, unix.EFAULT) {
				t.Errorf("%v in words of %d before nothing: %v", before, word, err)
			}
		}
	}
}
