package decode

import "strings"

// The second field of a time.
type fraction string

const (
	nanoseconds  fraction = "tv_nsec"
	microseconds fraction = "tv_usec"
)

// wide is how many bytes a field of a time has: the calls with a time64 name
// have 64-bit fields on i386 too.
func (d *decoder) wide() int {
	if d.word == 4 && strings.HasSuffix(d.plan.name, "64") {
		return 8
	}
	return d.word
}

// field is the i-th number of n bytes in p, signed.
func field(p []byte, i, n int) int64 {
	if n == 4 {
		return int64(int32(u32(p, 4*i)))
	}
	return int64(u64(p, 8*i))
}

// timespecAt prints seconds and a fraction.
func (d *decoder) timespecAt(addr uint64, f fraction) {
	n := d.wide()
	p, ok := d.block(addr, 2*n)
	if !ok {
		d.pointer(addr)
		return
	}
	d.time(p, n, f)
}

// time prints seconds and a fraction whose fields have n bytes; nanoseconds
// unsigned as strace does: a negative number is an error, and reads as one.
func (d *decoder) time(p []byte, n int, f fraction) {
	d.lit("{tv_sec=")
	d.int(field(p, 0, n))
	d.lit(", ")
	d.lit(string(f))
	d.byte('=')
	switch {
	case f == microseconds:
		d.int(field(p, 1, n))
	case n == 4:
		d.uint(u32(p, 4))
	default:
		d.uint(u64(p, 8))
	}
	d.byte('}')
}

// pair prints two times in brackets or with the names of an interval timer.
func (d *decoder) interval(addr uint64, f fraction) {
	n := d.wide()
	p, ok := d.block(addr, 4*n)
	if !ok {
		d.pointer(addr)
		return
	}
	d.lit("{it_interval=")
	d.time(p, n, f)
	d.lit(", it_value=")
	d.time(p[2*n:], n, f)
	d.byte('}')
}

func itimerspec(d *decoder, addr uint64)  { d.interval(addr, nanoseconds) }
func itimerval(d *decoder, addr uint64)   { d.interval(addr, microseconds) }
func timespecOut(d *decoder, addr uint64) { d.timespecAt(addr, nanoseconds) }
func timevalOut(d *decoder, addr uint64)  { d.timespecAt(addr, microseconds) }
