package memory

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

const smapsSample = `55f420331000-55f420337000 r-xp 00002000 fe:00 247278                     /usr/bin/head: kB
Size:                 24 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                  24 kB
Pss:                  12 kB
Shared_Clean:         24 kB
Referenced:           20 kB
Anonymous:             0 kB
Newest_Thing:          9 kB
Swap:                  8 kB
SwapPss:               3 kB
Locked:               24 kB
THPeligible:           0
VmFlags: rd ex mr mw me lo sd
7f0000000000-7f0000200000 rw-p 00000000 00:00 0 
Size:               2048 kB
Rss:                2048 kB
AnonHugePages:      2048 kB
THPeligible:           1
ProtectionKey:         3
VmFlags: rd wr
7f0000200000-7f0000201000 ---p 00000000 00:00 0 
`

func TestParseSmaps(t *testing.T) {
	want := []Detail{
		{
			Mapping:  Mapping{0x55f420331000, 0x55f420337000, Perms{R: true, X: true}, 0x2000, "fe:00", 247278, "/usr/bin/head: kB", false},
			PageSize: 4096, RSS: 24 << 10, PSS: 12 << 10, SharedClean: 24 << 10, Referenced: 20 << 10,
			Swap: 8 << 10, SwapPSS: 3 << 10, Locked: 24 << 10,
			Flags: []string{"rd", "ex", "mr", "mw", "me", "lo", "sd"},
		},
		{
			Mapping: Mapping{0x7f0000000000, 0x7f0000200000, Perms{R: true, W: true}, 0, "00:00", 0, "", false},
			RSS:     2 << 20, AnonHuge: 2 << 20, THPEligible: true, ProtectionKey: 3, Flags: []string{"rd", "wr"},
		},
		{Mapping: Mapping{0x7f0000200000, 0x7f0000201000, Perms{}, 0, "00:00", 0, "", false}},
	}
	got, err := ParseSmaps(strings.NewReader(smapsSample))
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if !got[0].Has("lo") || got[0].Has("wr") || got[2].Has("rd") {
		t.Error("flags are not found")
	}
	for name, text := range map[string]string{
		"no header":     "Rss:  1 kB\n",
		"a bad header":  smapsSample + "7f00002-zz r--p 0 0:0 0\n",
		"no colon":      smapsSample + "Rss 1\n",
		"too large":     smapsSample + "Rss: 18014398509481984 kB\n",
		"an empty line": smapsSample + "\n",
	} {
		got, err := ParseSmaps(strings.NewReader(text))
		if !errors.Is(err, ErrMalformed) || name != "no header" && len(got) != 3 {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
	}
	var b bytes.Buffer
	for i := range MaxMappings + 10 {
		fmt.Fprintf(&b, "%x-%x rw-p 0 0:0 0\nRss: 4 kB\n", (i+1)<<12, (i+2)<<12)
	}
	if got, err := ParseSmaps(&b); len(got) != MaxMappings || !errors.Is(err, ErrTooMany) || got[MaxMappings-1].RSS != 4096 {
		t.Errorf("%d mappings, %v", len(got), err)
	}
}

// TestLiveSmaps compares with what the kernel itself adds up.
func TestLiveSmaps(t *testing.T) {
	tr := start(t)
	s := Of(tr.pid)
	list, err := s.Smaps()
	if err != nil {
		t.Fatal(err)
	}
	maps, err := s.Maps()
	if err != nil {
		t.Fatal(err)
	}
	var plain []Mapping
	sums := map[string]uint64{}
	for _, d := range list {
		plain = append(plain, d.Mapping)
		sums["Rss"] += d.RSS
		sums["Shared_Clean"] += d.SharedClean
		sums["Private_Clean"] += d.PrivateClean
		sums["Private_Dirty"] += d.PrivateDirty
		sums["Anonymous"] += d.Anonymous
		sums["Referenced"] += d.Referenced
		sums["Swap"] += d.Swap
		if d.RSS != d.SharedClean+d.SharedDirty+d.PrivateClean+d.PrivateDirty {
			t.Errorf("%v: the parts are not the whole: %+v", d.Mapping, d)
		}
	}
	if d := cmp.Diff(maps, plain); d != "" {
		t.Error(d)
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", tr.pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compared := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if sum, ok := sums[key]; ok {
			compared++
			if want := fmt.Sprintf("%d kB", sum/1024); strings.TrimSpace(value) != want {
				t.Errorf("%s: the kernel has %s, the sum is %s", key, strings.TrimSpace(value), want)
			}
		}
	}
	if compared != len(sums) {
		t.Errorf("%d of %d sums compared", compared, len(sums))
	}
	at := func(addr uint64) Detail {
		for _, d := range list {
			if d.Start <= addr && addr < d.End {
				return d
			}
		}
		t.Errorf("%#x is not mapped", addr)
		return Detail{}
	}
	// Pages 0 to 2 are written and private; 8 may only be read now.
	if d := at(tr.base); d.PrivateDirty != 3*page || d.Anonymous != 3*page || d.PageSize != page || !d.Has("wr") {
		t.Errorf("written pages: %+v", d)
	}
	if d := at(tr.base + 8*page); !d.Has("rd") || d.Has("wr") || !d.Has("mw") || d.Has("sh") {
		t.Errorf("the read-only page: %+v", d)
	}
	if d := at(tr.base + 12*page); !d.Has("sh") || d.RSS != 0 {
		t.Errorf("the shared page: %+v", d)
	}
	tr.end()
	if _, err := s.Smaps(); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after the end: %v", err)
	}
}

func FuzzSmaps(f *testing.F) {
	f.Add([]byte(smapsSample))
	f.Add([]byte("1-2 ---- 0 0 0\nVmFlags:\nRss:1 kB\nX:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseSmaps(bytes.NewReader(b))
		slow, errSlow := ParseSmaps(iotest.HalfReader(bytes.NewReader(b)))
		if d := cmp.Diff(list, slow); d != "" || !errors.Is(err, errSlow) {
			t.Fatalf("depends on how it is read: %s; %v, %v", d, err, errSlow)
		}
		maps := 0
		for _, d := range list {
			if d.End > d.Start && len(d.Flags) <= maxFlags {
				maps++
			}
		}
		if maps != len(list) {
			t.Fatalf("%d of %d are sound", maps, len(list))
		}
	})
}

func BenchmarkSmaps(b *testing.B) {
	tr := start(b)
	s := Of(tr.pid)
	for b.Loop() {
		if _, err := s.Smaps(); err != nil {
			b.Fatal(err)
		}
	}
}
