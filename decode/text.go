package decode

// quote appends b in double quotes with strace's escapes.
func quote(out, b []byte) []byte {
	return append(escape(append(out, '"'), b, ""), '"')
}

// escape appends b with strace's escapes: C's letters, and octal with as few
// digits as the next byte allows. The bytes of also are escaped too.
func escape(out, b []byte, also string) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c >= ' ' && c <= '~' && c != '"' && c != '\\' && (len(also) == 0 || c != also[0]) && (len(also) < 2 || c != also[1]) {
			out = append(out, c)
			continue
		}
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
	return out
}

// quoteHex appends b in double quotes, every byte as two hexadecimal digits:
// what strace does with random bytes.
func quoteHex(out, b []byte) []byte {
	out = append(out, '"')
	for _, c := range b {
		out = append(out, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(out, '"')
}

// file prints a file name whole. A name of PATH_MAX bytes without a NUL is
// none to the kernel (ENAMETOOLONG) and is printed cut.
func (d *decoder) file(addr uint64) {
	s, ended, ok := d.cstring(addr, pathMax-1)
	if !ok {
		d.pointer(addr)
		return
	}
	start := len(d.out)
	d.out = quote(d.out, s)
	if !ended {
		d.lit("...")
		return
	}
	d.path = span{start: start + 1, end: len(d.out) - 1}
	if len(d.out)-start != len(s)+2 {
		d.path.whole = string(s)
	}
}

// str prints a NUL-ended string, cut at the limit.
func (d *decoder) str(addr uint64) {
	s, ended, ok := d.cstring(addr, d.max)
	if !ok {
		d.pointer(addr)
		return
	}
	d.out = quote(d.out, s)
	if !ended {
		d.lit("...")
	}
}

// buffer prints n bytes, cut at the limit.
func (d *decoder) buffer(addr, n uint64) { d.bytes(addr, n, quote) }

func (d *decoder) bytes(addr, n uint64, quoted func(out, b []byte) []byte) {
	if addr == 0 {
		d.lit("NULL")
		return
	}
	if d.mem == nil {
		d.pointer(addr)
		return
	}
	p := d.space(int(min(n, uint64(d.max))))
	if d.read(p, addr) != len(p) {
		d.pointer(addr)
		return
	}
	d.out = quoted(d.out, p)
	if n > uint64(d.max) {
		d.lit("...")
	}
}

// text prints the bytes of a fixed field up to its NUL.
func (d *decoder) text(p []byte) {
	for i, c := range p {
		if c == 0 {
			p = p[:i]
			break
		}
	}
	d.out = quote(d.out, p)
}

// array prints a NULL-ended array of strings.
func (d *decoder) array(addr uint64) {
	var room [defaultString]uint64
	words := room[:0]
	if addr == 0 || d.mem == nil {
		d.pointer(addr)
		return
	}
	n, ended, next := d.pointers(addr, d.items(), func(v uint64) { words = append(words, v) })
	if n == 0 && next != 0 {
		d.pointer(addr)
		return
	}
	d.byte('[')
	for i, v := range words {
		if i > 0 {
			d.lit(", ")
		}
		d.str(v)
	}
	switch {
	case ended:
	case next != 0:
		d.elsewhere(n, next)
	case n == 0:
		d.lit("...")
	default:
		d.lit(", ...")
	}
	d.byte(']')
}

// items is how many elements of an array are printed.
func (d *decoder) items() int { return min(d.max, maxItems) }

// elsewhere says at which address an array's next element could not be read.
func (d *decoder) elsewhere(n int, addr uint64) {
	if n > 0 {
		d.lit(", ")
	}
	d.lit("... /* ")
	d.pointer(addr)
	d.lit(" */")
}

// environment prints an array's address and length, as strace does for envp.
func (d *decoder) environment(addr uint64) {
	d.pointer(addr)
	if addr == 0 || d.mem == nil {
		return
	}
	n, ended, _ := d.pointers(addr, maxCount, nil)
	if n == 0 && !ended {
		return
	}
	d.lit(" /* ")
	d.int(int64(n))
	d.lit(" var")
	if n != 1 {
		d.byte('s')
	}
	if !ended {
		d.lit(", unterminated")
	}
	d.lit(" */")
}
