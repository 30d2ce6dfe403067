package record_test

import (
	"fmt"

	"warder/record"
	"warder/tracer"
)

func ExampleLine() {
	r := &tracer.Result{Outcome: tracer.Signaled, ExitCode: -1, Signal: 11}
	fmt.Println(record.Line(r, "./a.out"))
	fmt.Println(record.ExitStatus(r))
	// Output:
	// warder: killed by SIGSEGV (Segmentation fault)
	// 139
}
