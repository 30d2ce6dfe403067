package memory

import (
	"bytes"
	"io"
)

// eachLine gives f the lines of r, without their ends, until it answers with
// an error. The lines of a program's own making are bounded: of one that is
// longer than limit f gets the beginning.
func eachLine(r io.Reader, limit int, f func(line []byte) error) error {
	buf := make([]byte, limit)
	have, dropping := 0, false
	for {
		n, err := r.Read(buf[have:])
		have += n
		rest := buf[:have]
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			if !dropping {
				if err := f(rest[:i]); err != nil {
					return err
				}
			}
			dropping = false
			rest = rest[i+1:]
		}
		have = copy(buf, rest)
		if err == nil && have < len(buf) {
			continue
		}
		// A line without its end: the file's last, or too long for the buffer.
		if have > 0 && !dropping {
			if err := f(buf[:have]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		have, dropping = 0, true
	}
}
