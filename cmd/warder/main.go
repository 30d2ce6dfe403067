// The runtime would read mountinfo and control groups at every start to size
// itself, and again each second: a supervisor that mostly waits gains nothing.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Command warder runs untrusted, compute-only programs: they may compute, read
// standard input, write standard output and error, and end. Everything else is
// refused by rule.
//
//	echo 3 1 2 | warder run -- /usr/bin/tr ' ' '\n'
//
// This package is flags and wiring: one file per subcommand. What warder has
// to say goes to standard error, one line each, beginning with "warder:";
// standard output belongs to the program, or to the subcommand's answer.
//
// Exit status of run: the program's own; 128+N if it died of signal N; 124 for
// a CPU or wall time limit; 137 memory; 153 output; 159 policy violation; 125
// warder's own failure, wrong usage and bad policies included; 126 the program
// was found and cannot be executed; 127 it was not found; 128+N if warder
// itself was told to end by signal N.
//
// Limits: a program can choose any exit status for itself, so a harness reads
// the report (--report), not the status. Linux only.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"warder/record"
)

func main() { os.Exit(execute(os.Args[1:])) }

// execute runs one command line and gives its exit status.
func execute(args []string) int {
	args = memOrder(args)
	root := newRoot(args)
	root.SetArgs(args)
	return exitStatus(root.ExecuteContext(context.Background()))
}

// exitStatus tells an error, unless that was done, and gives warder's status.
func exitStatus(err error) int {
	var status statusError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	complain(err)
	return record.StatusFailed
}

// statusError ends warder with a status; all has been said.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// complain writes an error to standard error, each of its lines as one of
// warder's.
func complain(err error) {
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			say(line)
		}
	}
}

// say writes one line to standard error, fit for a terminal.
func say(line string) {
	// Nobody is left to be told if standard error is gone.
	_, _ = fmt.Fprintln(os.Stderr, "warder: "+record.Clean(line))
}
