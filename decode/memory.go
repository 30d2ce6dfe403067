package decode

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// read fills p from the tracee's address addr and returns how many bytes it
// got. It stops at the first page that cannot be read, and at the end of the
// lower half of the address space: no tracee has memory above, and an address
// plus a length may wrap around.
func (d *decoder) read(p []byte, addr uint64) int {
	if d.mem == nil || len(p) == 0 || addr >= 1<<63 {
		return 0
	}
	if left := 1<<63 - addr; uint64(len(p)) > left {
		p = p[:left]
	}
	done := 0
	for done < len(p) {
		chunk := p[done:]
		chunk = chunk[:min(len(chunk), maxRead)]
		n, err := d.mem.ReadAt(chunk, int64(addr)+int64(done))
		// A memory that counts wrongly must not index out of the buffer.
		n = min(max(n, 0), len(chunk))
		done += n
		if n < len(chunk) || err != nil && n == 0 {
			break
		}
	}
	return done
}

// space is a buffer of n bytes, good until the next one is asked for if it is
// small.
func (d *decoder) space(n int) []byte {
	if n <= len(d.scratch) {
		return d.scratch[:n]
	}
	return make([]byte, n)
}

// block reads exactly n bytes, or nothing. What it returns is good until the
// next read.
func (d *decoder) block(addr uint64, n int) ([]byte, bool) {
	if addr == 0 || n < 0 || d.mem == nil {
		return nil, false
	}
	p := d.space(n)
	return p, d.read(p, addr) == n
}

// array reads up to n elements of size bytes, as many as are there whole, in
// one go. What it returns is the caller's to keep while it prints.
func (d *decoder) elements(addr uint64, n, size int) []byte {
	if addr == 0 || n <= 0 || d.mem == nil {
		return nil
	}
	p := make([]byte, n*size)
	got := d.read(p, addr)
	return p[:got-got%size]
}

// cstring reads a NUL-ended string of at most limit bytes, the NUL not
// counted. ended says whether the NUL was found; ok is false if neither it nor
// limit bytes could be read. What it returns is good until the next read.
func (d *decoder) cstring(addr uint64, limit int) (s []byte, ended, ok bool) {
	if addr == 0 || d.mem == nil {
		return nil, false, false
	}
	p := d.scratch[:0]
	for len(p) <= limit {
		at := addr + uint64(len(p))
		// Up to the end of the page: the string may end just before an
		// unmapped one.
		step := min(limit+1-len(p), pageSize-int(at%pageSize), max(256, len(p)))
		start := len(p)
		if start+step <= cap(p) {
			p = p[:start+step]
		} else {
			p = append(p, make([]byte, step)...)
		}
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

// pointers reads the tracee's words from addr on until one is 0, and tells how
// many come before it, at most limit. ended says whether the 0 was found; next
// is the address of what could not be read, where it was not.
func (d *decoder) pointers(addr uint64, limit int, each func(v uint64)) (n int, ended bool, next uint64) {
	var buffer [64 * 8]byte
	size := 64
	for at := addr; n <= limit; {
		// No further than the page: the array may end with it.
		left := max(1, (pageSize-int(at%pageSize))/d.word)
		p := buffer[:min(size, left)*d.word]
		got := d.read(p, at)
		for i := range got / d.word {
			v := d.long(p, i)
			if v == 0 {
				return n, true, 0
			}
			if n == limit {
				return n, false, 0
			}
			if each != nil {
				each(v)
			}
			n++
		}
		if got < len(p) {
			return n, false, at + uint64(got/d.word*d.word)
		}
		at += uint64(len(p))
		if at < addr {
			return n, false, at
		}
	}
	return n, false, 0
}

// long is the i-th of the tracee's words in p.
func (d *decoder) long(p []byte, i int) uint64 {
	if d.word == 4 {
		return uint64(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return binary.LittleEndian.Uint64(p[8*i:])
}

// slong is the same for a signed long.
func (d *decoder) slong(p []byte, i int) int64 {
	if d.word == 4 {
		return int64(int32(binary.LittleEndian.Uint32(p[4*i:])))
	}
	return int64(binary.LittleEndian.Uint64(p[8*i:]))
}

func u16(p []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint16(p[at:])) }
func u32(p []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(p[at:])) }
func u64(p []byte, at int) uint64 { return binary.LittleEndian.Uint64(p[at:]) }

// ones counts the signals of a set.
func ones(set uint64) int { return bits.OnesCount64(set) }
