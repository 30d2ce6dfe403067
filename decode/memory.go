package decode

import (
	"bytes"
	"encoding/binary"
)

// read fills p from the tracee's address addr, page by page, and returns how
// many bytes it got. It stops at the first page that cannot be read, and at
// the end of the lower half of the address space: no tracee has memory above,
// and an address plus a length may wrap around.
func (d *decoder) read(p []byte, addr uint64) int {
	if d.mem == nil {
		return 0
	}
	done := 0
	for done < len(p) {
		at := addr + uint64(done)
		if at < addr || at >= 1<<63 {
			break
		}
		chunk := p[done:]
		if left := pageSize - int(at%pageSize); len(chunk) > left {
			chunk = chunk[:left]
		}
		n, err := d.mem.ReadAt(chunk, int64(at))
		// A memory that counts wrongly must not index out of the buffer.
		n = min(max(n, 0), len(chunk))
		done += n
		if n < len(chunk) || err != nil && n == 0 {
			break
		}
	}
	return done
}

// block reads exactly n bytes, or nothing.
func (d *decoder) block(addr uint64, n int) ([]byte, bool) {
	if addr == 0 {
		return nil, false
	}
	p := make([]byte, n)
	return p, d.read(p, addr) == n
}

// cstring reads a NUL-ended string of at most limit bytes, the NUL not
// counted. ended says whether the NUL was found; ok is false if neither it nor
// limit bytes could be read.
func (d *decoder) cstring(addr uint64, limit int) (s []byte, ended, ok bool) {
	if addr == 0 {
		return nil, false, false
	}
	p := make([]byte, 0, min(limit+1, 256))
	for len(p) <= limit {
		at := addr + uint64(len(p))
		// A page at a time: the string may end just before an unmapped page.
		step := min(limit+1-len(p), pageSize-int(at%pageSize), 256)
		start := len(p)
		p = append(p, make([]byte, step)...)
		n := d.read(p[start:], at)
		p = p[:start+n]
		if end := bytes.IndexByte(p[start:], 0); end >= 0 {
			return p[:start+end], true, true
		}
		if n < step {
			return nil, false, false
		}
	}
	return p[:limit], false, true
}

// long reads the i-th of the tracee's words in p.
func (d *decoder) long(p []byte, i int) uint64 {
	if d.word == 4 {
		return uint64(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return binary.LittleEndian.Uint64(p[8*i:])
}

// words reads n of the tracee's words.
func (d *decoder) words(addr uint64, n int) ([]uint64, bool) {
	p, ok := d.block(addr, n*d.word)
	if !ok {
		return nil, false
	}
	w := make([]uint64, n)
	for i := range w {
		w[i] = d.long(p, i)
	}
	return w, true
}
