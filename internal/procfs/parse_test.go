package procfs

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatParse(t *testing.T) {
	tail := " 1 2 3 0 -1 4194304 17 0 5 0 8 9 0 0 20 0 4 0 12345 1000 2"
	want := Stat{State: 'S', PPID: 1, PGRP: 2, Session: 3, Flags: 4194304, MinorFaults: 17, MajorFaults: 5, Threads: 4, StartTicks: 12345}
	for _, name := range []string{"cat", "", ") R 1", "a\nb) Z 9 9 9 9", "((((", "))))", "\xff\x00 "} {
		var got Stat
		if !got.parse([]byte("42 (" + name + ") S" + tail + "\n")) {
			t.Errorf("%q: refused", name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", name, d)
		}
	}
	for _, bad := range []string{"", ")", "42 (cat", "42 (cat) ", "42 (cat) S 1 2 3", strings.Repeat(") ", 60)} {
		var got Stat
		if got.parse([]byte(bad)) {
			t.Errorf("%q: taken as %+v", bad, got)
		}
	}
}

func TestAuxvParse(t *testing.T) {
	want := []AuxEntry{{32, 0xf7fc1000}, {AtSysinfoEhdr, 0}, {AtEntry, 0x8048000}}
	var b64, b32 []byte
	for _, e := range append(want, AuxEntry{}) {
		b64 = binary.LittleEndian.AppendUint64(b64, e.Key)
		b64 = binary.LittleEndian.AppendUint64(b64, e.Value)
		b32 = binary.LittleEndian.AppendUint32(b32, uint32(e.Key))
		b32 = binary.LittleEndian.AppendUint32(b32, uint32(e.Value))
	}
	for _, b := range [][]byte{b64, b32, append(b64, 1, 2, 3), append(b32, make([]byte, 400)...)} {
		got, ok := parseAuxv(b)
		if !ok {
			t.Errorf("%x: refused", b)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
	for _, bad := range [][]byte{nil, {1}, b64[:len(b64)-16], []byte(strings.Repeat("\xff", 64))} {
		if got, ok := parseAuxv(bad); ok {
			t.Errorf("%x: taken as %v", bad, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]int{
		"": 0, "-": 0, "12": 12, "-7": -7, "--7": 0, "9x": 9, "x": 0,
		"99999999999999999999": math.MaxInt32, "-99999999999999999999": -math.MaxInt32,
	} {
		if got := leadingInt([]byte(in)); got != want {
			t.Errorf("leadingInt(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]uint64{
		"": 0, "4 kB": 4096, "18446744073709551615": math.MaxUint64, "99999999999999999999 kB": math.MaxUint64,
	} {
		if got := kib([]byte(in)); got != want {
			t.Errorf("kib(%q) = %d, want %d", in, got, want)
		}
	}
}

// FuzzContent holds that no content is worse than an error.
func FuzzContent(f *testing.F) {
	f.Add([]byte("42 (cat) S 1 2 3 0 -1 0 17 0 5 0 8 9 0 0 20 0 4 0 12345 "))
	f.Add([]byte("VmRSS:\t 12 kB"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var st Stat
		st.parse(b)
		var s Status
		s.line(b)
		parseAuxv(b)
		for _, id := range appendEntries(nil, b) {
			if id <= 0 {
				t.Errorf("thread id %d", id)
			}
		}
	})
}
