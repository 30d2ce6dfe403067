package regs_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"warder/regs"
)

// Layouts of CPUs that may not be here: the offsets are CPUID's.
var (
	zen4 = regs.Layout{Size: 2440, Components: []regs.Component{
		{2, 576, 256}, {5, 832, 64}, {6, 896, 512}, {7, 1408, 1024}, {9, 2432, 8},
	}}
	skylake = regs.Layout{Size: 2696, Components: []regs.Component{
		{2, 576, 256}, {3, 960, 64}, {4, 1024, 64}, {5, 1088, 64}, {6, 1152, 512}, {7, 1664, 1024}, {9, 2688, 8},
	}}
	avxOnly = regs.Layout{Size: 832, Components: []regs.Component{{2, 576, 256}}}
	noXSAVE = regs.Layout{Size: 512}
)

// blank is the state of a thread that has used nothing, on a CPU with l.
func blank(t testing.TB, l regs.Layout) *regs.XState {
	t.Helper()
	raw := make([]byte, l.Size)
	if l.Size > 512 {
		xcr0 := uint64(3)
		for _, c := range l.Components {
			xcr0 |= 1 << c.ID
		}
		binary.LittleEndian.PutUint64(raw[464:], xcr0)
	}
	x, err := regs.NewXState(raw, l)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// value draws what a register can hold.
func value(t *rapid.T, bits int) regs.Value {
	v := regs.Value(rapid.SliceOfN(rapid.Byte(), (bits+7)/8, (bits+7)/8).Draw(t, "value"))
	if spare := len(v)*8 - bits; spare > 0 {
		v[len(v)-1] &= 0xff >> spare
	}
	return v
}

// legal makes a drawn value one that its register keeps whole.
func legal(name string, v regs.Value) regs.Value {
	switch name {
	case "mxcsr": // the mask that a CPU without one of its own has
		return regs.Uint(v.Uint64() & 0xffbf)[:4]
	case "ftag": // only emptiness is kept; the rest follows from the values
		return regs.Uint(0xffff)[:2]
	}
	return v
}

// TestInitialState: what was never used has the values of a new thread, and
// setting one register brings its component to life with them.
func TestInitialState(t *testing.T) {
	for _, l := range []regs.Layout{zen4, skylake, avxOnly} {
		raw := bytes.Repeat([]byte{0xa5}, l.Size) // stale bytes everywhere
		clear(raw[512:576])
		x, err := regs.NewXState(raw, l)
		if err != nil {
			t.Fatal(err)
		}
		initial := func() map[string]uint64 {
			return map[string]uint64{"fctrl": 0x37f, "ftag": 0xffff, "mxcsr": 0x1f80}
		}
		want := initial()
		for _, name := range x.Names() {
			if v, ok := x.Get(name); !ok || !v.Equal(regs.Uint(want[name])) {
				t.Errorf("%s is %v, %v; want %#x", name, v, ok, want[name])
			}
		}
		for _, name := range x.Names() {
			if name == "mxcsr" || name == "ftag" {
				continue
			}
			y := x.Clone()
			if err := y.Set(name, regs.Uint(1)); err != nil {
				t.Fatal(err)
			}
			want := initial()
			want[name] = 1
			for _, name := range y.Names() {
				if v, _ := y.Get(name); !v.Equal(regs.Uint(want[name])) {
					t.Errorf("%s is %v, want %#x", name, v, want[name])
				}
			}
		}
	}
}

// TestConversions: a state reads the same in every CPU's layout, and lies
// where that CPU has it.
func TestConversions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := make([]byte, zen4.Size)
		binary.LittleEndian.PutUint64(raw[464:], 0x2e7)
		x, err := regs.NewXState(raw, zen4)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range rapid.SliceOf(rapid.SampledFrom(x.Names())).Draw(t, "names") {
			info, err := regs.Lookup("st0")
			if err != nil {
				t.Fatal(err)
			}
			old, _ := x.Get(name)
			info.Bits = len(old) * 8
			if name == "fop" {
				info.Bits = 11
			}
			v := legal(name, value(t, info.Bits))
			if err := x.Set(name, v); err != nil {
				t.Fatalf("%s = %v: %v", name, v, err)
			}
			if got, _ := x.Get(name); !got.Equal(v) {
				t.Fatalf("%s = %v reads %v", name, v, got)
			}
		}
		intel, err := x.To(skylake)
		if err != nil {
			t.Fatal(err)
		}
		if d := regs.DiffXState(x, intel); d != nil {
			t.Fatalf("in Intel's layout: %v", d)
		}
		back, err := intel.To(zen4)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Raw(), x.Raw()) {
			t.Fatal("there and back is not the same")
		}
		core := x.IntelImage()
		want := intel.Raw()
		// MPX, which the CPU with AMD's layout has not.
		binary.LittleEndian.PutUint64(want[464:], 0x2e7)
		if !bytes.Equal(core, want) {
			t.Fatalf("Intel's image differs:\n%s\n%s", hex.Dump(core), hex.Dump(want))
		}
	})
}

// TestIntelImage names the places that gdb 13 reads.
func TestIntelImage(t *testing.T) {
	x := blank(t, zen4)
	for name, v := range map[string]uint64{"k3": 0x33, "zmm17": 0x1717, "pkru": 0x99, "xmm4": 0x44} {
		if err := x.Set(name, regs.Uint(v)); err != nil {
			t.Fatal(err)
		}
	}
	high := make(regs.Value, 64)
	high[32] = 0x55
	if err := x.Set("zmm2", high); err != nil {
		t.Fatal(err)
	}
	b := x.IntelImage()
	if len(b) != 2696 {
		t.Errorf("%d bytes", len(b))
	}
	for at, want := range map[int]byte{1088 + 8*3: 0x33, 1664 + 64: 0x17, 2688: 0x99, 160 + 16*4: 0x44, 1152 + 32*2: 0x55, 464: 0xe7, 465: 2} {
		if b[at] != want {
			t.Errorf("byte %d is %#x, want %#x", at, b[at], want)
		}
	}
	if got := blank(t, avxOnly).IntelImage(); len(got) != 832 {
		t.Errorf("without AVX-512 %d bytes", len(got))
	}
	if got := blank(t, noXSAVE).IntelImage(); len(got) != 512 {
		t.Errorf("without XSAVE %d bytes", len(got))
	}
	if fx := x.FXImage(); len(fx) != 512 || fx[160+16*4] != 0x44 || fx[464] != 0 {
		t.Errorf("FXSAVE of %d bytes, xcr0 %#x", len(fx), fx[464])
	}
}

// TestConversionRefused: what is in use is never dropped silently.
func TestConversionRefused(t *testing.T) {
	x := blank(t, zen4)
	if y, err := x.To(avxOnly); err != nil || len(y.Raw()) != 832 {
		t.Errorf("unused AVX-512 refused: %v", err)
	}
	if err := x.Set("k1", regs.Uint(1)); err != nil {
		t.Fatal(err)
	}
	for _, l := range []regs.Layout{avxOnly, noXSAVE} {
		if _, err := x.To(l); !errors.Is(err, regs.ErrLayout) {
			t.Errorf("k1 to %d bytes: %v", l.Size, err)
		}
	}
}

// TestLanes: parts of a register, and names that are none.
func TestLanes(t *testing.T) {
	x := blank(t, skylake)
	v := make(regs.Value, 64)
	for i := range v {
		v[i] = byte(i)
	}
	if err := x.Set("zmm3", v); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"xmm3":              "0xf0e0d0c0b0a09080706050403020100",
		"xmm3.v4_int32[1]":  "0x7060504",
		"xmm3.v4_float[3]":  "0xf0e0d0c",
		"ymm3.v4_double[3]": "0x1f1e1d1c1b1a1918",
		"zmm3.v64_int8[63]": "0x3f",
		"zmm3.v8_int64[7]":  "0x3f3e3d3c3b3a3938",
		"zmm3.v32_int16[0]": "0x100",
	} {
		if got, ok := x.Get(name); !ok || got.String() != want {
			t.Errorf("%s is %v, %v; want %s", name, got, ok, want)
		}
	}
	if err := x.Set("ymm3.v8_float[7]", regs.Uint(0xffffffff)); err != nil {
		t.Error(err)
	}
	copy(v[28:], []byte{0xff, 0xff, 0xff, 0xff})
	if got, _ := x.Get("zmm3"); !got.Equal(v) {
		t.Errorf("one lane set: %v", got)
	}
	for _, bad := range []string{
		"", "xmm", "xmm32", "xmm-1", "xmm01", "XMM0", "xmm0.", "xmm0.v", "xmm0.v4_", "xmm0.v3_float", "xmm0.v4_float[4]",
		"xmm0.v4_float[-1]", "xmm0.v4_float[1", "xmm0.v4_float[01]", "xmm0.v04_float", "xmm0.4_float", "xmm0.v8_float", "k8", "mm8", "st8", "st",
		"k0.v8_int8", "st0.v2_int32", "mxcsr.v4_int8", "ftag.v2_int8", "fip.v2_int32", "rax", "dr0", "ymm3[0]",
	} {
		if v, ok := x.Get(bad); ok {
			t.Errorf("%q is %v", bad, v)
		}
		if err := x.Set(bad, regs.Uint(0)); !errors.Is(err, regs.ErrUnknown) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := blank(t, avxOnly).Set("zmm0", regs.Uint(0)); !errors.Is(err, regs.ErrAbsent) {
		t.Errorf("zmm0 without AVX-512: %v", err)
	}
	if err := x.Set("xmm0", v); !errors.Is(err, regs.ErrRange) {
		t.Errorf("512 bits in xmm0: %v", err)
	}
	if err := x.Set("mxcsr", regs.Uint(1<<16)); !errors.Is(err, regs.ErrRange) {
		t.Errorf("a reserved bit of mxcsr: %v", err)
	}
	if err := x.Set("fop", regs.Uint(1<<11)); !errors.Is(err, regs.ErrRange) {
		t.Errorf("12 bits in fop: %v", err)
	}
}

// TestStack: mm registers and tags follow the top of the stack.
func TestStack(t *testing.T) {
	x := blank(t, avxOnly)
	set := func(name string, v regs.Value) {
		t.Helper()
		if err := x.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	one, err := hex.DecodeString("0000000000000080ff3f")
	if err != nil {
		t.Fatal(err)
	}
	set("fstat", regs.Uint(6<<11)) // two pushed
	set("ftw", regs.Uint(0xc0))
	set("st0", one)
	set("st1", regs.Value{0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f}) // infinity
	// Physical 6 is st0, 7 is st1.
	if v, _ := x.Get("ftag"); v.Uint64() != 0x8fff {
		t.Errorf("ftag %v", v)
	}
	if v, _ := x.Get("mm6"); v.Uint64() != 1<<63 {
		t.Errorf("mm6 %v", v)
	}
	set("mm7", regs.Uint(0x77))
	if v, _ := x.Get("st1"); v.String() != "0x7fff0000000000000077" {
		t.Errorf("st1 %v", v)
	}
	set("mm7.v2_int32[1]", regs.Uint(5))
	if v, _ := x.Get("mm7"); v.Uint64() != 5<<32|0x77 {
		t.Errorf("mm7 %v", v)
	}
	set("ftag", regs.Uint(0x0fff))
	if v, _ := x.Get("ftw"); v.Uint64() != 0xc0 {
		t.Errorf("ftw %v", v)
	}
	set("st0", regs.Uint(0))
	if v, _ := x.Get("ftag"); v.Uint64() != 0x9fff {
		t.Errorf("ftag of zero and a NaN %v", v)
	}
	if s := x.String(); !strings.Contains(s, "\nst1            0x7fff0000000500000077 nan(") && !strings.HasPrefix(s, "st0            0x0                 0\n") {
		t.Error(s)
	}
}

// TestHostileImages: a layout or image from a file is refused, not believed.
func TestHostileImages(t *testing.T) {
	good := blank(t, zen4)
	if err := good.Set("zmm20", regs.Uint(7)); err != nil {
		t.Fatal(err)
	}
	if again, err := regs.NewXState(good.Raw(), good.Layout()); err != nil || regs.DiffXState(good, again) != nil {
		t.Fatalf("the state itself: %v", err)
	}
	for name, break1 := range map[string]func(raw []byte, l *regs.Layout) []byte{
		"short":              func(raw []byte, l *regs.Layout) []byte { return raw[:len(raw)-1] },
		"empty":              func(raw []byte, l *regs.Layout) []byte { return nil },
		"no header":          func(raw []byte, l *regs.Layout) []byte { l.Size = 540; return raw[:540] },
		"negative size":      func(raw []byte, l *regs.Layout) []byte { l.Size = -1; return nil },
		"huge":               func(raw []byte, l *regs.Layout) []byte { l.Size = 1 << 40; return raw },
		"compacted":          func(raw []byte, l *regs.Layout) []byte { raw[527] = 0x80; return raw },
		"reserved":           func(raw []byte, l *regs.Layout) []byte { raw[575] = 1; return raw },
		"unknown in use":     func(raw []byte, l *regs.Layout) []byte { raw[512+2] |= 2; return raw },
		"offset before":      func(raw []byte, l *regs.Layout) []byte { l.Components[1].Offset = 0; return raw },
		"offset behind":      func(raw []byte, l *regs.Layout) []byte { l.Components[1].Offset = 1 << 62; return raw },
		"negative offset":    func(raw []byte, l *regs.Layout) []byte { l.Components[1].Offset = -64; return raw },
		"size past the end":  func(raw []byte, l *regs.Layout) []byte { l.Components[4].Size = 1 << 62; return raw },
		"small component":    func(raw []byte, l *regs.Layout) []byte { l.Components[0].Size = 8; return raw },
		"empty component":    func(raw []byte, l *regs.Layout) []byte { l.Components[3].Size = 0; return raw },
		"same twice":         func(raw []byte, l *regs.Layout) []byte { l.Components[3].ID = 2; return raw },
		"legacy component":   func(raw []byte, l *regs.Layout) []byte { l.Components[3].ID = 1; return raw },
		"negative component": func(raw []byte, l *regs.Layout) []byte { l.Components[3].ID = -1; return raw },
		"component 64":       func(raw []byte, l *regs.Layout) []byte { l.Components[3].ID = 64; return raw },
	} {
		l := good.Layout()
		raw := break1(good.Raw(), &l)
		if _, err := regs.NewXState(raw, l); !errors.Is(err, regs.ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := good.To(l); !l.Equal(good.Layout()) && !errors.Is(err, regs.ErrLayout) {
			t.Errorf("to %s: %v", name, err)
		}
	}
}

// FuzzXState: whatever a file says, reading it does not panic.
func FuzzXState(f *testing.F) {
	for _, l := range []regs.Layout{zen4, skylake, avxOnly, noXSAVE} {
		text, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(make([]byte, l.Size), text)
		f.Add(slices.Concat(make([]byte, 512), []byte{0xff}, make([]byte, l.Size)), text)
	}
	f.Fuzz(func(t *testing.T, raw, text []byte) {
		var l regs.Layout
		if json.Unmarshal(text, &l) != nil {
			return
		}
		x, err := regs.NewXState(raw, l)
		if err != nil {
			return
		}
		for _, name := range append(x.Names(), regs.PartNames()...) {
			if v, ok := x.Get(name); ok {
				if err := x.Set(name, v); err != nil && name != "mxcsr" {
					t.Errorf("%s = %v: %v", name, v, err)
				}
			}
		}
		_ = x.String()
		_ = x.IntelImage()
		_ = x.FXImage()
		for _, l := range []regs.Layout{zen4, skylake, avxOnly, noXSAVE} {
			if y, err := x.To(l); err == nil && len(y.Raw()) != l.Size {
				t.Errorf("%d bytes of %d", len(y.Raw()), l.Size)
			}
		}
	})
}
