package decode_test

import (
	"strings"
	"testing"
	"unicode"

	"warder/abi"
	"warder/decode"
)

// budget bounds what one call may read: an environment of 4,096 pointers is
// the most, with room for its argv's strings.
const budget = 1 << 20

// hostile repeats its bytes over the whole address space, with holes, short
// reads and, if liar is set, wrong counts.
type hostile struct {
	t    testing.TB
	data []byte
	hole uint64
	liar bool
	read int
}

func (m *hostile) ReadAt(p []byte, addr int64) (int, error) {
	m.read += len(p)
	if m.read > budget {
		m.t.Fatalf("one call read %d bytes", m.read)
	}
	if addr < 0 || len(p) > 1<<16 || addr+int64(len(p)) < 0 && uint64(addr)+uint64(len(p)) > 1<<63 {
		m.t.Fatalf("read of %d bytes at %#x", len(p), uint64(addr))
	}
	if m.liar && addr%3 == 0 {
		return len(p) + 7, nil
	}
	if m.liar && addr%5 == 0 {
		return -1, nil
	}
	for i := range p {
		if len(m.data) == 0 || m.hole != 0 && (uint64(addr)+uint64(i))/4096%(m.hole+1) == m.hole {
			return i, errFault
		}
		p[i] = m.data[(uint64(addr)+uint64(i))%uint64(len(m.data))]
	}
	return len(p), nil
}

func FuzzDecode(f *testing.F) {
	f.Add(uint8(1), uint32(257), uint64(0xffffff9c), uint64(0x1000), uint64(0x40), uint64(0x1ff), uint64(0), uint64(0), []byte("/etc/passwd\x00"), uint64(0), false, 0)
	f.Add(uint8(1), uint32(59), uint64(0x1000), uint64(0x2000), uint64(0x3000), uint64(0), uint64(0), uint64(0), []byte{0, 0x10, 0, 0, 0, 0, 0, 0}, uint64(7), false, 5)
	f.Add(uint8(3), uint32(11), uint64(0xfffffffffffff001), uint64(1)<<63-3, ^uint64(0), uint64(0), uint64(0), uint64(0), []byte("a"), uint64(1), true, 1)
	f.Add(uint8(1), uint32(42), uint64(3), uint64(0x1000), uint64(110), uint64(0), uint64(0), uint64(0), []byte{1, 0, 0, 'a'}, uint64(0), false, 0)
	f.Add(uint8(1), uint32(20), uint64(1), uint64(0x1ff8), ^uint64(0), uint64(0), uint64(0), uint64(0), []byte{0, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}, uint64(2), false, -1)
	f.Fuzz(func(t *testing.T, arch uint8, nr uint32, a, b, c, d, e, g uint64, data []byte, hole uint64, liar bool, maxString int) {
		// Half the inputs should be real calls.
		if nr >= 1024 && nr%2 == 0 {
			nr = nr / 2 % 512
		}
		mem := &hostile{t: t, data: data, hole: hole % 8, liar: liar}
		opt := decode.Options{MaxString: maxString % 256}
		args := [6]uint64{a, b, c, d, e, g}
		for _, memory := range []decode.Memory{mem, nil} {
			got := decode.Decode(abi.Arch(arch%5), nr, args, memory, opt)
			check(t, got)
		}
		opt.FD = func(fd int32) string { return string(data[:min(len(data), int(fd&63))]) }
		opt.Stack = hole
		var traced decode.Call
		for i, failed := range []bool{false, true} {
			mem.read = 0
			traced.Enter(abi.Arch(arch%5), nr, args, mem, opt)
			halves(t, &traced)
			mem.read, mem.hole = 0, (mem.hole+uint64(i))%8
			value := e >> (hole % 64)
			if failed {
				value %= 600
			}
			traced.Return(value, failed, mem, opt)
			check(t, traced)
			halves(t, &traced)
			if traced.Result == "" || strings.ContainsFunc(traced.Result, unprintable) || !failed && traced.Errno != "" {
				t.Errorf("%s: result %q, errno %q", traced.Name, traced.Result, traced.Errno)
			}
		}
		info := make([]byte, 128)
		copy(info, data)
		for _, p := range [][]byte{info, data, nil} {
			if text := decode.Signal(abi.Arch(arch%5), int(int32(a)), p, opt); !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") || strings.ContainsFunc(text, unprintable) {
				t.Errorf("siginfo %q", text)
			}
		}
	})
}

func unprintable(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }

// halves: what strace prints of an interrupted call is its line in two pieces.
func halves(t *testing.T, c *decode.Call) {
	t.Helper()
	whole, first, rest := c.String(), string(c.AppendEntered(nil)), string(c.AppendRest(nil))
	if first+rest != whole {
		t.Errorf("%q and %q are not %q", first, rest, whole)
	}
}

func check(t *testing.T, got decode.Call) {
	t.Helper()
	line := got.String()
	if !strings.HasSuffix(line, ")") || !strings.HasPrefix(line, got.Name+"(") {
		t.Errorf("no call: %q", line)
	}
	// A report is one line of printable ASCII, whatever the tracee wrote.
	if strings.ContainsFunc(line, unprintable) {
		t.Fatalf("unprintable: %q", line)
	}
	for _, a := range got.Args {
		if a.Text == "" || a.Name == "" || len(a.Path) > 4095 || strings.IndexByte(a.Path, 0) >= 0 {
			t.Errorf("%s: argument %+v", got.Name, a)
		}
	}
}

// TestEveryCall decodes every call of every table over a few corner values.
func TestEveryCall(t *testing.T) {
	values := []uint64{0, 1, 0x1000, 0x1ffd, 0x7fffffff, 0xffffffff, 1 << 32, 1<<63 - 1, 1 << 63, ^uint64(0)}
	for _, arch := range []abi.Arch{abi.X86_64, abi.AArch64, abi.I386} {
		for _, name := range arch.Names() {
			nr, _ := arch.Number(name)
			for i, v := range values {
				for _, w := range values[i/2:] {
					mem := &hostile{t: t, data: []byte{byte(v), 0x10, 0, 0, 0, 0, 0, 0, 2, 0}, hole: w % 5}
					check(t, decode.Decode(arch, nr, [6]uint64{v, w, v, w, v, w}, mem, decode.Options{}))
					mem.read = 0
					c := decode.Enter(arch, nr, [6]uint64{v, w, v, w, v, w}, mem, decode.Options{})
					halves(t, c)
					mem.read = 0
					c.Return(w%5000, false, mem, decode.Options{})
					check(t, *c)
					halves(t, c)
				}
			}
		}
	}
}
