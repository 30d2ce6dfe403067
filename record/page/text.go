package page

import (
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is remembered of strings, to share them.
const (
	tableStrings = 1 << 16
	tableBytes   = 8 << 20
	longString   = 512 // a longer one is not remembered
)

// table numbers the page's strings. 0 is the empty one. When it has grown too
// large it forgets: a string that comes again then gets a second number.
type table struct {
	index map[string]int
	next  int
	bytes int
	fresh []byte // since the last block
}

func newTable() table { return table{index: make(map[string]int), next: 1} }

func (t *table) number(s string) int {
	if s == "" {
		return 0
	}
	if n, known := t.index[s]; known {
		return n
	}
	n := t.next
	t.next++
	if len(t.fresh) > 0 {
		t.fresh = append(t.fresh, ',')
	}
	t.fresh = appendText(t.fresh, s)
	if len(s) <= longString {
		if len(t.index) >= tableStrings || t.bytes+len(s) > tableBytes {
			clear(t.index)
			t.bytes = 0
		}
		t.index[s] = n
		t.bytes += len(s)
	}
	return n
}

// appendText appends s as a JSON string that is harmless in a script element:
// "<", ">" and "&" are written by number, for "</script" ends the element and
// "<!--" changes how it is read.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '<' || c == '>' || c == '&':
			b = fmt.Appendf(b, `\u%04x`, c)
		case c >= ' ' && c < 0x7f:
			b = append(b, c)
		default:
			var n int
			b, n = appendOdd(b, s[i:], `\\`)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}

// appendOdd appends the first rune of s, which is not printable ASCII, and
// tells its length. What is no text, or would not be seen as what it is, is
// written by number behind the backslash given: bytes in octal, as strace
// does.
func appendOdd(b []byte, s, backslash string) ([]byte, int) {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == '\n':
		b = append(append(b, backslash...), 'n')
	case r == '\t':
		b = append(append(b, backslash...), 't')
	case r == utf8.RuneError && n == 1, r < ' ' || r == 0x7f:
		b = append(b, backslash...)
		b = fmt.Appendf(b, "%03o", s[0])
	case !unicode.IsPrint(r):
		b = append(append(b, backslash...), "u{"...)
		b = append(strconv.AppendInt(b, int64(r), 16), '}')
	default:
		b = append(b, s[:n]...)
	}
	return b, n
}

// plain is s with what appendText writes by number written so, and no more.
func plain(s string) string {
	var b []byte
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f {
			b = append(b, c)
			i++
			continue
		}
		var n int
		b, n = appendOdd(b, s[i:], `\`)
		i += n
	}
	return string(b)
}
