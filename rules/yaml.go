package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The YAML library's parser calls itself for every level and for every entry
// of a mapping, and its cost grows with the square of both. These bounds are
// far above any policy; without them a file of a few hundred kilobytes could
// end the program with a stack overflow, which no recover catches.
const (
	maxDepth = 32
	maxKeys  = 64
)

// readYAML turns a document into nodes. Only plain YAML is understood: what
// gives one text two meanings (anchors, tags, merge keys, several documents)
// has no place in a policy.
func readYAML(data []byte) (root *node, err *ParseError) {
	// The library has panicked on odd input before; a policy file must not be
	// able to end its reader.
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, &ParseError{Msg: fmt.Sprintf("not readable as YAML: %v", r)}
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := boundYAML(tokens); err != nil {
		return nil, err
	}
	file, perr := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // fields reports them all
	if perr != nil {
		return nil, yamlError(perr)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, &ParseError{Line: 1, Msg: "the document is empty"}
	}
	if len(file.Docs) > 1 {
		e := &ParseError{Msg: "a second document follows: a policy is one"}
		if body := file.Docs[1].Body; body != nil {
			e.Line = body.GetToken().Position.Line
		}
		return nil, e
	}
	root, err = fromYAML(file.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	// A condition that the library lost on the way would be a hole, so what
	// was written and what was understood are counted. (An entry may do
	// without a colon: {a, b}.)
	if words, entries := root.count(); words != writtenWords(tokens) || entries < written(tokens, token.MappingValueType) {
		return nil, &ParseError{Msg: "not understood as YAML in full: write it more plainly"}
	}
	return root, nil
}

// count counts a tree's single values, keys among them, and its entries.
func (n *node) count() (words, entries int) {
	if n.kind == scalarNode {
		words++
	}
	entries = len(n.keys)
	for _, part := range [...][]*node{n.keys, n.items} {
		for _, child := range part {
			w, e := child.count()
			words, entries = words+w, entries+e
		}
	}
	return words, entries
}

func written(tokens token.Tokens, types ...token.Type) int {
	count := 0
	for _, t := range tokens {
		if slices.Contains(types, t.Type) {
			count++
		}
	}
	return count
}

func writtenWords(tokens token.Tokens) int {
	return written(tokens, token.StringType, token.SingleQuoteType, token.DoubleQuoteType,
		token.IntegerType, token.BinaryIntegerType, token.OctetIntegerType, token.HexIntegerType,
		token.FloatType, token.BoolType, token.InfinityType, token.NanType)
}

// yamlError keeps the library's message and position, without its excerpt: a
// problem is one line.
func yamlError(err error) *ParseError {
	var positioned interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if !errors.As(err, &positioned) {
		text, _, _ := strings.Cut(err.Error(), "\n")
		return &ParseError{Msg: text, Err: err}
	}
	text, _, _ := strings.Cut(positioned.GetMessage(), "\n")
	e := &ParseError{Msg: text, Err: err}
	if t := positioned.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}

func atToken(t *token.Token, format string, args ...any) *ParseError {
	return &ParseError{Line: t.Position.Line, Column: t.Position.Column, Msg: fmt.Sprintf(format, args...)}
}

// level is an open collection while tokens are counted: a flow collection, or
// a block one that begins at a column.
type level struct {
	flow, list bool
	column     int
	keys       int
}

// boundYAML refuses what is not plain, and what is too deep or too wide, by
// the tokens alone: before anything recursive sees them.
func boundYAML(tokens token.Tokens) *ParseError {
	var levels []level
	var before *token.Token
	for _, t := range tokens {
		if t.Type == token.CommentType {
			continue
		}
		flow := len(levels) > 0 && levels[len(levels)-1].flow
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType, token.MappingKeyType:
			return atToken(t, "YAML's %q is not understood here: write values plainly or in quotes", t.Value)
		case token.SequenceStartType, token.MappingStartType:
			levels = append(levels, level{flow: true})
		case token.SequenceEndType, token.MappingEndType:
			if flow {
				levels = levels[:len(levels)-1]
			}
		case token.SequenceEntryType:
			if !flow {
				levels = openBlock(levels, t.Position.Column, true)
			}
		case token.MappingValueType:
			if !flow && before != nil {
				levels = openBlock(levels, before.Position.Column, false)
			}
			if len(levels) > 0 {
				top := &levels[len(levels)-1]
				if top.keys++; top.keys > maxKeys {
					return atToken(t, "a mapping of more than %d keys", maxKeys)
				}
			}
		default:
		}
		if len(levels) > maxDepth {
			return atToken(t, "nested more than %d deep", maxDepth)
		}
		before = t
	}
	return nil
}

// openBlock closes the block collections that an entry at column ends, and
// opens one unless the entry continues the innermost. A list may stand at the
// column of the key that it belongs to, never the other way round.
func openBlock(levels []level, column int, list bool) []level {
	for len(levels) > 0 {
		top := levels[len(levels)-1]
		if top.flow || top.column < column || top.column == column && (list || !top.list) {
			break
		}
		levels = levels[:len(levels)-1]
	}
	if n := len(levels); n > 0 && !levels[n-1].flow && levels[n-1].column == column && levels[n-1].list == list {
		return levels
	}
	return append(levels, level{list: list, column: column})
}

// fromYAML copies a tree. It is as deep as boundYAML allows.
func fromYAML(n ast.Node) (*node, *ParseError) {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return &node{}, nil
	}
	t := n.GetToken()
	out := &node{line: t.Position.Line, column: t.Position.Column}
	switch v := n.(type) {
	case *ast.NullNode:
	case *ast.StringNode:
		out.kind, out.text = scalarNode, v.Value
	case *ast.LiteralNode:
		out.kind, out.text = scalarNode, v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		// The text as written: 0x10 and 010 are read in value.go, and a name
		// may look like a number.
		out.kind, out.text = scalarNode, t.Value
	case *ast.SequenceNode:
		out.kind = sequenceNode
		for _, item := range v.Values {
			child, err := fromYAML(item)
			if err != nil {
				return nil, err
			}
			out.adopt(child)
			out.items = append(out.items, child)
		}
	case *ast.MappingNode:
		out.kind = mappingNode
		for _, entry := range v.Values {
			if err := out.entry(entry); err != nil {
				return nil, err
			}
		}
		if !v.IsFlowStyle && len(out.keys) > 0 {
			// The token of a block mapping is its first colon.
			out.line, out.column = out.keys[0].line, out.keys[0].column
		}
	case *ast.MappingValueNode:
		out.kind = mappingNode
		if err := out.entry(v); err != nil {
			return nil, err
		}
		out.line, out.column = out.keys[0].line, out.keys[0].column
	default:
		return nil, atToken(t, "%q is not understood here", t.Value)
	}
	return out, nil
}

func (n *node) entry(v *ast.MappingValueNode) *ParseError {
	key, err := fromYAML(v.Key)
	if err != nil {
		return err
	}
	if key.kind != scalarNode {
		return &ParseError{Line: key.line, Column: key.column, Msg: "a key must be a word"}
	}
	value, err := fromYAML(v.Value)
	if err != nil {
		return err
	}
	if value.kind == nullNode {
		// The library puts what is missing at odd places.
		value.line, value.column = key.line, key.column
	}
	n.keys = append(n.keys, key)
	n.items = append(n.items, value)
	return nil
}

// adopt gives a missing element its parent's position.
func (n *node) adopt(child *node) {
	if child.line == 0 {
		child.line, child.column = n.line, n.column
	}
}
