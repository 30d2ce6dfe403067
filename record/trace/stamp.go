package trace

import (
	"strconv"
	"time"
)

// stamp prints times whose seconds are mostly those of the time before: the
// calendar is asked once a second.
type stamp struct {
	layout string // down to seconds
	zone   *time.Location
	second int64
	text   []byte
}

// append appends t down to its second.
func (s *stamp) append(b []byte, t time.Time) []byte {
	if second := t.Unix(); s.text == nil || second != s.second {
		s.second = second
		s.text = t.In(s.zone).AppendFormat(s.text[:0], s.layout)
	}
	return append(b, s.text...)
}

// appendSeconds appends a duration as seconds, right-justified in width, and
// microseconds.
func appendSeconds(b []byte, d time.Duration, width int) []byte {
	start := len(b)
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	return appendMicros(justify(b, start, width), int(d%time.Second))
}

// justify moves what begins at start to the right, to be width wide.
func justify(b []byte, start, width int) []byte {
	n := len(b) - start
	for range width - n {
		b = append(b, ' ')
	}
	if n < width {
		copy(b[len(b)-n:], b[start:start+n])
		for i := start; i < len(b)-n; i++ {
			b[i] = ' '
		}
	}
	return b
}

// appendMicros appends a point and six digits.
func appendMicros(b []byte, nanoseconds int) []byte {
	return appendDigits(append(b, '.'), nanoseconds/1000, 6)
}

// appendDigits appends the last so many digits of v.
func appendDigits(b []byte, v, digits int) []byte {
	start := len(b)
	for range digits {
		b = append(b, '0')
	}
	for i := len(b) - 1; i >= start; i-- {
		b[i] = byte('0' + v%10)
		v /= 10
	}
	return b
}

// appendNanos appends a fraction of a second as time.RFC3339Nano has it:
// without zeros at its end, or nothing.
func appendNanos(b []byte, nanoseconds int) []byte {
	if nanoseconds == 0 {
		return b
	}
	b = appendDigits(append(b, '.'), nanoseconds, 9)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}
