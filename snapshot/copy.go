package snapshot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"warder/memory"
)

const (
	// pieceSize is how much one process_vm_readv(2) reads. Below 256 KiB the
	// calls begin to cost.
	pieceSize = 1 << 20
	// maxChunks is how many stretches one call reads. The kernel takes 1,024
	// (UIO_MAXIOV); with fewer the readers share the work.
	maxChunks = 256
	// readers is how many threads copy. One can write at a time, for the kernel
	// locks the file: the other reads meanwhile.
	readers = 2
)

// piece is what one call reads: chunks whose bytes lie behind each other in a
// buffer.
type piece struct {
	chunks []chunk
	size   uint64
	buf    []byte // where the bytes are kept until they are written
}

// pieces packs chunks, none above pieceSize, into pieces.
func pieces(chunks []chunk) []piece {
	var list []piece
	first, size := 0, uint64(0)
	for i, c := range chunks {
		if i > first && (size+c.size > pieceSize || i-first == maxChunks) {
			list = append(list, piece{chunks: chunks[first:i], size: size})
			first, size = i, 0
		}
		size += c.size
	}
	if first < len(chunks) {
		list = append(list, piece{chunks: chunks[first:], size: size})
	}
	return list
}

// copier copies memory into a file.
type copier struct {
	// fill reads a piece into its buffer.
	fill func(*copier, *piece, *worker) error
	out  io.WriterAt
	page uint64
	// all writes pages of zeros, too: the file may have other bytes there.
	all bool

	writing sync.Mutex
	mu      sync.Mutex
	zero    []span // pages that were all zero and not written
	lost    []span // pages that could not be read; nothing is written for them
	written uint64 // bytes
}

// each runs f on every piece, with as many threads as readers.
func each(ctx context.Context, list []piece, f func(*piece, *worker) error) error {
	var (
		next  atomic.Int64
		group sync.WaitGroup
		once  sync.Once
		first error
	)
	for range min(readers, len(list)) {
		group.Go(func() {
			var w worker
			for {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				err := ctx.Err()
				if err == nil {
					err = f(&list[i], &w)
				}
				if err != nil {
					once.Do(func() { first = err })
					next.Store(int64(len(list)))
				}
			}
		})
	}
	group.Wait()
	return first
}

// worker is what one of the copying threads has for itself.
type worker struct {
	buf    []byte
	ranges []memory.Range
}

// buffer returns the worker's own buffer.
func (w *worker) buffer(size uint64) []byte {
	if uint64(cap(w.buf)) < size {
		w.buf = make([]byte, max(size, pieceSize))
	}
	return w.buf[:size]
}

// copy reads and writes.
func (c *copier) copy(ctx context.Context, list []piece) error {
	return each(ctx, list, func(p *piece, w *worker) error {
		p.buf = w.buffer(p.size)
		err := c.fill(c, p, w)
		if err == nil {
			err = c.write(p)
		}
		p.buf = nil
		return err
	})
}

// readAll reads into slab, which has room for all pieces: writeAll writes it.
func (c *copier) readAll(ctx context.Context, list []piece, slab []byte) error {
	for i := range list {
		n := list[i].size
		list[i].buf, slab = slab[:n:n], slab[n:]
	}
	return each(ctx, list, func(p *piece, w *worker) error { return c.fill(c, p, w) })
}

func (c *copier) writeAll(ctx context.Context, list []piece) error {
	return each(ctx, list, func(p *piece, _ *worker) error { return c.write(p) })
}

// fillFromProcess reads a process's memory. A page that cannot be read is
// tried once more through its protection, and then lost.
func fillFromProcess(mem *memory.Space) func(*copier, *piece, *worker) error {
	return func(c *copier, p *piece, w *worker) error { return c.readProcess(mem, p, w) }
}

func (c *copier) readProcess(mem *memory.Space, p *piece, w *worker) error {
	w.ranges = w.ranges[:0]
	for _, k := range p.chunks {
		w.ranges = append(w.ranges, memory.Range{Addr: k.addr, Len: k.size})
	}
	ranges, buf := w.ranges, p.buf
	for len(ranges) > 0 {
		n, err := mem.ReadV(ranges, buf)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EFAULT) {
			return err
		}
		ranges, buf = skip(ranges, buf, uint64(n))
		// The next page is the one that failed.
		at := ranges[0].Addr
		size := min(c.page-at%c.page, ranges[0].Len)
		if _, err := mem.ReadForce(buf[:size], int64(at)); err != nil {
			if !errors.Is(err, unix.EFAULT) {
				return err
			}
			clear(buf[:size])
			c.note(&c.lost, span{at, at + size, Lost})
		}
		ranges, buf = skip(ranges, buf, size)
	}
	return nil
}

// skip drops the first n bytes.
func skip(ranges []memory.Range, buf []byte, n uint64) ([]memory.Range, []byte) {
	buf = buf[n:]
	for len(ranges) > 0 && n >= ranges[0].Len {
		n -= ranges[0].Len
		ranges = ranges[1:]
	}
	if n > 0 {
		ranges[0].Addr += n
		ranges[0].Len -= n
	}
	return ranges, buf
}

func (c *copier) note(list *[]span, s span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*list = append(*list, s)
}

// zeros is a page to compare with.
var zeros [64 << 10]byte

// write writes the piece's pages that are not zero, as few times as possible.
func (c *copier) write(p *piece) error {
	var start, end int // of what is to be written, in the buffer
	var off uint64     // its place in the file
	written := uint64(0)
	flush := func() error {
		if start == end {
			return nil
		}
		written += uint64(end - start)
		c.writing.Lock() // ours costs less to wait for than the kernel's, which spins
		err := writeAt(c.out, p.buf[start:end], off)
		c.writing.Unlock()
		start = end
		return err
	}
	var empty []span
	at := 0
	for _, k := range p.chunks {
		for done := uint64(0); done < k.size; {
			size := min(c.page, k.size-done)
			page := p.buf[at : at+int(size)]
			switch {
			case !c.all && bytes.Equal(page, zeros[:size]):
				empty = add(empty, span{k.addr + done, k.addr + done + size, Zero})
			case start < end && end == at && off+uint64(end-start) == k.off+done:
				end += int(size)
			default:
				if err := flush(); err != nil {
					return err
				}
				start, end, off = at, at+int(size), k.off+done
			}
			at += int(size)
			done += size
		}
	}
	if err := flush(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.zero = append(c.zero, empty...)
	c.written += written
	return nil
}

// result returns what was found while copying, in ascending order; pages that
// were lost are so also where they are zero.
func (c *copier) result() []span {
	byAddress := func(a, b span) int {
		switch {
		case a.start < b.start:
			return -1
		case a.start > b.start:
			return 1
		}
		return 0
	}
	slices.SortFunc(c.zero, byAddress)
	slices.SortFunc(c.lost, byAddress)
	return overlay(c.zero, c.lost)
}
