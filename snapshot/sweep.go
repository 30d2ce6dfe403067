package snapshot

import (
	"sync"
	"sync/atomic"
)

// sweepSize is how much of an area is swept at once, and the least for which
// it is worth while.
const sweepSize = 32 << 20

// sweep finds what a stopped process has written since it was armed, as
// written does, and with protect arms at once what of it lies in dense areas:
// one walk of their page tables does both. There pages that are not there are
// protected, too, which takes page tables: half of those are there anyway, and
// elsewhere it could be all that a program reserves.
//
// The walk is what an increment takes most of its time for. Two threads share
// it: each locks the page table that it is at.
func (t *Tracker) sweep(table *pagemap, areas []area, protect bool) (all []region, dense []span, err error) {
	for i := range areas {
		if a := &areas[i]; a.dense && a.watched() {
			dense = append(dense, span{a.Start, a.End, Data})
		}
	}
	var flags uint64
	if protect {
		flags = scanProtect
	}
	var walks []*walk
	for _, s := range subtract([]span{{0, scanEnd, Data}}, dense) {
		walks = append(walks, &walk{query: scanArg{start: s.start, end: s.end}})
	}
	at := 0
	for _, s := range dense {
		for at < len(walks) && walks[at].query.start < s.start {
			at++
		}
		var parts []*walk
		for start := s.start; start < s.end; start += sweepSize {
			parts = append(parts, &walk{query: scanArg{flags: flags, start: start, end: min(start+sweepSize, s.end)}})
		}
		walks = append(walks[:at:at], append(parts, walks[at:]...)...)
		at += len(parts)
	}
	if err := walkAll(table, walks); err != nil {
		return nil, nil, t.failed(err)
	}
	for _, w := range walks {
		all = append(all, w.found...)
	}
	return all, dense, nil
}

// walk is a part of a sweep, with what it has found.
type walk struct {
	query scanArg
	found []region
}

// walkAll does walks, two at a time where there are many.
func walkAll(table *pagemap, walks []*walk) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		errs  [2]error
	)
	run := func(table *pagemap, failed *error) {
		for *failed == nil {
			i := int(next.Add(1)) - 1
			if i >= len(walks) {
				return
			}
			w := walks[i]
			// The kernel has a way of its own to answer exactly this question,
			// which takes a thirtieth of the time of others.
			w.query.mask, w.query.want = pageWritten, pageWritten
			*failed = table.scan(w.query, func(r region) { w.found = append(w.found, r) })
		}
	}
	const few = 8
	if len(walks) > few {
		second := &pagemap{table.fd, make([]region, manyInCall)}
		group.Go(func() { run(second, &errs[1]) })
	}
	run(table, &errs[0])
	group.Wait()
	if errs[0] != nil {
		return errs[0]
	}
	return errs[1]
}
