package bench

import (
	"context"
	"time"
)

// Group is a kind of row, in the order of a table.
type Group string

// The groups of mechanisms.
const (
	GroupBare   Group = "nothing"
	GroupFilter Group = "seccomp filter"
	GroupSignal Group = "signal"
	GroupNotify Group = "listener"
	GroupTracer Group = "tracer"
	GroupWarder Group = "warder"
	GroupOthers Group = "others"
	GroupFloor  Group = "C floor"
)

// Row is one mechanism: something that can be between a program and the
// kernel when it makes a call.
type Row struct {
	Name  string
	Group Group
	Text  string // one line of help: what is done at each call

	// Base is the row that makes the same call with nothing in between: what
	// ratios are of. Floor is the row that does the same work with nothing
	// around it, or "".
	Base, Floor string

	// Measure makes about so many calls and says what each took. It begins
	// from nothing each time, so that no process is lucky for a whole run.
	Measure func(ctx context.Context, calls int) (Block, error)
}

// Block is one round's calls of a row.
type Block struct {
	PerCall float64 // nanoseconds
	// Unseen is CPU time of processes that getrusage(2) will not count.
	Unseen time.Duration
}

// Select picks rows by their names, and those that they are compared with.
func Select(rows []Row, match func(name string) bool) []Row {
	wanted := make(map[string]bool)
	for _, row := range rows {
		if match(row.Name) {
			wanted[row.Name], wanted[row.Base], wanted[row.Floor] = true, true, true
		}
	}
	var list []Row
	for _, row := range rows {
		if wanted[row.Name] {
			list = append(list, row)
		}
	}
	return list
}
