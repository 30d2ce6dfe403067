package snapshot

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Kind says where a page's bytes are.
type Kind byte

// The kinds of pages. Their values are their letters in the file.
const (
	Data  Kind = 'd' // in this file
	Zero  Kind = 'z' // all zero, or never touched: a read gives zeros
	Clean Kind = 'f' // as in the file that is mapped
	Guard Kind = 'g' // a read faults (MADV_GUARD_INSTALL)
	Lost  Kind = 'x' // the kernel's own, or it could not be read
	Same  Kind = 's' // in an increment: as in the snapshot that it builds on
)

func (k Kind) known() bool {
	switch k {
	case Data, Zero, Clean, Guard, Lost, Same:
		return true
	}
	return false
}

// String names the kind.
func (k Kind) String() string {
	switch k {
	case Data:
		return "data"
	case Zero:
		return "zero"
	case Clean:
		return "clean"
	case Guard:
		return "guard"
	case Lost:
		return "lost"
	case Same:
		return "same"
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// Run is some pages of one kind.
type Run struct {
	Pages uint64
	Kind  Kind
}

// Runs are the pages of a mapping, in order. As text they are numbers of
// pages, each with the letter of its kind behind it: "12d3z40f".
type Runs []Run

// MarshalText gives the text.
func (r Runs) MarshalText() ([]byte, error) {
	var b []byte
	for _, run := range r {
		b = append(strconv.AppendUint(b, run.Pages, 10), byte(run.Kind))
	}
	return b, nil
}

var errRuns = errors.New("malformed runs of pages")

// UnmarshalText reads the text; it refuses empty runs and sums that overflow.
func (r *Runs) UnmarshalText(b []byte) error {
	var runs Runs
	total, pages, digits := uint64(0), uint64(0), 0
	for _, c := range b {
		if c >= '0' && c <= '9' {
			if digits++; digits > 15 { // 10^15 pages are more than any address space
				return errRuns
			}
			pages = pages*10 + uint64(c-'0')
			continue
		}
		if !Kind(c).known() || pages == 0 || pages > math.MaxUint64-total {
			return errRuns
		}
		total += pages
		runs = append(runs, Run{pages, Kind(c)})
		pages, digits = 0, 0
	}
	if digits > 0 {
		return errRuns
	}
	*r = runs
	return nil
}

// Pages counts the pages of one kind.
func (r Runs) Pages(kind Kind) uint64 {
	n := uint64(0)
	for _, run := range r {
		if run.Kind == kind {
			n += run.Pages
		}
	}
	return n
}

// span is some addresses and the kind of their pages.
type span struct {
	start, end uint64
	kind       Kind
}

func (s span) size() uint64 { return s.end - s.start }

// spans gives the runs of a mapping their addresses.
func (m *Mapping) spans(pageSize uint64) []span {
	list := make([]span, 0, len(m.Runs))
	at := m.Start
	for _, run := range m.Runs {
		end := at + run.Pages*pageSize
		list = append(list, span{at, end, run.Kind})
		at = end
	}
	return list
}

// add appends a span to a list in ascending order, merged with the last one
// where that is the same kind and adjacent.
func add(list []span, s span) []span {
	if s.start >= s.end {
		return list
	}
	if n := len(list) - 1; n >= 0 && list[n].end == s.start && list[n].kind == s.kind {
		list[n].end = s.end
		return list
	}
	return append(list, s)
}

// fill makes a list that covers start to end of one that does not, with kind
// in its gaps; what lies outside is cut off.
func fill(list []span, start, end uint64, kind Kind) []span {
	out := make([]span, 0, 2*len(list)+1)
	at := start
	for _, s := range list {
		s.start, s.end = max(s.start, at), min(s.end, end)
		if s.start >= s.end {
			continue
		}
		out = add(out, span{at, s.start, kind})
		out = add(out, s)
		at = s.end
	}
	return add(out, span{at, end, kind})
}

// overlay puts the spans of top over those of base. Both are in ascending
// order without overlaps, and so is the result.
func overlay(base, top []span) []span {
	out := make([]span, 0, len(base)+2*len(top))
	i := 0
	var rest span // of base[i], what is left of it
	if len(base) > 0 {
		rest = base[0]
	}
	// below appends what base has below limit, and drops it.
	below := func(limit uint64, keep bool) {
		for i < len(base) && rest.start < limit {
			part := rest
			part.end = min(part.end, limit)
			if keep {
				out = add(out, part)
			}
			if rest.start = part.end; rest.start >= rest.end {
				if i++; i < len(base) {
					rest = base[i]
				}
			}
		}
	}
	for _, s := range top {
		below(s.start, true)
		below(s.end, false)
		out = add(out, s)
	}
	below(math.MaxUint64, true)
	return out
}

// within returns the part of a list that lies in start to end.
func within(list []span, start, end uint64) []span {
	lo, hi := 0, len(list)
	for lo < hi { // the first that ends behind start
		if mid := (lo + hi) / 2; list[mid].end <= start {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	var out []span
	for _, s := range list[lo:] {
		if s.start >= end {
			break
		}
		out = append(out, span{max(s.start, start), min(s.end, end), s.kind})
	}
	return out
}

// runs turns spans that cover a mapping into its runs.
func runs(list []span, pageSize uint64) Runs {
	out := make(Runs, 0, len(list))
	for _, s := range list {
		out = append(out, Run{s.size() / pageSize, s.kind})
	}
	return out
}

// only returns the spans of one kind.
func only(list []span, kind Kind) []span {
	var out []span
	for _, s := range list {
		if s.kind == kind {
			out = append(out, s)
		}
	}
	return out
}

// as returns the spans as if they were of one kind.
func as(list []span, kind Kind) []span {
	var out []span
	for _, s := range list {
		out = add(out, span{s.start, s.end, kind})
	}
	return out
}

// bytesOf sums the sizes.
func bytesOf(list []span) uint64 {
	n := uint64(0)
	for _, s := range list {
		n += s.size()
	}
	return n
}

// subtract returns what of a list is not covered by another.
func subtract(list, by []span) []span {
	var out []span
	i := 0
	for _, s := range list {
		for i < len(by) && by[i].end <= s.start {
			i++
		}
		for j := i; j < len(by) && by[j].start < s.end; j++ {
			if by[j].start > s.start {
				out = add(out, span{s.start, by[j].start, s.kind})
			}
			s.start = max(s.start, by[j].end)
		}
		out = add(out, s)
	}
	return out
}
