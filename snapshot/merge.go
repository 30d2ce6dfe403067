package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrChain is the cause when snapshots are not a chain: the first a full one,
// each other an increment on the one before it.
var ErrChain = errors.New("not a chain of snapshots")

// Merge writes one full snapshot of a chain to path: the process as it was at
// the last. It has the last one's ID, so an increment on that one fits on the
// new file, too. A name that ends in .zst is compressed.
func Merge(ctx context.Context, path string, noSync bool, list ...*Core) error {
	cores, err := newChain(list)
	if err != nil {
		return &FileError{"merge", path, err}
	}
	s := *list[len(list)-1].state
	s.Parent = ""
	if s.Mappings, err = cores.mappings(); err != nil {
		return &FileError{"merge", path, err}
	}
	target, err := newTarget(path, noSync)
	if err != nil {
		return err
	}
	defer target.abandon()
	if err := writeFrom(ctx, target.raw(), &s, cores); err != nil {
		return &FileError{"merge", path, err}
	}
	return target.commit(ctx)
}

// chain is a full snapshot and its increments, in order.
type chain []*Core

func newChain(list []*Core) (chain, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrChain)
	}
	for i, c := range list {
		s := c.state
		switch {
		case i == 0 && s.Parent != "":
			return nil, fmt.Errorf("%w: %s is an increment on %s, which is not there", ErrChain, c.path, s.Parent)
		case i == 0:
			continue
		}
		before := list[i-1]
		switch {
		case s.Parent == "":
			return nil, fmt.Errorf("%w: %s is a full snapshot", ErrChain, c.path)
		case s.Parent != before.state.ID:
			return nil, fmt.Errorf("%w: %s is an increment on %s; %s is %s", ErrChain, c.path, s.Parent, before.path, before.state.ID)
		case s.PageSize != before.state.PageSize:
			return nil, fmt.Errorf("%w: %s has pages of another size than %s", ErrChain, c.path, before.path)
		}
	}
	return list, nil
}

// mappings are the last snapshot's, with the kinds of all pages.
func (c chain) mappings() ([]Mapping, error) {
	s := c[len(c)-1].state
	out := make([]Mapping, len(s.Mappings))
	for i := range s.Mappings {
		m := s.Mappings[i]
		list, err := c.resolve(m.spans(s.PageSize))
		if err != nil {
			return nil, err
		}
		m.Runs = runs(list, s.PageSize)
		out[i] = m
	}
	return out, nil
}

// resolve finds the kinds of spans of the last snapshot.
func (c chain) resolve(list []span) ([]span, error) {
	var out []span
	below := c[:len(c)-1]
	for _, s := range list {
		if s.kind != Same {
			out = add(out, s)
			continue
		}
		if len(below) == 0 {
			return nil, fmt.Errorf("%w: nothing below %#x", ErrChain, s.start) // Open refuses such a file
		}
		before := below[len(below)-1]
		old := within(before.spans, s.start, s.end)
		if at, ok := hole(old, s); ok {
			return nil, fmt.Errorf("%w: the page at %#x, the same as in %s, is not mapped there", ErrChain, at, before.path)
		}
		old, err := below.resolve(old)
		if err != nil {
			return nil, err
		}
		for _, o := range old {
			out = add(out, o)
		}
	}
	return out, nil
}

// hole finds an address of s that list does not cover.
func hole(list []span, s span) (uint64, bool) {
	at := s.start
	for _, l := range list {
		if l.start > at {
			break
		}
		at = l.end
	}
	return at, at < s.end
}

// ReadAt reads the memory as it was at the last snapshot.
func (c chain) ReadAt(p []byte, addr int64) (int, error) {
	top := c[len(c)-1]
	n := 0
	for n < len(p) {
		at := uint64(addr) + uint64(n)
		s, ok := top.at(at)
		part := p[n:]
		if ok {
			part = p[n:min(uint64(len(p)), uint64(n)+s.end-at)]
		}
		from := io.ReaderAt(top)
		if ok && s.kind == Same && len(c) > 1 {
			from = c[:len(c)-1]
		}
		m, err := from.ReadAt(part, int64(at))
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeFrom writes a full snapshot whose data r reads. Pages of data that are
// zero become such in s.
func writeFrom(ctx context.Context, f *os.File, s *State, r io.ReaderAt) error {
	var data []span
	for i := range s.Mappings {
		data = append(data, only(s.Mappings[i].spans(s.PageSize), Data)...)
	}
	img := newImage(f, roomFor(len(data), len(s.Mappings), uint64(len(coreNotes(s)))), s.PageSize)
	img.put(data, maxGap)
	cp := &copier{out: f, page: s.PageSize, fill: func(_ *copier, p *piece, _ *worker) error {
		at := uint64(0)
		for _, k := range p.chunks {
			if _, err := r.ReadAt(p.buf[at:at+k.size], int64(k.addr)); err != nil {
				return err
			}
			at += k.size
		}
		return nil
	}}
	if err := cp.copy(ctx, pieces(img.x.chunks(data, pieceSize))); err != nil {
		return err
	}
	found := cp.result()
	for i := range s.Mappings {
		m := &s.Mappings[i]
		m.Runs = runs(overlay(m.spans(s.PageSize), within(found, m.Start, m.End)), s.PageSize)
	}
	return img.finish(s)
}
