package decode_test

import (
	"bytes"
	"fmt"

	"warder/abi"
	"warder/decode"
)

func Example() {
	// Any io.ReaderAt whose offsets are the tracee's addresses will do.
	memory := bytes.NewReader([]byte("....hello\n"))
	call := decode.Decode(abi.X86_64, 1, [6]uint64{1, 4, 6}, memory, decode.Options{})
	fmt.Println(call)
	fmt.Println(call.Args[1].Name, call.Args[1].Text)
	// Output:
	// write(1, "hello\n", 6)
	// buf "hello\n"
}
