package memory

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"golang.org/x/sys/unix"
)

// MaxSearch is how many bytes a search reads at most: a program can map
// terabytes that it never touched, and each page read of them takes time and
// page tables.
const MaxSearch = 16 << 30

// ErrTooLarge is the cause when a search gave up after MaxSearch bytes.
var ErrTooLarge = errors.New("too much memory to search")

// searchChunk is large enough for process_vm_readv's best rate.
const searchChunk = 256 << 10

// Query is what SearchFor looks for.
type Query struct {
	Pattern []byte  // at most 1 MiB; see Encode for numbers
	Align   uint64  // only at multiples of it; 0: anywhere
	Within  []Range // only wholly in these, ascending; nil: in all of memory
	Limit   int     // of addresses found; at least 1
}

// maxPattern bounds a pattern: pieces overlap by its length.
const maxPattern = 1 << 20

// Encode gives a number as it lies in memory.
func Encode[T uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64](v T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		return nil // fixed sizes have none
	}
	return b
}

// Search returns the addresses, ascending, at which pattern occurs in
// readable memory, overlapping occurrences included, at most limit of them.
// Mappings that touch count as one; pages that cannot be read are stepped
// over. With an error come those that were found before it.
func (s *Space) Search(pattern []byte, limit int) ([]uint64, error) {
	return s.SearchFor(Query{Pattern: pattern, Limit: limit})
}

// SearchFor is Search with more to ask for.
func (s *Space) SearchFor(q Query) ([]uint64, error) {
	if len(q.Pattern) == 0 || len(q.Pattern) > maxPattern || q.Limit < 1 {
		return nil, s.fail("search", 0, unix.EINVAL)
	}
	var found []uint64
	err := s.scan("search", q.Within, len(q.Pattern)-1, func(p []byte, addr uint64, holes []Range) bool {
		found = q.match(found, p, addr, holes)
		return len(found) < q.Limit
	})
	return found, err
}

// scan reads memory piece by piece: f gets each with its address and with the
// holes in it, whose bytes are 0, until it answers false. Pieces of one range
// overlap by so many bytes, so that nothing of one byte more is cut, or met
// twice.
func (s *Space) scan(op string, within []Range, overlap int, f func(p []byte, addr uint64, holes []Range) bool) error {
	maps, err := s.Maps()
	if err != nil {
		return err
	}
	ranges := readable(maps)
	if within != nil {
		ranges = intersect(ranges, within)
	}
	var buf []byte
	budget := uint64(MaxSearch)
	for _, r := range ranges {
		for r.Len > uint64(overlap) {
			if buf == nil {
				buf = make([]byte, searchChunk+overlap)
			}
			p := buf[:min(r.Len, uint64(len(buf)))]
			if uint64(len(p)) > budget {
				return s.fail(op, r.Addr, ErrTooLarge)
			}
			budget -= uint64(len(p))
			_, holes, err := s.Read(p, r.Addr)
			if err != nil {
				return err
			}
			if !f(p, r.Addr, holes) {
				return nil
			}
			step := uint64(len(p) - overlap)
			r.Addr += step
			r.Len -= step
		}
	}
	return nil
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

// intersect gives what two ascending lists have in common.
func intersect(a, b []Range) []Range {
	var both []Range
	for i, j := 0, 0; i < len(a) && j < len(b); {
		from, to := max(a[i].Addr, b[j].Addr), min(a[i].End(), b[j].End())
		if from < to {
			both = append(both, Range{from, to - from})
		}
		if a[i].End() < b[j].End() {
			i++
		} else {
			j++
		}
	}
	return both
}

// match looks for the pattern between the holes of p, which lies at addr.
func (q *Query) match(found []uint64, p []byte, addr uint64, holes []Range) []uint64 {
	pieces(p, addr, holes, func(part []byte, at uint64) bool {
		for run := 0; run < len(part) && len(found) < q.Limit; run++ {
			j := bytes.Index(part[run:], q.Pattern)
			if j < 0 {
				break
			}
			run += j
			// What is not aligned is passed over up to the next multiple: a
			// page of zeros holds one occurrence a byte.
			if miss := q.miss(at + uint64(run)); miss == 0 {
				found = append(found, at+uint64(run))
			} else if miss < uint64(len(part)-run) {
				run += int(miss) - 1
			} else {
				break
			}
		}
		return len(found) < q.Limit
	})
	return found
}

// miss is how far addr is from the next multiple of Align.
func (q *Query) miss(addr uint64) uint64 {
	if q.Align < 2 {
		return 0
	}
	over := addr % q.Align
	if over == 0 {
		return 0
	}
	if q.Align-over > math.MaxInt64 {
		return math.MaxInt64
	}
	return q.Align - over
}

// pieces gives f the parts of p between its holes, until it answers false.
func pieces(p []byte, addr uint64, holes []Range, f func(part []byte, at uint64) bool) {
	from := 0
	for i := 0; i <= len(holes); i++ {
		to, next := len(p), len(p)
		if i < len(holes) {
			to = int(holes[i].Addr - addr)
			next = to + int(holes[i].Len)
		}
		if to > from && !f(p[from:to], addr+uint64(from)) {
			return
		}
		from = next
	}
}
