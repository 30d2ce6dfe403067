package unwind

import (
	"errors"
	"fmt"
	"io"
	"os"

	"warder/memory"
)

// Process is what a backtrace reads, besides registers: a live process, or
// what was kept of one.
type Process struct {
	// Memory is the process's memory, addresses being the offsets. What it
	// cannot read is an error, of whatever kind.
	Memory io.ReaderAt
	// Maps is its mappings in ascending order, as memory.Space.Maps and
	// memory.ParseMaps give them.
	Maps []memory.Mapping
	// Open opens the file of a mapping; nil, or an error, and what the file
	// would tell is taken from the process's memory as far as it is there:
	// call frame information mostly, names of exported functions only.
	//
	// Whoever opens vouches that it is a regular file that may be read without
	// harm, and the one that was mapped; where a mapping has no inode (in a
	// core file's list) the trace itself compares the build id in memory with
	// the file's.
	Open func(m memory.Mapping) (*os.File, error)

	// identify tells a file without opening it, for the cache.
	identify func(m memory.Mapping) (fileID, error)
}

// Live looks at the process of a thread that is stopped, with all others that
// share its memory, if the trace is to be consistent. The mappings are those
// of this moment: for a later stop call it again.
func Live(tid int) (*Process, error) {
	space := memory.Of(tid)
	maps, err := space.Maps()
	// A list that is too long has the lower addresses: programs and libraries
	// may be among them.
	if err != nil && !errors.Is(err, memory.ErrTooMany) {
		return nil, fmt.Errorf("unwind: %w", err)
	}
	l := newLive(tid)
	return &Process{Memory: space, Maps: maps, Open: l.open, identify: l.identify}, nil
}
