package decode_test

import (
	"encoding/binary"
	"testing"

	"warder/abi"
	"warder/decode"
)

// plain is memory that costs nothing: one buffer, wherever it is read.
type plain struct{ data []byte }

func (m *plain) ReadAt(p []byte, addr int64) (int, error) {
	return copy(p, m.data[addr&0xfff:]), nil
}

// BenchmarkDecode is a call's entry and return, decoded and printed as one
// line, into a Call that is used again. The memory's cost is not in it.
func BenchmarkDecode(b *testing.B) {
	mem := &plain{make([]byte, 1<<17)}
	copy(mem.data, "/usr/lib/x86_64-linux-gnu/libc.so.6\x00")
	copy(mem.data[0x100:], "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1")
	binary.LittleEndian.PutUint32(mem.data[0x200+24:], 0o100644)
	binary.LittleEndian.PutUint64(mem.data[0x200+48:], 1234)
	for _, call := range []struct {
		name   string
		args   [6]uint64
		result uint64
	}{
		{"openat", [6]uint64{0xffffff9c, 0x1000, 0x80000}, 3},
		{"read", [6]uint64{3, 0x1100, 4096}, 1221},
		{"fstat", [6]uint64{3, 0x1200}, 0},
		{"mmap", [6]uint64{0, 8192, 3, 0x22, ^uint64(0), 0}, 0x7f0000000000},
		{"rt_sigaction", [6]uint64{2, 0x1300, 0x1400, 8}, 0},
		{"getpid", [6]uint64{}, 1234},
	} {
		nr, _ := abi.X86_64.Number(call.name)
		b.Run(call.name, func(b *testing.B) {
			b.ReportAllocs()
			var c decode.Call
			var line []byte
			for b.Loop() {
				c.Enter(abi.X86_64, nr, call.args, mem, decode.Options{})
				c.Return(call.result, false, mem, decode.Options{})
				line = append(c.AppendText(line[:0]), c.Result...)
			}
		})
	}
}

// BenchmarkDecodeOnce is what a violation costs.
func BenchmarkDecodeOnce(b *testing.B) {
	mem := &plain{make([]byte, 1<<13)}
	copy(mem.data, "/usr/lib/x86_64-linux-gnu/libc.so.6\x00")
	b.ReportAllocs()
	for b.Loop() {
		decode.Decode(abi.X86_64, 257, [6]uint64{0xffffff9c, 0x1000, 0x80000}, mem, decode.Options{})
	}
}
