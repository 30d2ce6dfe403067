package bpf_test

import (
	"errors"
	"strings"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"warder/rules/bpf"
)

// TestRunWords loads each word of seccomp_data: the machine must see the value
// that a little-endian kernel sees.
func TestRunWords(t *testing.T) {
	d := bpf.Data{Nr: 0x01020304, Arch: 0xc000003e, IP: 0x1112131415161718}
	for i := range d.Args {
		d.Args[i] = 0x2122232425262728 + uint64(i)<<56 + uint64(i)<<24
	}
	want := map[uint32]uint32{0: 0x01020304, 4: 0xc000003e, 8: 0x15161718, 12: 0x11121314}
	for i, a := range d.Args {
		want[bpf.OffArgLow(i)] = uint32(a & 0xffffffff)
		want[bpf.OffArgHigh(i)] = uint32(a >> 32)
	}
	if len(want) != 16 {
		t.Fatalf("%d words of 16", len(want))
	}
	for off, word := range want {
		var b bpf.Builder
		no, yes := b.Ret(bpf.RetTrace), b.Ret(bpf.RetAllow)
		vm := machine(t, finish(t, &b, b.Load(off, b.Jeq(word, yes, no))).Bind(0, 0))
		if got := run(t, vm, d); got != bpf.RetAllow {
			t.Errorf("the word at %d is not %#x", off, word)
		}
	}
}

func TestNewVMErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		ins  []xbpf.RawInstruction
	}{
		{"empty", nil},
		{"unknown opcode", []xbpf.RawInstruction{{Op: 0xff}, {Op: opRet}}},
		{"no return at the end", []xbpf.RawInstruction{{Op: opLoad}}},
		{"jump past the end", []xbpf.RawInstruction{{Op: opJump, K: 9}, {Op: opRet}}},
	} {
		if _, err := bpf.NewVM(tt.ins); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}

func TestPrint(t *testing.T) {
	ins := []xbpf.RawInstruction{
		{Op: opLoad, K: bpf.OffArch},
		{Op: 0x15, Jt: 1, Jf: 0, K: 0xc000003e},
		{Op: opRet, K: bpf.RetKillProcess},
		{Op: opLoad, K: bpf.OffNr},
		{Op: 0x35, Jt: 2, Jf: 0, K: 0x40000000},
		{Op: 0x25, Jt: 1, Jf: 2, K: 9},
		{Op: opJump, K: 7},
		{Op: opLoad, K: bpf.OffArgHigh(2)},
		{Op: 0x54, K: 0xffff},
		{Op: 0xa4, K: 0x8000},
		{Op: opLoad, K: bpf.OffArgLow(5)},
		{Op: opLoad, K: 8},
		{Op: opLoad, K: 12},
		{Op: opLoad, K: 64},
		{Op: opRet, K: bpf.RetErrno | 38},
		{Op: 0x45, Jt: 1, Jf: 2, K: 3},
		{Op: 0x07},
		{Op: 0x4c},
		{Op: opRet, K: bpf.RetAllow},
	}
	want := `   0: A = arch
   1: if A == 0xc000003e goto 3 else 2
   2: return KILL_PROCESS
   3: A = nr
   4: if A >= 0x40000000 goto 7 else 5
   5: if A > 0x9 goto 7 else 8
   6: goto 14
   7: A = args[2].high
   8: A &= 0xffff
   9: A ^= 0x8000
  10: A = args[5].low
  11: A = ip.low
  12: A = ip.high
  13: A = data[64]
  14: return ERRNO(38)
  15: op 0x45 jt 1 jf 2 k 0x3
  16: X = A
  17: A |= X
  18: return ALLOW
`
	var out strings.Builder
	if err := bpf.Print(&out, ins); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("prints\n%swant\n%s", out.String(), want)
	}
}

var errFull = errors.New("full")

// full takes n writes and no more.
type full struct{ n int }

func (f *full) Write(p []byte) (int, error) {
	if f.n--; f.n < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestPrintError(t *testing.T) {
	ins := []xbpf.RawInstruction{{Op: opLoad}, {Op: opRet}}
	if err := bpf.Print(&full{1}, ins); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func TestRetName(t *testing.T) {
	for v, want := range map[uint32]string{
		bpf.RetKillProcess: "KILL_PROCESS",
		bpf.RetErrno:       "ERRNO(0)",
		bpf.RetErrno | 9:   "ERRNO(9)",
		bpf.RetUserNotif:   "USER_NOTIF",
		bpf.RetTrace:       "TRACE",
		bpf.RetTrace | 5:   "TRACE",
		bpf.RetLog:         "LOG",
		bpf.RetAllow:       "ALLOW",
		0:                  "0x0", // SECCOMP_RET_KILL_THREAD, which no program here returns
		0x00030007:         "0x30007",
	} {
		if got := bpf.RetName(v); got != want {
			t.Errorf("%#x is %s, want %s", v, got, want)
		}
	}
}
