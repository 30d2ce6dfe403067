package trace_test

import (
	"fmt"
	"os"
	"time"

	"warder/record/trace"
)

// A trace in strace's format, into a file: the collector is what
// tracer.Config is given as its witness.
func Example() {
	var filter trace.Filter
	for _, expression := range []string{"trace=openat,%network", "signal=!SIGCHLD"} {
		if err := filter.Set(expression); err != nil {
			fmt.Println(err)
			return
		}
	}
	queue := trace.NewQueue(os.Stdout, trace.QueueOptions{Mode: trace.Wait})
	text := trace.NewText(queue, filter.Quiet.Text(trace.TextOptions{Prefix: trace.Bare, Clock: trace.Micros}))
	collector := trace.NewCollector(trace.Options{
		Sink: text, Calls: filter.Calls, Signals: filter.Signals, Status: filter.Status,
	})

	// … a session runs, and tells the collector …

	collector.Close()
	if err := queue.Close(time.Second); err != nil {
		fmt.Println(err)
	}
	// Output:
}
