package memory

import "golang.org/x/sys/unix"

// MaxText is how long a Text is at most; a longer run comes in several.
const MaxText = 4096

// Text is a run of printable characters in memory.
type Text struct {
	Addr uint64
	Text string
	Cut  bool // the run goes on in the next Text
}

// TextQuery is what Strings looks for.
type TextQuery struct {
	Min    int     // characters of a run, at least; 0: 4, as strings(1) has it
	Within []Range // only in these, ascending; nil: in all of memory
}

// defaultMin is the least length of a run where none is asked for.
const defaultMin = 4

// Strings gives visit the runs of printable ASCII characters, tabs included,
// in readable memory, in ascending order of their addresses, until it answers
// false. Like [Space.Search] it steps over what cannot be read, which ends a
// run, and reads at most MaxSearch bytes.
func (s *Space) Strings(q TextQuery, visit func(Text) bool) error {
	if q.Min == 0 {
		q.Min = defaultMin
	}
	if q.Min < 1 || q.Min > MaxText {
		return s.fail("strings", 0, unix.EINVAL)
	}
	r := run{least: q.Min, visit: visit, going: true}
	err := s.scan("strings", q.Within, 0, func(p []byte, addr uint64, holes []Range) bool {
		pieces(p, addr, holes, r.take)
		return r.going
	})
	r.end()
	return err
}

// run is the run of characters that is under way, over the borders of pieces.
type run struct {
	least int
	visit func(Text) bool
	going bool // visit has not had enough
	addr  uint64
	text  []byte
	cut   bool // an earlier part was given already
}

// take goes on with the bytes at an address.
func (r *run) take(part []byte, at uint64) bool {
	if r.addr+uint64(len(r.text)) != at {
		r.end() // there is a hole between
	}
	for i, c := range part {
		if c != '\t' && (c < ' ' || c > '~') {
			r.end()
			if !r.going {
				return false
			}
			continue
		}
		if len(r.text) == 0 {
			r.addr = at + uint64(i)
		}
		if r.text = append(r.text, c); len(r.text) > MaxText {
			r.give(r.text[:MaxText], true)
			r.addr += MaxText
			r.text = append(r.text[:0], c)
			r.cut = true
		}
	}
	return r.going
}

// end closes the run.
func (r *run) end() {
	if len(r.text) >= r.least || r.cut {
		r.give(r.text, false)
	}
	r.text, r.cut = r.text[:0], false
}

func (r *run) give(text []byte, cut bool) {
	if r.going {
		r.going = r.visit(Text{r.addr, string(text), cut})
	}
}
