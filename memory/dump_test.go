package memory_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"warder/memory"
)

func TestDump(t *testing.T) {
	var b bytes.Buffer
	p := []byte("0123456789abcdef" + strings.Repeat("\x00", 48) + "the\x7fend\n\xff")
	if err := memory.Dump(&b, p, 0x1000); err != nil {
		t.Fatal(err)
	}
	want := `00001000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|
00001010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00001040  74 68 65 7f 65 6e 64 0a  ff                       |the.end..|
00001049
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	b.Reset()
	memory.Dump(&b, p[:1], 0x7f0000000000)
	if !strings.HasPrefix(b.String(), "00007f0000000000  30 ") {
		t.Error(b.String())
	}
	b.Reset()
	if memory.Dump(&b, nil, 5); b.Len() != 0 {
		t.Error(b.String())
	}
	memory.Dump(&b, p, 1<<64-4) // wraps, and that is all
	if err := memory.Dump(failing{}, p, 0); err != os.ErrClosed {
		t.Errorf("a failing writer: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDumpAgainstHexdump(t *testing.T) {
	path, err := exec.LookPath("hexdump")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip(err)
	}
	for n := range 70 {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(i * n / 40 * 37)
		}
		cmd := exec.Command(path, "-C")
		cmd.Stdin = bytes.NewReader(p)
		want, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		memory.Dump(&b, p, 0)
		if b.String() != string(want) {
			t.Fatalf("%d bytes: got\n%swant\n%s", n, b.String(), want)
		}
	}
}
