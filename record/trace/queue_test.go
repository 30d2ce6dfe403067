package trace_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/record/trace"
)

// patience is for what must happen; what must not is never waited for.
const patience = 10 * time.Second

// gate is a writer that blocks until it is opened.
type gate struct {
	safe
	open    chan struct{}
	entered chan struct{}
	once    sync.Once
}

func newGate() *gate { return &gate{open: make(chan struct{}), entered: make(chan struct{})} }

func (g *gate) Write(p []byte) (int, error) {
	g.once.Do(func() { close(g.entered) })
	<-g.open
	return g.safe.Write(p)
}

func line(i int) []byte { return fmt.Appendf(nil, "line %d\n", i) }

// TestQueueWait: a slow writer gets every line, in order.
func TestQueueWait(t *testing.T) {
	for _, limit := range []int{1, 20, 1000, 0} {
		w := new(safe)
		q := trace.NewQueue(w, trace.QueueOptions{Limit: limit, Delay: time.Microsecond})
		var want strings.Builder
		for i := range 2000 {
			if !q.Put(line(i)) {
				t.Fatalf("line %d was refused", i)
			}
			want.Write(line(i))
		}
		if err := q.Close(patience); err != nil {
			t.Fatal(err)
		}
		if w.String() != want.String() {
			t.Errorf("limit %d: %d bytes of %d", limit, len(w.String()), want.Len())
		}
	}
}

// TestQueueDrop: a writer that stands still holds nobody, what is lost is
// counted, and said where it is missing.
func TestQueueDrop(t *testing.T) {
	w := newGate()
	q := trace.NewQueue(w, trace.QueueOptions{Mode: trace.Drop, Limit: 64, Delay: time.Microsecond})
	q.Put(line(0))
	<-w.entered // line 0 is being written, and takes room
	taken := []int{0}
	for i := 1; i < 1000; i++ {
		if q.Put(line(i)) {
			taken = append(taken, i)
		}
	}
	if len(taken) < 3 || len(taken) > 9 {
		t.Errorf("%d lines were taken into 64 bytes", len(taken))
	}
	if got, want := q.Lost(), uint64(1000-len(taken)); got != want {
		t.Errorf("%d lines are lost, want %d", got, want)
	}
	close(w.open)
	for deadline := time.Now().Add(patience); !q.Put([]byte("room again\n")) && time.Now().Before(deadline); {
	}
	lost := q.Lost() // the attempts, too
	err := q.Close(patience)
	var want strings.Builder
	for _, i := range taken {
		want.Write(line(i))
	}
	fmt.Fprintf(&want, "+++ %d lines lost: the output was too slow +++\nroom again\n", lost)
	same(t, w.String(), want.String())
	var loss *trace.LostError
	if !errors.As(err, &loss) || loss.Lines != lost || !errors.Is(err, trace.ErrSlow) {
		t.Errorf("Close: %v", err)
	}
}

// TestQueueTorn: a call whose rest is dropped leaves no torn line.
func TestQueueTorn(t *testing.T) {
	w := newGate()
	q := trace.NewQueue(w, trace.QueueOptions{Mode: trace.Drop, Limit: 30})
	p := newProgram(t, trace.Options{Sink: trace.NewText(q, trace.TextOptions{Prefix: trace.Bare})})
	p.enter(100, "read", 0, 0x2000, 100) // 14 bytes
	p.c.Return(100, 100, 6, false)       // too long
	p.call(100, 0, "close", 3)           // half of it fits
	err := q.Close(0)
	close(w.open)
	if err == nil {
		t.Error("Close tells of nothing lost")
	}
	want := "100   read(0,  <unfinished ...>\n+++ 1 line lost: the output was too slow +++\n" +
		"100   close(3 <unfinished ...>\n+++ 1 line lost: the output was too slow +++\n"
	for deadline := time.Now().Add(patience); len(w.String()) < len(want) && time.Now().Before(deadline); {
	}
	same(t, w.String(), want)
}

// TestQueueForever: with a writer that never returns neither Put nor Close
// stays away, in any mode but Wait, and there after Release.
func TestQueueForever(t *testing.T) {
	for _, mode := range []trace.Mode{trace.Drop, trace.Wait} {
		w := newGate()
		t.Cleanup(func() { close(w.open) })
		q := trace.NewQueue(w, trace.QueueOptions{Mode: mode, Limit: 100})
		q.Put(line(0))
		<-w.entered
		over := make(chan struct{})
		go func() {
			defer close(over)
			for i := range 1000 {
				q.Put(line(i))
			}
		}()
		if mode == trace.Wait {
			select {
			case <-over:
				t.Error("Wait has lost lines")
			case <-time.After(20 * time.Millisecond):
			}
			q.Release()
		}
		select {
		case <-over:
		case <-time.After(patience):
			t.Fatalf("mode %d: Put waits", mode)
		}
		var loss *trace.LostError
		if err := q.Close(time.Millisecond); !errors.As(err, &loss) || loss.Lines < 900 {
			t.Errorf("mode %d: Close: %v", mode, err)
		}
	}
}

// failing takes so many bytes.
type failing struct {
	room int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	n := min(f.room, len(p))
	f.room -= n
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

// TestQueueFails: the first error is told at the end, with what is missing;
// nobody waits before that.
func TestQueueFails(t *testing.T) {
	for _, mode := range []trace.Mode{trace.Wait, trace.Drop, trace.Through} {
		q := trace.NewQueue(&failing{room: 7*5 + 3, err: unix.ENOSPC}, trace.QueueOptions{Mode: mode, Limit: 200, Delay: time.Microsecond})
		for i := range 10000 {
			q.Put(line(i % 10))
		}
		err := q.Close(patience)
		var loss *trace.LostError
		if !errors.As(err, &loss) || !errors.Is(err, unix.ENOSPC) || loss.Lines != 10000-5 {
			t.Errorf("mode %d: Close: %v", mode, err)
		}
	}
}

// TestQueueFull: a device without room and a pipe without a reader.
func TestQueueFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for want, f := range map[error]*os.File{unix.ENOSPC: full, unix.EPIPE: w} {
		q := trace.NewQueue(f, trace.QueueOptions{Mode: trace.Drop})
		q.Put([]byte("one\ntwo\n"))
		err := q.Close(patience)
		var loss *trace.LostError
		if !errors.As(err, &loss) || !errors.Is(err, want) || loss.Lines != 2 {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

// TestQueueThrough: each line is there before Put returns.
func TestQueueThrough(t *testing.T) {
	var b strings.Builder
	q := trace.NewQueue(&b, trace.QueueOptions{Mode: trace.Through})
	q.Put([]byte("read(0, "))
	same(t, b.String(), "read(0, ")
	q.Put([]byte("1) = 0\n"))
	same(t, b.String(), "read(0, 1) = 0\n")
	if err := q.Close(0); err != nil {
		t.Error(err)
	}
	if q.Put(line(1)) || q.Lost() != 1 {
		t.Error("a closed queue takes lines")
	}
}

// TestQueueIdle: without more lines the last ones are written soon.
func TestQueueIdle(t *testing.T) {
	r, w := io.Pipe()
	q := trace.NewQueue(w, trace.QueueOptions{})
	q.Put(line(1))
	b := make([]byte, 100)
	n, err := r.Read(b) // blocks for ever, were it not
	if err != nil || string(b[:n]) != "line 1\n" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if err := q.Close(patience); err != nil {
		t.Error(err)
	}
}

func BenchmarkQueue(b *testing.B) {
	for name, mode := range map[string]trace.Mode{"wait": trace.Wait, "through": trace.Through} {
		b.Run(name, func(b *testing.B) {
			null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer null.Close()
			q := trace.NewQueue(null, trace.QueueOptions{Mode: mode})
			p := []byte(`openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3` + "\n")
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				q.Put(p)
			}
			if err := q.Close(patience); err != nil {
				b.Fatal(err)
			}
		})
	}
}
