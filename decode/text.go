package decode

import "strconv"

// quote appends b in double quotes with strace's escapes: C's letters, and
// octal with as few digits as the next byte allows.
func quote(out, b []byte) []byte {
	out = append(out, '"')
	for i, c := range b {
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\f':
			out = append(out, '\\', 'f')
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		case '\v':
			out = append(out, '\\', 'v')
		default:
			if c >= ' ' && c <= '~' {
				out = append(out, c)
				continue
			}
			// A digit after a short escape would read as part of it.
			three := i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '7'
			out = append(out, '\\')
			if three || c >= 0o100 {
				out = append(out, '0'+c>>6)
			}
			if three || c >= 0o10 {
				out = append(out, '0'+c>>3&7)
			}
			out = append(out, '0'+c&7)
		}
	}
	return append(out, '"')
}

// path prints a file name whole, and returns it. A name of PATH_MAX bytes
// without a NUL is none to the kernel (ENAMETOOLONG) and is printed cut.
func (d *decoder) path(addr uint64) (text, path string) {
	s, ended, ok := d.cstring(addr, pathMax-1)
	if !ok {
		return pointer(addr), ""
	}
	out := quote(nil, s)
	if !ended {
		return string(append(out, "..."...)), ""
	}
	return string(out), string(s)
}

// str prints a NUL-ended string, cut at the limit.
func (d *decoder) str(addr uint64) string {
	s, ended, ok := d.cstring(addr, d.max)
	if !ok {
		return pointer(addr)
	}
	out := quote(nil, s)
	if !ended {
		out = append(out, "..."...)
	}
	return string(out)
}

// buffer prints n bytes, cut at the limit.
func (d *decoder) buffer(addr, n uint64) string {
	if addr == 0 {
		return "NULL"
	}
	if d.mem == nil {
		return pointer(addr)
	}
	p := make([]byte, min(n, uint64(d.max)))
	if d.read(p, addr) != len(p) {
		return pointer(addr)
	}
	out := quote(nil, p)
	if n > uint64(d.max) {
		out = append(out, "..."...)
	}
	return string(out)
}

// array prints a NULL-ended array of strings.
func (d *decoder) array(addr uint64) string {
	if _, ok := d.words(addr, 1); !ok {
		return pointer(addr)
	}
	out := []byte{'['}
	for i := 0; ; i++ {
		at := addr + uint64(i*d.word)
		w, ok := d.words(at, 1)
		if ok && w[0] == 0 {
			break
		}
		if i > 0 {
			out = append(out, ", "...)
		}
		if !ok {
			out = append(out, "... /* "+pointer(at)+" */"...)
			break
		}
		if i == maxItems {
			out = append(out, "..."...)
			break
		}
		out = append(out, d.str(w[0])...)
	}
	return string(append(out, ']'))
}

// environment prints an array's address and length, as strace does for envp.
func (d *decoder) environment(addr uint64) string {
	if d.mem == nil || addr == 0 {
		return pointer(addr)
	}
	n, unterminated := 0, ""
	for ; ; n++ {
		w, ok := d.words(addr+uint64(n*d.word), 1)
		if ok && w[0] == 0 {
			break
		}
		if !ok && n == 0 {
			return pointer(addr)
		}
		if !ok || n == maxCount {
			unterminated = ", unterminated"
			break
		}
	}
	plural := "s"
	if n == 1 {
		plural = ""
	}
	return pointer(addr) + " /* " + strconv.Itoa(n) + " var" + plural + unterminated + " */"
}
