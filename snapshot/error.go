package snapshot

import (
	"errors"
	"fmt"
	"strings"
)

// Error is a failed operation on a process. Err holds the kernel's errno, an
// error of package memory or regs, or a sentinel.
type Error struct {
	Op  string // "stop", "read registers", "PAGEMAP_SCAN" …
	TID int
	Err error
}

func (e *Error) Error() string {
	return fmt.Sprintf("snapshot: %s of thread %d: %v", e.Op, e.TID, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FileError is a failed operation on a snapshot's file.
type FileError struct {
	Op   string // "create", "write", "open", "merge" …
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("snapshot: %s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// ErrFormat is the cause when a file is not a snapshot that this version
// understands; the error says what is wrong and where.
var ErrFormat = errors.New("not a snapshot of ours")

// formatError is ErrFormat with a place in the file.
type formatError struct {
	where string // "program header 3"
	at    uint64 // offset in the file
	why   string
}

func (e *formatError) Error() string {
	return fmt.Sprintf("%v: %s at %#x: %s", ErrFormat, e.where, e.at, e.why)
}

func (e *formatError) Unwrap() error { return ErrFormat }

// utf8 replaces what JSON could not give back.
func utf8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
