// Package lint holds the shape of the repository: a test of who imports whom,
// of which files may use what is dangerous, and of the size and heads of
// files. It has no code of its own.
//
// The table of imports is docs/architecture.md's. A package that is not in the
// table fails the test: its place is a decision, made where the table is.
//
// Limits: calls are found by their text in the syntax tree (panic, time.Sleep,
// runtime.LockOSThread), so a value that holds one of these functions under
// another name is not seen.
package lint
