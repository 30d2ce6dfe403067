package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// jsonReader turns JSON into nodes. encoding/json's own decoding into structs
// keeps no positions, takes the last of two equal keys and ignores case.
type jsonReader struct {
	data []byte
	dec  *json.Decoder
	// The place of data[offset], kept because positions only grow.
	offset, line, column int
}

func readJSON(data []byte) (*node, *ParseError) {
	r := &jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1, column: 1}
	r.dec.UseNumber()
	root, err := r.value(0)
	if err != nil {
		return nil, err
	}
	n := r.here()
	if t, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, r.fail(err)
		}
		return nil, &ParseError{Line: n.line, Column: n.column, Msg: fmt.Sprintf("%v follows the document", t)}
	}
	return root, nil
}

// here places the next token: what stands between it and the last is space,
// commas and colons.
func (r *jsonReader) here() *node {
	to := int(r.dec.InputOffset())
	for to < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[to]) >= 0 {
		to++
	}
	r.advance(to)
	return &node{line: r.line, column: r.column}
}

func (r *jsonReader) advance(to int) {
	for r.offset < to && r.offset < len(r.data) {
		c, size := utf8.DecodeRune(r.data[r.offset:])
		r.offset += size
		r.column++
		if c == '\n' {
			r.line, r.column = r.line+1, 1
		}
	}
}

func (r *jsonReader) fail(err error) *ParseError {
	at := int(r.dec.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = int(syntax.Offset) - 1 // it counts the byte that it could not take
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err, at = io.ErrUnexpectedEOF, len(r.data)
	}
	r.advance(at)
	return &ParseError{Line: r.line, Column: r.column, Msg: "not JSON: " + err.Error(), Err: err}
}

func (r *jsonReader) value(depth int) (*node, *ParseError) {
	n := r.here()
	if depth > maxDepth {
		return nil, &ParseError{Line: n.line, Column: n.column, Msg: fmt.Sprintf("nested more than %d deep", maxDepth)}
	}
	t, err := r.dec.Token()
	if err != nil {
		return nil, r.fail(err)
	}
	switch t := t.(type) {
	case json.Delim:
		n.kind = sequenceNode
		if t == '{' {
			n.kind = mappingNode
		}
		for r.dec.More() {
			if n.kind == mappingNode {
				key := r.here()
				t, err := r.dec.Token()
				if err != nil {
					return nil, r.fail(err)
				}
				key.kind = scalarNode
				key.text, _ = t.(string) // the decoder refuses any other key
				n.keys = append(n.keys, key)
			}
			item, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		if _, err := r.dec.Token(); err != nil { // the closing bracket
			return nil, r.fail(err)
		}
	case string:
		n.kind, n.text = scalarNode, t
	case json.Number:
		n.kind, n.text = scalarNode, t.String()
	case bool:
		n.kind, n.text = scalarNode, fmt.Sprint(t)
	case nil:
	}
	return n, nil
}
