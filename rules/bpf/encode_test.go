package bpf_test

import (
	"slices"
	"testing"

	"warder/rules/bpf"
)

// TestEncode takes a program with open constants through its encoded form.
func TestEncode(t *testing.T) {
	var b bpf.Builder
	yes, no := b.Ret(bpf.RetAllow), b.Ret(bpf.RetKillProcess)
	at := b.Load(bpf.OffArgLow(2), b.JgtSlot(bpf.SlotSelf, yes, no))
	at = b.Load(bpf.OffArgLow(1), b.JeqSlot(bpf.SlotKeyLow, at, no))
	p, err := b.Finish(b.Load(bpf.OffArgHigh(1), b.JeqSlot(bpf.SlotKeyHigh, at, no)))
	if err != nil {
		t.Fatal(err)
	}
	code, slots := p.Encode()
	q, err := bpf.Decode(code, slots)
	if err != nil {
		t.Fatal(err)
	}
	if want, got := p.Bind(7, 0x1122334455667788), q.Bind(7, 0x1122334455667788); !slices.Equal(want, got) {
		t.Errorf("decoded program is\n%v, want\n%v", got, want)
	}
	for _, bad := range [][2]string{{"", ""}, {code[1:], slots}, {code, slots[1:]}, {code[:8], slots}} {
		if _, err := bpf.Decode(bad[0], bad[1]); err == nil {
			t.Errorf("a program of %d and %d bytes was decoded", len(bad[0]), len(bad[1]))
		}
	}
}
