package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"warder/internal/guess"
)

// ParseError is one problem of a policy document.
type ParseError struct {
	Source string // the file's name, as Parse was given it
	Line   int    // from 1; 0 where no line is to blame
	Column int    // from 1, in characters; 0 where the whole line is meant
	Msg    string
	Err    error // what Msg rests on, for errors.Is and errors.As; often nil
}

// Error gives "source:line:column: message", in one line.
func (e *ParseError) Error() string {
	var b strings.Builder
	if e.Source != "" {
		b.WriteString(e.Source + ":")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:", e.Line)
		if e.Column > 0 {
			fmt.Fprintf(&b, "%d:", e.Column)
		}
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(e.Msg)
	return b.String()
}

func (e *ParseError) Unwrap() error { return e.Err }

// maxProblems ends the list for a file that is something else altogether.
const maxProblems = 100

// problems collects everything that is wrong with a document, so that its
// author mends it in one round.
type problems struct {
	source string
	list   []*ParseError
	more   bool
}

func (ps *problems) put(e *ParseError) {
	// Expanding a rule to its calls meets the same mistake once a call.
	for _, old := range ps.list {
		if old.Line == e.Line && old.Column == e.Column && old.Msg == e.Msg {
			return
		}
	}
	if len(ps.list) == maxProblems {
		ps.more = true
		return
	}
	ps.list = append(ps.list, e)
}

func (ps *problems) at(n *node, format string, args ...any) {
	ps.put(&ParseError{Source: ps.source, Line: n.line, Column: n.column, Msg: fmt.Sprintf(format, args...)})
}

func (ps *problems) line(line int, format string, args ...any) {
	ps.put(&ParseError{Source: ps.source, Line: line, Msg: fmt.Sprintf(format, args...)})
}

// err joins the problems in the order of the document; nil if there are none.
func (ps *problems) err() error {
	slices.SortStableFunc(ps.list, func(a, b *ParseError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, 0, len(ps.list)+1)
	for _, e := range ps.list {
		errs = append(errs, e)
	}
	if ps.more {
		errs = append(errs, &ParseError{Source: ps.source, Msg: "more problems follow"})
	}
	return errors.Join(errs...)
}

type nodeKind uint8

const (
	nullNode nodeKind = iota // nothing was written
	scalarNode
	sequenceNode
	mappingNode
)

var nodeKinds = [...]string{"nothing", "a single value", "a list", "a mapping"}

// node is a document with positions, the same from YAML and from JSON, so
// that one set of checks serves both.
type node struct {
	kind         nodeKind
	text         string // of a scalar, without quotes
	line, column int
	keys         []*node // of a mapping, in order
	items        []*node // a sequence's elements, or a mapping's values
}

// field is one entry of a mapping.
type field struct{ key, value *node }

type fields []field

// get gives the value of a key, or nil.
func (fs fields) get(name string) *node {
	for _, f := range fs {
		if f.key.text == name {
			return f.value
		}
	}
	return nil
}

// fields lists a mapping's entries. A key that is not among known is a
// problem, because an ignored key may be a condition that the author counts
// on; so is a key given twice, of which one would be ignored. With known nil
// every key is good.
func (ps *problems) fields(n *node, what string, known ...string) fields {
	if n.kind != mappingNode {
		ps.at(n, "%s is %s; it must be a mapping", what, nodeKinds[n.kind])
		return nil
	}
	fs := make(fields, 0, len(n.keys))
	for i, key := range n.keys {
		if len(known) > 0 && !slices.Contains(known, key.text) {
			ps.at(key, "unknown key %q in %s%s", key.text, what, guess.Hint(key.text, known))
			continue
		}
		if slices.ContainsFunc(fs, func(f field) bool { return f.key.text == key.text }) {
			ps.at(key, "key %q is given twice in %s", key.text, what)
			continue
		}
		fs = append(fs, field{key, n.items[i]})
	}
	return fs
}

// scalar gives a single value's text.
func (ps *problems) scalar(n *node, what string) (string, bool) {
	if n.kind != scalarNode {
		ps.at(n, "%s is %s; it must be a single value", what, nodeKinds[n.kind])
		return "", false
	}
	return n.text, true
}

// list1 gives the elements of a list that must have one.
func (ps *problems) list1(n *node, what string) []*node {
	if n.kind != sequenceNode {
		ps.at(n, "%s is %s; it must be a list", what, nodeKinds[n.kind])
		return nil
	}
	if len(n.items) == 0 {
		ps.at(n, "%s is an empty list", what)
	}
	return n.items
}
