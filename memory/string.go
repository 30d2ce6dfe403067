package memory

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// ErrTooLong is the cause when a string does not end where it should, or a
// buffer has no room for what was asked for.
var ErrTooLong = errors.New("too long")

// String reads the NUL-ended string at addr, without its NUL. No page after
// the one that holds the NUL is touched, so a string may end at the last byte
// before an unmapped page.
//
// Without a NUL among the first max bytes it returns those and ErrTooLong;
// before a page that cannot be read, what came before it and unix.EFAULT. In
// both cases the result is not what the program would see: treat the error as
// a refusal.
func (s *Space) String(addr uint64, max int) (string, error) {
	if err := s.check("string", addr, 1); err != nil {
		return "", err
	}
	var page [pageStep]byte
	var before []byte // what earlier pages held
	for len(before) < max {
		at := addr + uint64(len(before))
		if err := s.check("string", at, 1); err != nil {
			return string(before), err
		}
		chunk := page[:min(pageStep-int(at%pageStep), max-len(before))]
		n, err := s.readSome(at, chunk)
		if err != nil {
			return string(before), s.fail("string", at, err)
		}
		chunk = chunk[:n]
		i := bytes.IndexByte(chunk, 0)
		switch {
		case i >= 0 && before == nil:
			return string(chunk[:i]), nil
		case i >= 0:
			return string(append(before, chunk[:i]...)), nil
		}
		before = append(before, chunk...)
	}
	return string(before), s.fail("string", addr, ErrTooLong)
}

// Uint64 reads 8 bytes as a number, in the byte order of all our machines:
// little-endian.
func (s *Space) Uint64(addr uint64) (uint64, error) {
	var b [8]byte
	if _, err := s.read("read", b[:], addr); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// Uint32 reads 4 bytes as a little-endian number.
func (s *Space) Uint32(addr uint64) (uint32, error) {
	var b [4]byte
	if _, err := s.read("read", b[:], addr); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}
