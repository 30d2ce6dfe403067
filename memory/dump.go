package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// Dump writes p, which lies at addr, in the form of hexdump -C: sixteen bytes
// a line, characters beside them, lines equal to the one before as one "*",
// the end address last. Addresses have 8 digits, or 16 where they need more.
func Dump(w io.Writer, p []byte, addr uint64) error {
	if len(p) == 0 {
		return nil
	}
	digits := 8
	if end := addr + uint64(len(p)); end > 1<<32 || end < addr {
		digits = 16
	}
	b := bufio.NewWriter(w) // holds the first error until Flush
	starred := false
	for i := 0; i < len(p); i += 16 {
		line := p[i:min(i+16, len(p))]
		if i > 0 && len(line) == 16 && bytes.Equal(line, p[i-16:i]) {
			if !starred {
				b.WriteString("*\n")
			}
			starred = true
			continue
		}
		starred = false
		fmt.Fprintf(b, "%0*x", digits, addr+uint64(i))
		for j := range 16 {
			if j%8 == 0 {
				b.WriteByte(' ')
			}
			if j < len(line) {
				fmt.Fprintf(b, " %02x", line[j])
			} else {
				b.WriteString("   ")
			}
		}
		b.WriteString("  |")
		for _, c := range line {
			if c < 0x20 || c > 0x7e {
				c = '.'
			}
			b.WriteByte(c)
		}
		b.WriteString("|\n")
	}
	fmt.Fprintf(b, "%0*x\n", digits, addr+uint64(len(p)))
	return b.Flush()
}
