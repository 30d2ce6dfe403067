package unwind

import (
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// maxMangled is the longest name, in bytes, that is demangled. The demangler
// calls itself for what is nested, and does so once a byte at most.
const maxMangled = 2048

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
