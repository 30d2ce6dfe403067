package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"warder/record"
)

// progress is a line on a terminal that says how far a long run is; elsewhere
// it is silent. A library for it would bring four others.
type progress struct {
	w     io.Writer // nil: silent
	begun time.Time
	shown time.Time
}

const (
	barWidth     = 30
	barInterval  = 100 * time.Millisecond
	longestLabel = 24
)

func newProgress(f *os.File) *progress {
	p := &progress{begun: time.Now()}
	if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil && os.Getenv("TERM") != "dumb" {
		p.w = f
	}
	return p
}

// show draws the line, unless that was done a moment ago.
func (p *progress) show(done float64, next string) {
	now := time.Now()
	if p.w == nil || now.Sub(p.shown) < barInterval {
		return
	}
	p.shown = now
	_, _ = io.WriteString(p.w, "\r"+barLine(done, next, now.Sub(p.begun))+"\x1b[K") // a terminal that is gone says so elsewhere
}

// barLine is the line without what moves the cursor.
func barLine(done float64, next string, since time.Duration) string {
	done = min(max(done, 0), 1)
	full := int(done*barWidth + 0.5)
	line := fmt.Sprintf("[%s%s] %3.0f%%", strings.Repeat("#", full), strings.Repeat(".", barWidth-full), 100*done)
	if done > 0.02 {
		left := time.Duration(float64(since) * (1 - done) / done)
		line += fmt.Sprintf(" %4s left", left.Round(time.Second))
	}
	next = record.Clean(next)
	if len(next) > longestLabel {
		next = next[:longestLabel]
	}
	return line + "  " + next
}

// clear takes the line away.
func (p *progress) clear() {
	if p.w != nil && !p.shown.IsZero() {
		_, _ = io.WriteString(p.w, "\r\x1b[K")
	}
}
