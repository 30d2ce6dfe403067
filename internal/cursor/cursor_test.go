package cursor_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"warder/internal/cursor"
)

func TestFixed(t *testing.T) {
	b := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}
	c := cursor.New(b, 0)
	if v := c.U8(); v != 1 {
		t.Errorf("U8: %#x", v)
	}
	if v := c.U16(); v != 0x0302 {
		t.Errorf("U16: %#x", v)
	}
	if v := c.U24(); v != 0x060504 {
		t.Errorf("U24: %#x", v)
	}
	if v := c.U32(); v != 0x0a090807 {
		t.Errorf("U32: %#x", v)
	}
	if c.Off() != 10 || c.Len() != 8 {
		t.Errorf("at %d, %d left", c.Off(), c.Len())
	}
	if v := c.U64(); v != 0x1211100f0e0d0c0b {
		t.Errorf("U64: %#x", v)
	}
	if c.Bad() || c.Len() != 0 {
		t.Errorf("at the end: bad %v, %d left", c.Bad(), c.Len())
	}
	if v := c.U8(); v != 0 || !c.Bad() {
		t.Errorf("behind the end: %d, bad %v", v, c.Bad())
	}
	c.Seek(0) // bad stays bad
	if v := c.U8(); v != 0 || !c.Bad() {
		t.Errorf("bad and back at 0: %d", v)
	}
}

func TestBounds(t *testing.T) {
	b := []byte{1, 2, 3}
	for name, read := range map[string]func(*cursor.Cursor){
		"U32":     func(c *cursor.Cursor) { c.U32() },
		"U64":     func(c *cursor.Cursor) { c.U64() },
		"Bytes":   func(c *cursor.Cursor) { c.Bytes(math.MaxUint64) },
		"Skip":    func(c *cursor.Cursor) { c.Skip(4) },
		"Seek":    func(c *cursor.Cursor) { c.Seek(4) },
		"CString": func(c *cursor.Cursor) { c.CString() },
		"Uint":    func(c *cursor.Cursor) { c.Uint(5) },
		"Sub":     func(c *cursor.Cursor) { c.Sub(4) },
	} {
		c := cursor.New(b, 0)
		read(&c)
		if !c.Bad() || c.Len() != 0 {
			t.Errorf("%s: bad %v, %d left", name, c.Bad(), c.Len())
		}
	}
	if c := cursor.New(b, 3); c.Bad() || c.Len() != 0 {
		t.Error("the end is not inside")
	}
	if c := cursor.New(b, 4); !c.Bad() {
		t.Error("behind the end is inside")
	}
	c := cursor.New(b, 1)
	s := c.Sub(1)
	if s.Off() != 1 || s.U8() != 2 || s.Len() != 0 || c.U8() != 3 {
		t.Error("Sub is not the middle byte")
	}
	if s.U8(); !s.Bad() {
		t.Error("Sub reads what is behind it")
	}
}

func TestLEB(t *testing.T) {
	for _, v := range []uint64{0, 1, 127, 128, 300, 1 << 32, 1 << 63, math.MaxUint64} {
		c := cursor.New(binary.AppendUvarint(nil, v), 0)
		if got := c.ULEB(); got != v || c.Bad() || c.Len() != 0 {
			t.Errorf("ULEB of %#x: %#x, bad %v", v, got, c.Bad())
		}
	}
	for _, x := range []struct {
		b []byte
		v int64
	}{
		{[]byte{0}, 0},
		{[]byte{2}, 2},
		{[]byte{0x7e}, -2},
		{[]byte{0xff, 0}, 127},
		{[]byte{0x81, 0x7f}, -127},
		{[]byte{0x80, 0x7f}, -128},
		{[]byte{0x80, 1}, 128},
		{[]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, math.MinInt64},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}, math.MaxInt64},
	} {
		c := cursor.New(x.b, 0)
		if got := c.SLEB(); got != x.v || c.Bad() || c.Len() != 0 {
			t.Errorf("SLEB of %x: %d, want %d, bad %v", x.b, got, x.v, c.Bad())
		}
	}
	for _, b := range [][]byte{nil, {0x80}, bytes.Repeat([]byte{0x80}, 20), append(bytes.Repeat([]byte{0xff}, 9), 2)} {
		c := cursor.New(b, 0)
		if v := c.ULEB(); v != 0 || !c.Bad() {
			t.Errorf("ULEB of %x: %d, bad %v", b, v, c.Bad())
		}
	}
	for _, b := range [][]byte{nil, {0x80}, bytes.Repeat([]byte{0x80}, 20)} {
		c := cursor.New(b, 0)
		if v := c.SLEB(); v != 0 || !c.Bad() {
			t.Errorf("SLEB of %x: %d, bad %v", b, v, c.Bad())
		}
	}
}

func TestCString(t *testing.T) {
	c := cursor.New([]byte("ab\x00\x00c"), 0)
	if a, b := string(c.CString()), string(c.CString()); a != "ab" || b != "" || c.Bad() {
		t.Errorf("%q, %q, bad %v", a, b, c.Bad())
	}
	if s := c.CString(); s != nil || !c.Bad() {
		t.Errorf("without an end: %q", s)
	}
}
