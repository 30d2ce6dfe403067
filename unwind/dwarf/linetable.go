package dwarf

import (
	"errors"
	"path"
	"slices"
)

// row says that from an address on the code is of a line.
type row struct {
	addr uint64
	file uint32
	line int32
}

// sequence is rows[first:last] in the order of addresses, up to end.
type sequence struct {
	start, end  uint64
	first, last int
}

// lineTable is the decoded line table of a unit.
type lineTable struct {
	dir       string
	dirs      []value // strings: a name that many share is not copied for each
	files     []file
	zero      int // the number of the first file: 1 before DWARF 5
	rows      []row
	sequences []sequence
}

type file struct {
	name value
	dir  uint64
}

// find returns the place of an address.
func (t *lineTable) find(addr uint64) (name string, line int) {
	i, _ := slices.BinarySearchFunc(t.sequences, addr, func(s sequence, a uint64) int {
		if s.start <= a {
			return -1
		}
		return 1
	})
	if i == 0 || addr >= t.sequences[i-1].end {
		return "", 0
	}
	s := t.sequences[i-1]
	rows := t.rows[s.first:s.last]
	j, _ := slices.BinarySearchFunc(rows, addr, func(r row, a uint64) int {
		if r.addr <= a {
			return -1
		}
		return 1
	})
	if j == 0 {
		return "", 0
	}
	// Of several rows of one address the last one is about the instruction
	// there; the others are about what was optimized away before it.
	best := rows[j-1]
	return t.file(uint64(best.file)), int(best.line)
}

// file returns the name of a file, with its directory.
func (t *lineTable) file(n uint64) string {
	i := n - uint64(t.zero)
	if i >= uint64(len(t.files)) {
		return ""
	}
	f := t.files[i]
	name, dir := f.name.text(), ""
	if name == "" || path.IsAbs(name) {
		return name
	}
	switch {
	case f.dir == 0 && t.zero == 1:
		dir = t.dir
	case f.dir-uint64(t.zero) < uint64(len(t.dirs)):
		dir = t.dirs[f.dir-uint64(t.zero)].text()
	}
	if !path.IsAbs(dir) {
		dir = path.Join(t.dir, dir)
	}
	return path.Join(dir, name)
}

// lines returns the line table of a unit, nil where it has none.
func (d *Data) lines(u *unit) (*lineTable, error) {
	if u.table != nil || !u.hasLines {
		return u.table, u.lineErr
	}
	t := &lineTable{dir: u.dir}
	p := program{d: d, u: u, t: t}
	err := p.read()
	t.sort()
	if errors.Is(err, errSteps) {
		return t, err // another time it may be less
	}
	u.table, u.lineErr = t, err
	d.kept += 16*len(t.rows) + 56*(len(t.files)+len(t.sequences))
	return t, u.lineErr
}

// sort puts the sequences in order. What the linker threw away is at 0, or at
// the end of all addresses.
func (t *lineTable) sort() {
	t.sequences = slices.DeleteFunc(t.sequences, func(s sequence) bool { return s.start == 0 || s.start >= s.end })
	slices.SortStableFunc(t.sequences, func(a, b sequence) int { return order(a.start, b.start) })
}
