package memory

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// MaxSearch is how many bytes Search reads at most: a program can map
// terabytes that it never touched, and each page read of them takes time and
// page tables.
const MaxSearch = 16 << 30

// ErrTooLarge is the cause when Search gave up after MaxSearch bytes.
var ErrTooLarge = errors.New("too much memory to search")

// searchChunk is large enough for process_vm_readv's best rate.
const searchChunk = 256 << 10

// Search returns the addresses, ascending, at which pattern occurs in
// readable memory, overlapping occurrences included, at most limit of them.
// Mappings that touch count as one; pages that cannot be read are stepped
// over. With an error come those that were found before it.
func (s *Space) Search(pattern []byte, limit int) ([]uint64, error) {
	if len(pattern) == 0 || limit < 1 {
		return nil, s.fail("search", 0, unix.EINVAL)
	}
	maps, err := s.Maps()
	if err != nil {
		return nil, err
	}
	var found []uint64
	var buf []byte
	budget := uint64(MaxSearch)
	for _, r := range readable(maps) {
		// Pieces overlap by one byte less than the pattern: no occurrence is
		// cut, none is met twice.
		for r.Len >= uint64(len(pattern)) {
			if buf == nil {
				buf = make([]byte, searchChunk+len(pattern))
			}
			p := buf[:min(r.Len, uint64(len(buf)))]
			if uint64(len(p)) > budget {
				return found, s.fail("search", r.Addr, ErrTooLarge)
			}
			budget -= uint64(len(p))
			_, holes, err := s.Read(p, r.Addr)
			if err != nil {
				return found, err
			}
			found = match(found, p, r.Addr, holes, pattern, limit)
			if len(found) == limit {
				return found, nil
			}
			step := uint64(len(p) - len(pattern) + 1)
			r.Addr += step
			r.Len -= step
		}
	}
	return found, nil
}

// readable joins the readable mappings that touch, without those in the upper
// half of the address space ([vsyscall]).
func readable(maps []Mapping) []Range {
	var ranges []Range
	for _, m := range maps {
		if !m.Perms.R || m.End > 1<<63 {
			continue
		}
		if last := len(ranges) - 1; last >= 0 && ranges[last].End() == m.Start {
			ranges[last].Len += m.Size()
		} else {
			ranges = append(ranges, m.Range())
		}
	}
	return ranges
}

// match looks for pattern between the holes of p, which lies at addr.
func match(found []uint64, p []byte, addr uint64, holes []Range, pattern []byte, limit int) []uint64 {
	from := 0
	for i := 0; i <= len(holes); i++ {
		to, next := len(p), len(p)
		if i < len(holes) {
			to = int(holes[i].Addr - addr)
			next = to + int(holes[i].Len)
		}
		for run := from; len(found) < limit; {
			j := bytes.Index(p[run:to], pattern)
			if j < 0 {
				break
			}
			found = append(found, addr+uint64(run+j))
			run += j + 1
		}
		from = next
	}
	return found
}
