package decode_test

import (
	"encoding/binary"
	"errors"
	"testing"
)

var errFault = errors.New("bad address")

// image is a tracee's memory: pages by number. A read ends at a missing one.
type image struct {
	t     testing.TB
	pages map[uint64]*[4096]byte
	next  uint64
}

func newImage(t testing.TB) *image {
	return &image{t: t, pages: map[uint64]*[4096]byte{}, next: 0x10000}
}

func (m *image) ReadAt(p []byte, addr int64) (int, error) {
	if addr < 0 {
		m.t.Errorf("read at %#x", uint64(addr))
		return 0, errFault
	}
	done := 0
	for done < len(p) {
		at := uint64(addr) + uint64(done)
		page := m.pages[at/4096]
		if page == nil {
			return done, errFault
		}
		done += copy(p[done:], page[at%4096:])
	}
	return done, nil
}

// write puts bytes at an address, making pages.
func (m *image) write(addr uint64, b []byte) {
	for i, c := range b {
		at := addr + uint64(i)
		page := m.pages[at/4096]
		if page == nil {
			page = new([4096]byte)
			m.pages[at/4096] = page
		}
		page[at%4096] = c
	}
}

// put places bytes at a fresh address.
func (m *image) put(b []byte) uint64 {
	at := m.next
	m.write(at, b)
	m.next += uint64(len(b)+15)&^15 + 16
	return at
}

func (m *image) str(s string) uint64 { return m.put(append([]byte(s), 0)) }

// words places 64-bit words.
func (m *image) words(w ...uint64) uint64 {
	var b []byte
	for _, v := range w {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return m.put(b)
}

// words32 places 32-bit words.
func (m *image) words32(w ...uint32) uint64 {
	var b []byte
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return m.put(b)
}

func bytes64(w ...uint64) (b []byte) {
	for _, v := range w {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func bytes32(w ...uint32) (b []byte) {
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}
