package tracer

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// starting has a place for each session that is being launched.
//
// A launch waits for its child again and again, some ten microseconds each
// time. A thread that waits in the kernel keeps its place among the GOMAXPROCS
// that the Go runtime lets run until sysmon, which takes some tens of
// microseconds at best, gives it to another. With more launches at a time than
// there are places, half of a machine's time goes by with nobody running.
var starting = sync.OnceValue(func() chan struct{} { return make(chan struct{}, runtime.GOMAXPROCS(0)) })

// startTime is how long a session may keep its place: one that lasts, or whose
// launch hangs on a file system, holds nobody up for longer.
const startTime = 3 * time.Millisecond

// begins waits for a place; leave gives it back. Where ctx ends first there is
// none: the session sees that for itself.
func begins(ctx context.Context) (leave func()) {
	places := starting()
	select {
	case places <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	give := sync.OnceFunc(func() { <-places })
	timer := time.AfterFunc(startTime, give)
	return func() {
		timer.Stop()
		give()
	}
}
