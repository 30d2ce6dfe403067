package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// Output is where a sink writes. Put takes all of p or nothing, and keeps
// nothing of it; false means that it was dropped. What is put should be whole
// lines, or the begin or the rest of one.
type Output interface {
	Put(p []byte) bool
}

// Mode is what a [Queue] does when its writer is slower than the program.
type Mode uint8

// The modes.
const (
	// Wait has Put wait for room: the traced program is as slow as the writer,
	// as under strace, and nothing is lost.
	Wait Mode = iota
	// Drop has Put drop what there is no room for, and count it: for programs
	// that are held to budgets of time.
	Drop
	// Through has Put write at once, on its own thread: each line is written
	// before the program goes on, so that its own output stands in order. It
	// costs a write(2) each, and a writer that blocks holds the session.
	Through
)

// QueueOptions are a Queue's. The zero value is Mode Wait.
type QueueOptions struct {
	Mode Mode
	// Limit is how many bytes may wait, those that are being written included;
	// 0 means 4 MiB. A single line that is longer is taken when nothing waits.
	Limit int
	// Delay is how long a line may wait for others to be written with it; 0
	// means 2 ms.
	Delay time.Duration
	// Lost makes the line that stands where lines were dropped. Nil means
	// [LostText].
	Lost func(b []byte, lines uint64) []byte
}

const (
	defaultLimit = 4 << 20
	defaultDelay = 2 * time.Millisecond
	// batch is how many bytes are worth a write of their own.
	batch = 64 << 10
)

// Queue carries lines to a writer that the session's thread does not wait
// for. It is bounded; what it drops it counts, and says where. After the
// writer's first error nothing more is written, and nobody waits: the session
// goes on, and Close tells.
//
// Put is for one goroutine, the other methods for any.
type Queue struct {
	w   io.Writer
	opt QueueOptions

	mu      sync.Mutex
	room    sync.Cond
	fill    []byte // waits
	spare   []byte // is being written, or empty
	writing int    // bytes of spare that are not written yet
	err     error  // the writer's first
	hurried bool   // Put does not wait any more
	closed  bool

	lost    uint64 // lines, all in all
	gap     uint64 // since the last line that was taken
	gapOpen bool   // something was dropped since then, a whole line or not
	inLine  bool   // the last byte taken was not a line's end
	added   []int  // where in fill there are line ends of the queue's own

	wake chan struct{} // fill is not empty, or enough for a write, or closed
	done chan struct{} // the writer has returned
}

// NewQueue makes a queue and, but for Through, starts its writing goroutine,
// which Close ends.
func NewQueue(w io.Writer, opt QueueOptions) *Queue {
	if opt.Limit <= 0 {
		opt.Limit = defaultLimit
	}
	if opt.Delay <= 0 {
		opt.Delay = defaultDelay
	}
	if opt.Lost == nil {
		opt.Lost = LostText
	}
	q := &Queue{w: w, opt: opt, wake: make(chan struct{}, 1), done: make(chan struct{})}
	q.room.L = &q.mu
	if opt.Mode == Through {
		close(q.done)
	} else {
		go q.write()
	}
	return q
}

// LostText is the line of a text for lines that were dropped.
func LostText(b []byte, lines uint64) []byte {
	return fmt.Appendf(b, "+++ %s lost: the output was too slow +++\n", lineCount(lines))
}

func lineCount(lines uint64) string {
	if lines == 1 {
		return "1 line"
	}
	return strconv.FormatUint(lines, 10) + " lines"
}

// Put takes a line, or a part of one.
func (q *Queue) Put(p []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.opt.Mode == Wait {
		for !q.fits(p) && q.err == nil && !q.hurried && !q.closed {
			q.nudge()
			q.room.Wait()
		}
	}
	if q.err != nil || q.closed || !q.fits(p) {
		n := uint64(bytes.Count(p, newline))
		q.lost += n
		q.gap += n
		q.gapOpen = true
		return false
	}
	first := len(q.fill) == 0
	if q.gapOpen {
		q.mark()
	}
	q.fill = append(q.fill, p...)
	q.inLine = len(p) > 0 && p[len(p)-1] != '\n'
	switch {
	case q.opt.Mode == Through:
		q.through()
	case first || len(q.fill) >= batch:
		q.nudge()
	}
	return true
}

var newline = []byte{'\n'}

// fits reports whether p may wait. What is longer than the limit may alone.
func (q *Queue) fits(p []byte) bool {
	waiting := len(q.fill) + q.writing
	return waiting == 0 || waiting+len(p) <= q.opt.Limit
}

// mark says that lines are missing here.
func (q *Queue) mark() {
	if q.inLine {
		q.added = append(q.added, len(q.fill))
		q.fill = append(q.fill, " <unfinished ...>\n"...)
		q.inLine = false
	}
	if q.gap > 0 {
		q.added = append(q.added, len(q.fill))
		q.fill = q.opt.Lost(q.fill, q.gap)
	}
	q.gap, q.gapOpen = 0, false
}

// nudge wakes the writer. It does not wait.
func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// through writes what is there on the caller's goroutine, and without the
// lock: Put and the other methods do not wait for it.
func (q *Queue) through() {
	p, added := q.fill, q.added
	q.fill, q.spare, q.writing, q.added = q.spare[:0], nil, len(p), nil
	q.mu.Unlock()
	n, err := q.w.Write(p)
	q.mu.Lock()
	q.wrote(p, added, n, err)
	q.writing, q.spare = 0, p[:0]
}

// wrote notes how a write ended.
func (q *Queue) wrote(p []byte, added []int, n int, err error) {
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil && q.err == nil {
		q.err = err
	}
	if err != nil {
		q.lost += missing(p, added, min(max(n, 0), len(p)))
	}
}

// missing counts the lines of p from a byte on, without those that the queue
// added, which begin at added.
func missing(p []byte, added []int, from int) uint64 {
	n := bytes.Count(p[from:], newline)
	for _, at := range added {
		if at >= from {
			n--
		}
	}
	return uint64(max(n, 0))
}

// write is the writing goroutine.
func (q *Queue) write() {
	defer close(q.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		<-q.wake
		q.linger(timer)
		q.mu.Lock()
		for len(q.fill) > 0 {
			q.through()
			if q.err != nil { // what came meanwhile has nowhere to go
				q.lost += missing(q.fill, q.added, 0)
				q.fill, q.added = q.fill[:0], nil
			}
			q.room.Broadcast()
			if len(q.fill) < batch && !q.closed {
				break
			}
		}
		over, more := q.closed, len(q.fill) > 0
		q.mu.Unlock()
		if over {
			return
		}
		if more {
			q.nudge()
		}
	}
}

// linger lets lines gather, unless there are enough or the end has come. A
// second nudge says that there are.
func (q *Queue) linger(timer *time.Timer) {
	q.mu.Lock()
	now := q.closed || q.hurried || len(q.fill) >= batch
	q.mu.Unlock()
	if now {
		return
	}
	timer.Reset(q.opt.Delay)
	select {
	case <-timer.C:
	case <-q.wake:
		timer.Stop()
	}
}

// Release ends all waiting in Put: from now on a queue in Wait drops what
// there is no room for. It is for a session that has to end while nobody reads
// what its trace is written to.
func (q *Queue) Release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.hurried = true
	q.room.Broadcast()
	q.nudge()
}

// Lost is how many lines were dropped, or taken and could not be written.
func (q *Queue) Lost() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// LostError is what Close tells of lines that are not in the output.
type LostError struct {
	Lines uint64
	Err   error // the writer's first, or why nothing was written
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s lost: %v", lineCount(e.Lines), e.Err)
}

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// ErrSlow is the cause where the writer took part of what was put only.
var ErrSlow = errors.New("the output was too slow")

// Close writes what waits, for at most so long, and returns a [LostError]
// where something is missing. A writer that still blocks then is left to
// itself, with a goroutine. It does not close the writer underneath.
func (q *Queue) Close(patience time.Duration) error {
	q.mu.Lock()
	if q.gapOpen && q.err == nil && !q.closed {
		q.mark() // the bound is not for this line
		if q.opt.Mode == Through && q.writing == 0 && len(q.fill) > 0 {
			q.through()
		}
	}
	q.closed = true
	q.room.Broadcast()
	q.mu.Unlock()
	q.nudge()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-q.done:
	case <-timer.C:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	lost, err := q.lost, q.err
	select {
	case <-q.done:
	default:
		lost += missing(q.fill, q.added, 0) // and what is being written, which may come
		if err == nil {
			err = fmt.Errorf("%w: a write has not returned", ErrSlow)
		}
	}
	switch {
	case err != nil:
		return &LostError{lost, err}
	case lost > 0:
		return &LostError{lost, ErrSlow}
	}
	return nil
}
