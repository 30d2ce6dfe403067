package trace

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"warder/abi"
	"warder/internal/guess"
)

// archs are those that calls are told of, and the names by which strace asks
// for one of them alone.
var archs = []struct {
	arch   abi.Arch
	suffix string
}{{abi.X86_64, "64"}, {abi.AArch64, "64"}, {abi.I386, "32"}}

// Select reads a set of calls as strace's -e trace does: values separated by
// commas, the whole negated by a leading !.
//
//	openat,close      calls by name, or by number
//	%file             a group: see abi.Groups; strace's %%stat is here %%stat too
//	/^(open|close)    names that match a regular expression, Go's (RE2)
//	?statx            a value that may match nothing
//	openat@64         native calls only; @32 is for those of i386
//	all, none
//
// A name is one of any architecture's: a program may make i386's calls beside
// its own. An error names the first value that is wrong, with a hint.
func Select(text string) (*Set, error) {
	set := new(Set)
	body, not := negated(text)
	if body == "all" || body == "none" {
		if not != (body == "all") {
			set.invert()
		}
		return set, nil
	}
	if strings.Trim(body, ",") == "" {
		return nil, errors.New("no system calls named")
	}
	for _, value := range values(body) {
		if value == "" {
			continue
		}
		one, err := selectOne(value)
		if err != nil {
			return nil, err
		}
		set.union(one)
	}
	if not {
		set.invert()
	}
	return set, nil
}

// values cuts at commas; a regular expression that has one is written with
// {a,b}, which is not cut.
func values(body string) []string {
	var list []string
	start, depth := 0, 0
	for i := range len(body) {
		switch c := body[i]; {
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == ',' && depth == 0:
			list, start = append(list, body[start:i]), i+1
		}
	}
	return append(list, body[start:])
}

// negated cuts off leading !, of which two are none.
func negated(text string) (body string, not bool) {
	for strings.HasPrefix(text, "!") {
		text, not = text[1:], !not
	}
	return text, not
}

func selectOne(value string) (*Set, error) {
	set := new(Set)
	word, maybe := strings.CutPrefix(value, "?")
	var in func(name string) bool
	switch {
	case strings.HasPrefix(word, "!"):
		return nil, fmt.Errorf("%q: a ! stands before the whole set, as in !open,close", value)
	case word == "all":
		set.invert()
		return set, nil
	case strings.HasPrefix(word, "/"):
		re, err := regexp.Compile(word[1:])
		if err != nil {
			// The error quotes the text as it is, line breaks and all.
			var bad *syntax.Error
			if errors.As(err, &bad) {
				return nil, fmt.Errorf("%q: %s", word, bad.Code)
			}
			return nil, fmt.Errorf("%q: no regular expression", word)
		}
		in = re.MatchString
	}
	word, suffix, limited := strings.Cut(word, "@")
	if in != nil {
		suffix, limited = "", false // an @ of the expression's, which no name has
	}
	if limited && suffix != "64" && suffix != "32" && suffix != "x32" {
		return nil, fmt.Errorf("%q: want @64 or @32", value)
	}
	group, isGroup := strings.CutPrefix(word, "%")
	if !isGroup && slices.Contains(oldGroups, word) {
		group, isGroup = word, true
	}
	switch {
	case in != nil:
	case isGroup:
		if !slices.Contains(abi.Groups(), group) && !maybe {
			return nil, fmt.Errorf("no class of calls %q%s", word, guess.Hint(word, groupNames()))
		}
		in = func(name string) bool { return abi.InGroup(group, name) }
	default:
		if nr, ok := decimal(word); ok {
			return selectNumber(value, nr)
		}
		in = func(name string) bool { return name == word }
	}
	found := false
	for _, a := range archs {
		for _, name := range a.arch.Names() {
			if !in(name) {
				continue
			}
			found = true
			if nr, ok := a.arch.Number(name); ok && (!limited || a.suffix == suffix) {
				set.add(a.arch, nr)
			}
		}
	}
	if !found && !maybe {
		return nil, fmt.Errorf("no system call %q%s", value, guess.Hint(word, callNames()))
	}
	return set, nil
}

// selectNumber is one call by its number on this machine.
func selectNumber(value string, nr int) (*Set, error) {
	set := new(Set)
	if _, ok := abi.Native().Name(uint32(nr)); !ok || nr >= tableSize {
		return nil, fmt.Errorf("no system call has the number %s here", value)
	}
	set.add(abi.Native(), uint32(nr))
	return set, nil
}

// oldGroups are those that strace takes without a %, as it once did.
var oldGroups = []string{"file", "process", "network", "signal", "ipc", "desc", "memory"}

func groupNames() []string {
	names := abi.Groups()
	for i := range names {
		names[i] = "%" + names[i]
	}
	return names
}

func callNames() []string {
	names := groupNames()
	for _, a := range archs {
		names = append(names, a.arch.Names()...)
	}
	return names
}

// decimal reads a number of digits alone.
func decimal(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil && s[0] != '+'
}
