package decode_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"warder/decode"
)

// TestStructureTable holds docs/trace-structures.md to the tables of the code;
// with WARDER_WRITE_DOCS=1 it writes the table there.
func TestStructureTable(t *testing.T) {
	table, decoded, addresses := decode.StructureTable()
	table = fmt.Sprintf("%d pointers of all calls are decoded, %d are addresses.\n\n%s", decoded, addresses, table)
	const page, begin, end = "../docs/trace-structures.md", "<!-- structures:begin -->", "<!-- structures:end -->"
	text, err := os.ReadFile(page)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := bytes.Cut(text, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok1 || !ok2 {
		t.Fatalf("%s has no markers %s and %s", page, begin, end)
	}
	want := fmt.Appendf(nil, "%s%s\n%s%s%s", head, begin, table, end, tail)
	if bytes.Equal(want, text) {
		return
	}
	if os.Getenv("WARDER_WRITE_DOCS") != "1" {
		t.Fatalf("%s has another table than the code, which WARDER_WRITE_DOCS=1 writes there", page)
	}
	if err := os.WriteFile(page, want, 0o644); err != nil {
		t.Fatal(err)
	}
}
