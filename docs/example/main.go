// Command example holds one program from Go and says how it ended.
//
//	go run ./docs/example /usr/bin/sort -n <numbers
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"warder/tracer"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: example PROGRAM [ARGS]")
		os.Exit(2)
	}
	result, err := tracer.Run(context.Background(), &tracer.Config{
		Path: os.Args[1], Args: os.Args[1:],
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Limits: tracer.Limits{CPU: 2 * time.Second, Memory: 64 << 20},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "not started:", err)
		os.Exit(1)
	}
	if result.Outcome == tracer.PolicyViolation {
		fmt.Println("refused:", result.Violation)
	}
	fmt.Println(result.Outcome, result.ExitCode, result.CPU(), result.MaxRSS)
}
