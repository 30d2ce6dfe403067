package dwarf

import "warder/internal/cursor"

// Tags of entries (7.5.3).
const (
	tagClass      = 0x02
	tagEnum       = 0x04
	tagInlined    = 0x1d
	tagStructure  = 0x13
	tagUnion      = 0x17
	tagInterface  = 0x38
	tagModule     = 0x1e
	tagNamespace  = 0x39
	tagSubprogram = 0x2e
)

// Names of attributes (7.5.4).
const (
	atName           = 0x03
	atStmtList       = 0x10
	atLowPC          = 0x11
	atHighPC         = 0x12
	atLanguage       = 0x13
	atCompDir        = 0x1b
	atAbstractOrigin = 0x31
	atSpecification  = 0x47
	atRanges         = 0x55
	atCallFile       = 0x58
	atCallLine       = 0x59
	atLinkageName    = 0x6e
	atStrOffsetsBase = 0x72
	atAddrBase       = 0x73
	atRngListsBase   = 0x74
	atMIPSLinkage    = 0x2007
	atGNUAddrBase    = 0x2133
)

// attr is one attribute of an abbreviation.
type attr struct {
	name, form uint32
	implicit   int64 // the value, of form implicit_const
}

// abbrev is one abbreviation (7.5.3).
type abbrev struct {
	tag      uint32
	children bool
	attrs    []attr
	// fixed is how many bytes the attributes are, where that does not depend
	// on their content; -1 otherwise. Most entries are passed over by it.
	fixed int
	wide  int // the same in the 64-bit format
}

type abbrevs struct {
	dense  []abbrev // codes 1, 2, 3 …, as all compilers number them
	sparse map[uint64]*abbrev
}

func (t abbrevs) get(code uint64) *abbrev {
	if code-1 < uint64(len(t.dense)) {
		return &t.dense[code-1]
	}
	return t.sparse[code]
}

// readAbbrev reads one abbreviation; code 0 is the end of the table.
func readAbbrev(c *cursor.Cursor) (code uint64, a abbrev, err error) {
	if code = c.ULEB(); code == 0 {
		if c.Bad() {
			return 0, abbrev{}, ErrMalformed
		}
		return 0, abbrev{}, nil
	}
	a = abbrev{tag: uint32(c.ULEB()), children: c.U8() != 0}
	for {
		at := attr{name: uint32(c.ULEB()), form: uint32(c.ULEB())}
		if at.form == formImplicitConst {
			at.implicit = c.SLEB()
		}
		if c.Bad() {
			return 0, abbrev{}, ErrMalformed
		}
		if at.name == 0 && at.form == 0 {
			return code, a, nil
		}
		if len(a.attrs) == maxAttrs {
			return 0, abbrev{}, ErrLimit
		}
		a.attrs = append(a.attrs, at)
	}
}

// oneAbbreviation finds one abbreviation of the table at an offset: that of a
// unit's root entry, which stands first mostly, where the other entries may
// never be read.
func (d *Data) oneAbbreviation(off, want uint64) (*abbrev, error) {
	c := cursor.New(d.s.Abbrev, off)
	for range maxAbbrevs {
		code, a, err := readAbbrev(&c)
		if err == nil {
			err = d.step(len(a.attrs) + 1)
		}
		if err != nil {
			return nil, err
		}
		switch code {
		case 0:
			return nil, ErrMalformed
		case want:
			return &a, nil
		}
	}
	return nil, ErrLimit
}

// abbreviations reads the table at an offset.
func (d *Data) abbreviations(off uint64) (abbrevs, error) {
	if t, ok := d.abbrevs[off]; ok {
		return t, nil
	}
	t := abbrevs{}
	c := cursor.New(d.s.Abbrev, off)
	attrs := 0
	for n := 0; ; n++ {
		code, a, err := readAbbrev(&c)
		if err == nil {
			err = d.step(len(a.attrs) + 1)
		}
		if err != nil {
			return abbrevs{}, err
		}
		if code == 0 {
			break
		}
		if n == maxAbbrevs {
			return abbrevs{}, ErrLimit
		}
		if attrs += len(a.attrs); attrs > maxTableAttrs {
			return abbrevs{}, ErrLimit
		}
		a.fixed, a.wide = fixedSize(a.attrs, 4), fixedSize(a.attrs, 8)
		if code == uint64(len(t.dense))+1 {
			t.dense = append(t.dense, a)
			continue
		}
		if t.sparse == nil {
			t.sparse = map[uint64]*abbrev{}
		}
		t.sparse[code] = &a
	}
	// Each unit may have a table of its own, and all the same one's offsets.
	d.kept += 64*(len(t.dense)+len(t.sparse)) + 16*attrs
	if d.kept > MaxKept {
		d.abbrevs = map[uint64]abbrevs{}
	}
	d.abbrevs[off] = t
	return t, nil
}

func fixedSize(attrs []attr, offset int) int {
	total := 0
	for _, a := range attrs {
		n := formSize(a.form, offset)
		if n < 0 {
			return -1
		}
		total += n
	}
	return total
}

// skip passes over the attributes of an entry.
func (d *Data) skip(u *unit, c *cursor.Cursor, a *abbrev) {
	switch {
	case u.wide && a.wide >= 0:
		c.Skip(uint64(a.wide))
	case !u.wide && a.fixed >= 0:
		c.Skip(uint64(a.fixed))
	default:
		*d.steps -= len(a.attrs) // step looks at it
		for i := range a.attrs {
			d.value(u, c, a.attrs[i])
		}
	}
}
