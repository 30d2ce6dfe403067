package unwind

import (
	"encoding/binary"
	"io"
	"math"
)

const (
	pageSize = 4096
	// maxRead is how many bytes of the process's memory one trace reads at
	// most: 128 frames of 64 KiB, and the images of files that are missing.
	maxRead = 64 << 20
)

// page is a part of the process's memory, as far as it can be read.
type page struct {
	n int
	b [pageSize]byte
}

// reader reads the process's memory, each page once: frames of one function
// lie in one page more often than not, and a read is a system call.
type reader struct {
	from   io.ReaderAt
	pages  map[uint64]*page
	last   *page
	lastAt uint64
	left   int
}

func newReader(from io.ReaderAt) *reader {
	return &reader{from: from, pages: map[uint64]*page{}, lastAt: math.MaxUint64, left: maxRead}
}

// page returns the page at an address that is a multiple of its size; nil
// means that no more is read.
func (r *reader) page(at uint64) *page {
	if at == r.lastAt {
		return r.last
	}
	p := r.pages[at]
	if p == nil {
		if r.left < pageSize || at > math.MaxInt64-pageSize {
			return nil
		}
		r.left -= pageSize
		p = new(page)
		p.n, _ = r.from.ReadAt(p.b[:], int64(at))
		p.n = max(0, min(p.n, pageSize))
		r.pages[at] = p
	}
	r.last, r.lastAt = p, at
	return p
}

// bytes fills b; false where not all of it can be read.
func (r *reader) bytes(addr uint64, b []byte) bool {
	for len(b) > 0 {
		at := addr &^ (pageSize - 1)
		p := r.page(at)
		off := int(addr - at)
		if p == nil || off >= p.n {
			return false
		}
		n := copy(b, p.b[off:p.n])
		b, addr = b[n:], addr+uint64(n)
	}
	return true
}

// load reads a number of 1, 2, 4 or 8 bytes.
func (r *reader) load(addr uint64, size int) (uint64, bool) {
	var b [8]byte
	if size > len(b) || !r.bytes(addr, b[:size]) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), true
}

// block reads size bytes, past the pages that are kept: images of files.
func (r *reader) block(addr, size, limit uint64) ([]byte, bool) {
	if size == 0 || size > limit || size > uint64(r.left) || addr > math.MaxInt64-size {
		return nil, false
	}
	r.left -= int(size)
	b := make([]byte, size)
	n, _ := r.from.ReadAt(b, int64(addr))
	return b[:max(0, min(n, len(b)))], n > 0
}

// ReadAt reads for those who take an io.ReaderAt.
func (r *reader) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 || !r.bytes(uint64(off), b) {
		return 0, io.ErrUnexpectedEOF
	}
	return len(b), nil
}
