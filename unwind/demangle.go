package unwind

import (
	"strings"

	"github.com/ianlancetaylor/demangle"
)

const (
	// maxMangled is the longest name, in bytes, that is demangled. The
	// demangler calls itself for what is nested, and does so once a byte at
	// most.
	maxMangled = 2048
	// maxDemangling is how many bytes squared one trace demangles: the
	// demangler takes longer for each byte of a name the longer it is. Names of
	// 2,048 bytes that were made for it take it up to 0.2 s each.
	maxDemangling = 1 << 26
)

// demangled returns a name as it was in the source, as long as the trace has
// time for that.
func (w *walker) demangled(name string) string {
	if cost := len(name) * min(len(name), maxMangled); w.demangling+cost < maxDemangling {
		w.demangling += cost
		return demangled(name)
	}
	return strings.ToValidUTF8(name, "?")
}

// demangled returns a name as it was in the source, C++'s without parameters;
// what is not mangled as it is. The result is valid UTF-8.
//
// This is the one place where a panic is recovered from: the name is hostile,
// the demangler is another's, and it says nothing of names that no compiler
// made.
func demangled(name string) (result string) {
	result = strings.ToValidUTF8(name, "?")
	if len(name) > maxMangled || !strings.HasPrefix(name, "_Z") && !strings.HasPrefix(name, "_R") {
		return result
	}
	defer func() {
		// The result keeps the name as it is.
		_ = recover() //nolint:errcheck // what it was about is of no use to anybody
	}()
	const twoToThe = 14
	s, err := demangle.ToString(name, demangle.NoParams, demangle.MaxLength(twoToThe))
	if err != nil {
		return result
	}
	return strings.ToValidUTF8(s, "?")
}
