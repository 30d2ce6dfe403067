package dwarf

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"warder/internal/cursor"
)

// Limits of what one look-up, or one unit, may take.
const (
	maxUnits   = 1 << 18
	maxSpans   = 1 << 20 // address ranges of all units
	maxCalls   = 1 << 20 // functions and inlined calls of one unit
	maxRows    = 1 << 21 // of one line table
	maxFiles   = 1 << 17 // of one line table
	maxAbbrevs = 1 << 16 // of one table
	maxAttrs   = 256     // of one abbreviation
	// maxTableAttrs is those of all abbreviations of a table.
	maxTableAttrs = 1 << 18
	maxDepth      = 1024 // of nested entries
	maxName       = 4096 // bytes of a name that are kept
)

// MaxKept is how many bytes, about, a Data keeps besides the sections: when it
// is more, what was read of units is dropped and read again when it is needed.
const MaxKept = 16 << 20

// The causes of errors.
var (
	ErrMalformed   = errors.New("malformed debugging information")
	ErrUnsupported = errors.New("debugging information of an unknown form")
	ErrLimit       = errors.New("debugging information over a limit")
)

// errSteps is a budget that is used up: another look-up may have more.
var errSteps = fmt.Errorf("%w of steps", ErrLimit)

// Sections are the sections of a file, decompressed, by their names without
// ".debug_". Any may be missing.
type Sections struct {
	Abbrev, Addr, Info, Line, LineStr, Ranges, RngLists, Str, StrOffsets []byte
}

// Size returns how many bytes they are.
func (s *Sections) Size() int64 {
	n := 0
	for _, b := range [...][]byte{s.Abbrev, s.Addr, s.Info, s.Line, s.LineStr, s.Ranges, s.RngLists, s.Str, s.StrOffsets} {
		n += len(b)
	}
	return int64(n)
}

// Call is a function that an address belongs to.
type Call struct {
	Name    string // as in the source, with its namespaces where Linkage is empty
	Linkage string // the mangled name, if there is one
	Entry   uint64 // first address of the function; 0 when Inlined, or not known
	File    string // of the address or, in all but the first, of the call to the one before
	Line    int
	Inlined bool // compiled into the next one
}

// Data is the debugging information of one file. Any number of goroutines may
// use it; they take turns.
type Data struct {
	s Sections

	mu       sync.Mutex
	steps    *int // what is left of the caller's
	indexed  bool
	indexErr error
	units    []*unit
	spans    []span // of units, by their starts
	abbrevs  map[uint64]abbrevs
	names    map[uint64]names
	kept     int // bytes, about, of what units hold
}

// span is a range of addresses of a unit.
type span struct {
	start, end uint64
	unit       *unit
}

// New takes the sections. Nothing is read yet.
func New(s Sections) *Data {
	return &Data{s: s, abbrevs: map[uint64]abbrevs{}, names: map[uint64]names{}}
}

// Find returns the function that an address is in: last the one that was
// compiled as such, before it those that were inlined into it there, innermost
// first. Without a function of that address there is one call without a name,
// if a line is known, or none. With an error the calls are what was found
// until then.
//
// steps is how much may be done, in attributes and line operations of some
// nanoseconds each; what was done is taken off. The first look-up in a file
// takes some for each of its units, the first in a unit for each of its
// entries.
func (d *Data) Find(addr uint64, steps *int) ([]Call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = steps
	indexErr := d.index()
	if len(d.spans) == 0 {
		return nil, indexErr
	}
	u := d.unitOf(addr)
	if u == nil {
		return nil, indexErr
	}
	if d.kept > MaxKept {
		d.forget(u)
	}
	table, lineErr := d.lines(u)
	calls, err := d.calls(u, addr, table)
	if err == nil {
		err = lineErr
	}
	return calls, err
}

// forget drops what was read of units but the index.
func (d *Data) forget(keep *unit) {
	for _, u := range d.units {
		if u != keep {
			u.functions, u.table = nil, nil
		}
	}
	d.abbrevs, d.names = map[uint64]abbrevs{}, map[uint64]names{}
	d.kept = 0
}

// step takes n steps of the budget.
func (d *Data) step(n int) error {
	if *d.steps < n {
		*d.steps = 0
		return errSteps
	}
	*d.steps -= n
	return nil
}

// charge takes from the budget what it costs to look through n bytes. The next
// step notices when there is nothing left.
func (d *Data) charge(n int) { *d.steps -= n / 16 }

// index reads the heads of all units and what addresses they are of.
func (d *Data) index() error {
	if d.indexed {
		return d.indexErr
	}
	d.units, d.spans = nil, nil
	err := d.readUnits()
	slices.SortStableFunc(d.spans, func(a, b span) int { return order(a.start, b.start) })
	if !errors.Is(err, errSteps) {
		d.indexed, d.indexErr = true, err
	}
	return err
}

func (d *Data) readUnits() error {
	var first error
	for off := uint64(0); off < uint64(len(d.s.Info)); {
		if len(d.units) == maxUnits {
			first = ErrLimit
			break
		}
		u, next, err := d.unit(off)
		if err != nil && next == 0 {
			first = err
			break
		}
		off = next
		if err != nil || !u.compiled {
			continue
		}
		if err := d.root(u); err != nil {
			if errors.Is(err, errSteps) {
				return err
			}
			if first == nil {
				first = err
			}
			continue
		}
		d.units = append(d.units, u)
		if len(d.spans) >= maxSpans {
			first = ErrLimit
			break
		}
	}
	return first
}

func order(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// unitOf finds the unit of an address. Ranges of units do not overlap, unless
// somebody made them.
func (d *Data) unitOf(addr uint64) *unit {
	i, _ := slices.BinarySearchFunc(d.spans, addr, func(s span, a uint64) int {
		if s.start <= a {
			return -1
		}
		return 1
	})
	const maxBack = 16
	for back := 0; i > 0 && back < maxBack; back++ {
		i--
		if addr < d.spans[i].end {
			return d.spans[i].unit
		}
	}
	return nil
}

// text returns a NUL-ended string of a section.
func text(section []byte, off uint64) string {
	if off >= uint64(len(section)) {
		return ""
	}
	b := section[off:]
	if len(b) > maxName {
		b = b[:maxName]
	}
	c := cursor.New(b, 0)
	if s := c.CString(); !c.Bad() {
		return string(s)
	}
	return string(b)
}
