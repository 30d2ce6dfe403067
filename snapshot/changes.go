package snapshot

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"
)

// changes is what a process has done to its memory since it was armed.
type changes struct {
	all     []region // that were written or dropped, or never were there
	present []region // of these, what is watched and there, with its categories
	guards  []region // of these, guards
	fresh   []area   // not watched: what the others say of them is worth nothing
	armed   []span   // where all is armed again
}

// changes finds out what a stopped process has done. With protect some of it is
// armed again.
func (t *Tracker) changes(table *pagemap, areas []area, protect bool) (c changes, err error) {
	if protect {
		c.all, c.armed, err = t.sweep(table, areas)
	} else {
		c.all, err = t.written(table)
	}
	if err != nil {
		return c, err
	}
	if c.fresh, err = t.unwatched(table, areas); err != nil {
		return c, err
	}
	fresh := addresses(c.fresh)
	few, unclear := tellApart(subtract(spansOf(c.all), fresh), areas)
	// What is armed does not count as written any more.
	if c.present, err = t.there(table, spansIn(unclear, c.armed)); err != nil {
		return c, err
	}
	rest, err := t.take(table, regionsOf(subtract(spansOf(unclear), c.armed)), false)
	if err != nil {
		return c, err
	}
	c.present = append(c.present, rest...)
	if guards.Load() > 0 {
		slices.SortFunc(c.present, byStart)
		left := subtract(spansOf(unclear), spansOf(c.present))
		if c.guards, err = t.guards(table, left); err != nil {
			return c, err
		}
	}
	c.present = append(c.present, few...)
	slices.SortFunc(c.present, byStart)
	return c, nil
}

func byStart(a, b region) int { return cmp.Compare(a.start, b.start) }

// sweep is written for a stopped process, and arms at once what it finds in dense
// areas: one walk of their page tables, which is what an increment takes most of
// its time for, does both. There pages that are not there are protected, too,
// which takes page tables: half of those are there anyway, and elsewhere it
// could be all that a program reserves.
func (t *Tracker) sweep(table *pagemap, areas []area) (all []region, armed []span, err error) {
	look := func(flags, start, end uint64) error {
		query := scanArg{flags: flags, start: start, end: end, mask: pageWritten, want: pageWritten}
		return t.failed(table.scan(query, func(r region) { all = append(all, r) }))
	}
	at := uint64(0)
	for i := range areas {
		a := &areas[i]
		if !a.dense || !a.watched() {
			continue
		}
		if err := look(0, at, a.Start); err != nil {
			return nil, nil, err
		}
		if err := look(scanProtect, a.Start, a.End); err != nil {
			return nil, nil, err
		}
		armed, at = add(armed, span{a.Start, a.End, Data}), a.End
	}
	err = look(0, at, scanEnd)
	return all, armed, err
}

// there are the pages among spans that are there, guards left out.
func (t *Tracker) there(table *pagemap, spans []span) (list []region, err error) {
	for _, s := range spans {
		query := wroteQuery(0, s.start, s.end)
		query.mask &^= pageWritten
		if err := table.scan(query, func(r region) { list = append(list, r) }); err != nil {
			return nil, t.failed(err)
		}
	}
	return list, nil
}

// spansIn is what of regions lies in spans.
func spansIn(regions []region, in []span) (list []span) {
	all := spansOf(regions)
	for _, s := range in {
		list = append(list, within(all, s.start, s.end)...)
	}
	return list
}

func regionsOf(spans []span) []region {
	list := make([]region, len(spans))
	for i, s := range spans {
		list[i] = region{s.start, s.end, 0}
	}
	return list
}

// guards are the guards among spans.
func (t *Tracker) guards(table *pagemap, spans []span) (list []region, err error) {
	for _, s := range spans {
		query := scanArg{start: s.start, end: s.end, mask: pageGuard, want: pageGuard}
		if err := table.scan(query, func(r region) { list = append(list, r) }); err != nil {
			return nil, t.failed(err)
		}
	}
	return list, nil
}

// tellApart splits what was written into a few pages of anonymous memory,
// which are as good as known to be there, and what has to be looked at. If a
// page is not there after all, reading it gives zeros, or fails for a guard;
// to ask costs more than to read it.
func tellApart(wrote []span, areas []area) (known, unclear []region) {
	const most = 16 // pages in a row
	for i := range areas {
		a := &areas[i]
		for _, s := range within(wrote, a.Start, a.End) {
			if !a.file() && s.size() <= most*uint64(pageSize) {
				known = append(known, region{s.start, s.end, pagePresent})
			} else {
				unclear = append(unclear, region{s.start, s.end, 0})
			}
		}
	}
	return known, unclear
}

// spansOf are the addresses of regions, as one kind.
func spansOf(regions []region) []span {
	list := make([]span, 0, len(regions))
	for _, r := range regions {
		list = add(list, span{r.start, r.end, Data})
	}
	return list
}

// addresses are those of areas, as one kind.
func addresses(areas []area) []span {
	list := make([]span, 0, len(areas))
	for i := range areas {
		list = add(list, span{areas[i].Start, areas[i].End, Data})
	}
	return list
}

func (t *Tracker) failed(err error) error {
	if err != nil {
		return &Error{"scan the page map", t.pid, err}
	}
	return nil
}

// unwatched are the areas that are not watched, by what the kernel says: it is
// a matter of whole mappings.
func (t *Tracker) unwatched(table *pagemap, areas []area) ([]area, error) {
	var list []area
	for _, a := range areas {
		if a.watched() {
			query := scanArg{flags: scanCheck, start: a.Start, end: a.Start + uint64(pageSize), mask: pageWritten}
			err := table.scan(query, func(region) {})
			if err == nil {
				continue
			}
			if err != unix.EPERM {
				return nil, t.failed(err)
			}
		}
		list = append(list, a)
	}
	return list, nil
}
