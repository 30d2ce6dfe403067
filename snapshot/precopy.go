package snapshot

import (
	"context"

	"warder/internal/procfs"
)

const (
	// fewPages is when copying goes on with the process stopped: as many take
	// about as long as stopping and reading the registers does.
	fewPages = 1024
	// manyRegions are so many that looking at all pages takes less time.
	manyRegions = 8 * fewPages
	// maxRounds bounds the copying of a process that writes as fast as we read.
	maxRounds = 8
)

// preCopy copies while the process runs, round by round what it has written
// meanwhile, and then, with the process stopped, the rest. An increment is the
// same, but that its first round begins with what was written since its
// parent.
//
// What counts is the scan at the stop. A page that it shows as protected was
// protected in some round before it was copied, and not written since; all
// others are taken then: written ones, those that appeared or were dropped,
// mappings that are new.
func (c *capture) preCopy(ctx context.Context, t *Tracker) error {
	t.last = "" // from here on writes are counted since this snapshot, if it succeeds
	increment := c.state.Parent != ""
	p := &picture{gap: maxGap}
	early := t.areas
	var err error
	if increment {
		p.gap = 0
	} else if early, err = readAreas(c.pid); err != nil {
		return err
	}
	// Headers come last and may be more than now: there is a place behind the
	// data for that case.
	p.img = newImage(c.f, roomFor(4*len(early)+fewPages, len(early), notesOf(nil, early)), c.state.PageSize)

	few := false
	if increment {
		few = c.fewWritten(t)
	} else {
		err = t.register(early)
	}
	for before := ^uint64(0); !few && err == nil; c.report.Rounds++ {
		var regions []region
		if c.report.Rounds == 0 && !increment {
			err = t.arm(c.table, 0, scanEnd, func(r region) { regions = append(regions, r) })
		} else if regions, err = t.written(c.table); err == nil && len(regions) <= manyRegions {
			regions, err = t.take(c.table, regions, true)
		} else if err == nil {
			regions = nil
			err = t.arm(c.table, 0, scanEnd, func(r region) { regions = append(regions, r) })
		}
		if err != nil {
			break
		}
		spans := c.sel.sort(early, regions)
		p.failed = overlay(p.failed, outside(early, regions))
		if c.report.Rounds == 0 && !increment {
			spans = overlay(spans, c.sel.extras(early))
		}
		err = p.copyRunning(ctx, c, spans)
		pages := bytesOf(only(spans, Data)) / uint64(pageSize)
		few = pages <= fewPages || pages > before/4*3 || c.report.Rounds == maxRounds
		before = pages
	}
	if err != nil {
		return err
	}
	if c.report.Rounds > 0 {
		c.report.Method = PreCopy
	}
	return c.rest(ctx, t, p, early)
}

// fewWritten reports whether so little was written since the last snapshot
// that it can all be copied at the stop. Every page that is written for the
// first time costs the process a fault, which the kernel counts: a look at the
// page tables would take longer than the stop.
func (c *capture) fewWritten(t *Tracker) bool {
	now := faults(c.pid)
	return now >= t.faults && now-t.faults <= 2*fewPages
}

// faults is how many page faults a process has had.
func faults(pid int) uint64 {
	var s procfs.Stat
	if procfs.ReadStat(pid, &s) != nil {
		return 0
	}
	return s.MinorFaults + s.MajorFaults
}

// outside is what of regions is in none of the areas: mapped since the areas
// were listed. It was protected with the others, so it must be copied as they
// are; at the stop it is known what it is.
func outside(areas []area, regions []region) []span {
	return subtract(spansOf(regions), addresses(areas))
}

// picture is what is known of the pages, and copied, while the process runs.
type picture struct {
	img    *image
	gap    uint64
	spans  []span // the kinds of pages, as far as known
	copied []span // whose bytes were written to the file
	failed []span // that were not copied, and may be there: Data
	wrote  uint64
}

// copyRunning copies the data among spans.
func (p *picture) copyRunning(ctx context.Context, c *capture, spans []span) error {
	data := only(spans, Data)
	p.img.put(data, p.gap)
	cp := p.copier(c)
	if err := cp.copy(ctx, pieces(p.img.x.chunks(data, pieceSize))); err != nil {
		return err
	}
	found := cp.result()
	p.failed = overlay(p.failed, as(only(found, Lost), Data))
	p.spans = overlay(p.spans, overlay(spans, found))
	p.copied = overlay(p.copied, data)
	p.wrote += cp.written
	c.report.Zeros += bytesOf(only(found, Zero)) / uint64(pageSize)
	return nil
}

// rest stops the process and takes what is left.
func (c *capture) rest(ctx context.Context, t *Tracker, p *picture, early []area) error {
	size := min(c.bufferMax(), 2*fewPages*uint64(pageSize))
	if uint64(len(t.slab)) != size {
		t.slab = touched(size)
	}
	threads, err := c.stop()
	if err != nil {
		return err
	}
	if err := c.readState(threads, early); err != nil {
		return err
	}
	late, err := c.changed(t)
	if err != nil {
		return err
	}
	p.spans = subtract(p.spans, late)
	// Of the pages that are always copied, what the file, or the parent, has
	// already is still right.
	extras := c.sel.extras(c.areas)
	if c.state.Parent != "" {
		extras = subtract(extras, subtract(extras, late))
	} else {
		extras = subtract(extras, only(p.spans, Data))
	}
	late = overlay(overlay(c.mapped(p.failed), late), extras)
	data := only(late, Data)
	p.img.put(data, p.gap)
	cp := p.copier(c)
	c.report.Late = bytesOf(data) / uint64(pageSize)
	write, err := c.copyStopped(ctx, cp, pieces(p.img.x.chunks(data, pieceSize)), t.slab)
	if err == nil {
		err = write(ctx)
	}
	if err != nil {
		return err
	}
	c.report.Written = p.wrote + cp.written
	found := cp.result()
	if guards.Load() > 0 {
		// Of what was only taken to be there, guards could not be read.
		list, err := t.guards(c.table, only(found, Lost))
		if err != nil {
			return err
		}
		found = overlay(found, as(spansOf(list), Guard))
	}
	c.setMappings(overlay(overlay(p.spans, late), found))
	if err := p.clearStale(c); err != nil {
		return err
	}
	return c.finish(p.img)
}

// changed finds out what is to be taken of the stopped process, and arms it
// for the next snapshot, if there is to be one.
func (c *capture) changed(t *Tracker) ([]span, error) {
	again := c.cfg.Tracker != nil
	found, err := t.changes(c.table, c.areas, again)
	if err != nil {
		return nil, err
	}
	for i := range found.all {
		found.all[i].categories = 0 // but for what the others say
	}
	late := overlay(c.sel.sort(c.areas, found.all), c.sel.sort(c.areas, found.present))
	for i := range found.guards {
		found.guards[i].categories = pageGuard
	}
	late = overlay(late, c.sel.sort(c.areas, found.guards))
	var fresh []span
	for i := range found.fresh {
		// All of it counts, whatever marks its pages have from before.
		a := &found.fresh[i]
		var all []region
		if err := c.table.present(a.Start, a.End, func(r region) { all = append(all, r) }); err != nil {
			return nil, t.failed(err)
		}
		fresh = append(fresh, fill(c.sel.sort(found.fresh[i:i+1], all), a.Start, a.End, a.rest())...)
	}
	late = overlay(late, fresh)
	if !again {
		return late, nil
	}
	left := regionsOf(subtract(spansOf(found.present), found.armed))
	if err := t.rearm(c.table, left); err != nil {
		return nil, err
	}
	if err := t.register(found.fresh); err != nil {
		return nil, err
	}
	for i := range found.fresh {
		if err := t.arm(c.table, found.fresh[i].Start, found.fresh[i].End, func(region) {}); err != nil {
			return nil, err
		}
	}
	return late, nil
}

// copier writes zeros, too, once the file has bytes of an earlier round.
func (p *picture) copier(c *capture) *copier {
	return &copier{fill: fillFromProcess(c.mem), out: c.f, page: uint64(pageSize), all: len(p.copied) > 0}
}

// clearStale makes zeros of what was copied and is no data at the end: a
// debugger reads zeros between data from the file.
func (p *picture) clearStale(c *capture) error {
	var data []span
	for i := range c.state.Mappings {
		data = append(data, only(c.state.Mappings[i].spans(uint64(pageSize)), Data)...)
	}
	for _, k := range p.img.x.chunks(subtract(p.copied, data), ^uint64(0)) {
		if err := clearFile(c.f, k.off, k.size); err != nil {
			return err
		}
	}
	return nil
}

// mapped is the part of spans that is in mappings.
func (c *capture) mapped(spans []span) []span {
	var list []span
	for i := range c.areas {
		list = append(list, within(spans, c.areas[i].Start, c.areas[i].End)...)
	}
	return list
}
