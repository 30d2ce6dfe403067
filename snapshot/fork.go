package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// forkCopy stops the process while it reads its registers and makes a copy of
// it, and then copies the copy's memory. Where that cannot be, the report says
// why, and the process runs on.
//
// A child does not have all of its parent's memory as it was: shared memory
// goes on to change, and mappings with MADV_DONTFORK and MADV_WIPEONFORK are
// missing or empty. What the process has there is copied while it stands still.
func (c *capture) forkCopy(ctx context.Context) (done bool, err error) {
	src, ok := c.src.(Forker)
	if !ok {
		c.because("not copied from a fork: whoever holds the process cannot make one")
		return false, nil
	}
	threads, err := c.stop()
	if err != nil {
		return false, err
	}
	later, end, err := c.forked(ctx, src, threads)
	var why *unsuitable
	switch {
	case errors.As(err, &why) && !errors.Is(err, unix.ESRCH):
		c.because("not copied from a fork: " + why.Error())
		return false, c.start()
	case err != nil:
		return false, err
	}
	if err := c.start(); err != nil {
		return false, errors.Join(err, end())
	}
	c.report.Method, c.later = ForkCopy, later
	return true, nil
}

// unsuitable says why a process is not copied by a fork.
type unsuitable struct{ err error }

func (u *unsuitable) Error() string { return u.err.Error() }
func (u *unsuitable) Unwrap() error { return u.err }

// forked does what the process has to stand still for. Either later, which is
// what is left to be done, or end must be called.
func (c *capture) forked(ctx context.Context, src Forker, threads []Stopped) (later func(context.Context) error, end func() error, err error) {
	c.plain = true
	err = c.readState(threads, nil)
	c.plain = false
	if err != nil {
		return nil, nil, err
	}
	pid, endCopy, err := src.Fork(threads[0].TID)
	if err != nil {
		return nil, nil, &unsuitable{err}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, endCopy())
		}
	}()
	alike, unlike, err := c.compare(pid)
	if err != nil {
		return nil, nil, err
	}
	spans, err := c.sel.presentIn(unlike)
	if err != nil {
		return nil, nil, err
	}
	own, next := only(spans, Data), uint64(0)
	work := pieces(extents(place(own, &next, 0)).chunks(own, pieceSize))
	size := sizeOf(work)
	if size > c.bufferMax() {
		return nil, nil, &unsuitable{fmt.Errorf("%d MiB of its memory are shared or kept from children (MADV_DONTFORK, MADV_WIPEONFORK)", size>>20)}
	}
	slab := make([]byte, size)
	cp := &copier{fill: fillFromProcess(c.mem), out: c.f, page: uint64(pageSize)}
	if err := cp.readAll(ctx, work, slab); err != nil {
		return nil, nil, err
	}
	later = func(ctx context.Context) error {
		err := c.copyFork(ctx, cp, pid, alike, spans, slab)
		if errors.Is(err, unix.ESRCH) {
			err = fmt.Errorf("the copy of the process was ended: %w", err)
		}
		return errors.Join(err, endCopy())
	}
	return later, endCopy, nil
}

// copyFork copies the memory of a copy, but for what spans say of, whose data is
// in slab. The copy is as the process was; it is asked for everything.
func (c *capture) copyFork(ctx context.Context, cp *copier, pid int, alike []area, spans []span, slab []byte) error {
	table, err := openPagemap(pid)
	if err != nil {
		return err
	}
	defer table.Close()
	c.pid, c.mem = pid, memory.Of(pid)
	c.sel = &selection{pid: pid, files: c.cfg.Files, mem: c.mem, table: table, notes: &c.state.Notes}
	rest, err := c.sel.present(alike)
	if err != nil {
		return err
	}
	own := only(spans, Data)
	spans = overlay(rest, spans)
	data := only(spans, Data)
	img := newImage(c.f, roomFor(len(data), len(c.areas), notesOf(c.state.Threads, c.areas)), c.state.PageSize)
	img.put(data, maxGap)
	work := pieces(img.x.chunks(own, pieceSize))
	for i := range work {
		n := work[i].size
		work[i].buf, slab = slab[:n:n], slab[n:]
	}
	if err := cp.writeAll(ctx, work); err != nil {
		return err
	}
	cp.fill = fillFromProcess(c.mem)
	if err := cp.copy(ctx, pieces(img.x.chunks(subtract(data, own), pieceSize))); err != nil {
		return err
	}
	if err := c.details(); err != nil {
		return err
	}
	return c.written(img, spans, cp)
}

// compare tells the process's mappings that a copy of it has as they are from
// those that it has not.
func (c *capture) compare(pid int) (alike, unlike []area, err error) {
	theirs, err := plainAreas(pid)
	if err != nil {
		return nil, nil, err
	}
	table, err := openPagemap(pid)
	if err != nil {
		return nil, nil, err
	}
	defer table.Close()
	has := addresses(theirs)
	for _, a := range c.areas {
		same := !a.Perms.Shared && len(subtract([]span{{a.Start, a.End, Data}}, has)) == 0
		if same && !a.file() && !a.vdso() && !a.kernels() {
			// MADV_WIPEONFORK is of whole anonymous mappings: any page shows it.
			if same, err = table.sameAs(c.table, &a); err != nil {
				return nil, nil, err
			}
		}
		if same {
			alike = append(alike, a)
		} else {
			unlike = append(unlike, a)
		}
	}
	return alike, unlike, nil
}

// sameAs reports whether the first page that a mapping has in other is in p,
// too.
func (p *pagemap) sameAs(other *pagemap, a *area) (bool, error) {
	first := uint64(0)
	query := scanArg{
		start: a.Start, end: a.End, maxPages: 1,
		inverted: pageZero, mask: pageZero, any: pagePresent | pageSwapped, want: pagePresent,
	}
	err := other.scan(query, func(r region) { first = r.start })
	if errors.Is(err, errNoScan) {
		err = other.entries(a.Start, a.End, func(r region) { first = cmp.Or(first, r.start) })
	}
	if err != nil || first == 0 {
		return true, err
	}
	there := false
	err = p.entries(first, first+uint64(pageSize), func(region) { there = true })
	return there, err
}

// details learns the mappings' flags of the copy, which has them of the process.
func (c *capture) details() error {
	theirs, err := readAreas(c.pid)
	if err != nil {
		return err
	}
	if len(theirs) > 0 && !slices.ContainsFunc(theirs, func(a area) bool { return a.detailed }) {
		return nil // this kernel tells nobody
	}
	borrow(c.areas, theirs)
	unknown := 0
	for i := range c.areas {
		if a := &c.areas[i]; !a.detailed {
			a.flags = []string{"dc"} // MADV_DONTFORK: it has none of them
			unknown++
		}
	}
	if unknown > 0 {
		c.sel.note("%d mappings are kept from children (MADV_DONTFORK): their other flags are unknown", unknown)
	}
	return nil
}
