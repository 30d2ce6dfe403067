package main

import (
	"strings"
	"testing"
	"time"

	"warder/tracer"
)

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"1": 1, "4096": 4096, "4096B": 4096, "64K": 64 << 10, "64k": 64 << 10, "64KiB": 64 << 10, "64Ki": 64 << 10,
		"64kB": 64000, "64KB": 64000, "64M": 64 << 20, "64MiB": 64 << 20, "64 MiB": 64 << 20, "64MB": 64e6, "64mb": 64e6,
		"1.5G": 3 << 29, "1G": 1 << 30, "1GB": 1e9, "2T": 2 << 40, "2TiB": 2 << 40, "2TB": 2e12, ".5K": 512,
		"unlimited": tracer.Unlimited, "none": tracer.Unlimited, "Unlimited": tracer.Unlimited,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "0", "0.4", "-1", "+1", "1e3", "0x10", "1_000", "M", "64X", "64MM", "64iB", "64 M M", "inf", "nan", "1.2.3", ".",
		"9999999T", "99999999999999999999", "1K1",
	} {
		if got, err := parseSize(in); err == nil {
			t.Errorf("parseSize(%q) = %d; want an error", in, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.5": 500 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "500ms": 500 * time.Millisecond,
		"1m30s": 90 * time.Second, "1h": time.Hour, "100us": 100 * time.Microsecond, "none": tracer.Unlimited, "unlimited": tracer.Unlimited,
	} {
		if got, err := parseDuration(in); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "0s", "-1", "-1s", "1e3", "inf", "nan", "1d", "s", "99999999999", "0.0000000001"} {
		if got, err := parseDuration(in); err == nil {
			t.Errorf("parseDuration(%q) = %v; want an error", in, got)
		}
	}
}

func TestParseCount(t *testing.T) {
	for in, want := range map[string]int64{"1": 1, "64": 64, "unlimited": tracer.Unlimited} {
		if got, err := parseCount(in); err != nil || got != want {
			t.Errorf("parseCount(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-1", "1.5", "64K", "x"} {
		if _, err := parseCount(in); err == nil {
			t.Errorf("parseCount(%q) gives no error", in)
		}
	}
}

func TestParseHex(t *testing.T) {
	for _, in := range []string{"b0 2a c3", "b02ac3", "0xb0,0x2a,0xc3", `\xb0\x2a\xc3`, "0xb02ac3", " B0\t2A\nC3 "} {
		if got, err := parseHex(in); err != nil || string(got) != "\xb0\x2a\xc3" {
			t.Errorf("parseHex(%q) = %x, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"": "no bytes", " , ": "no bytes", "b0 2g": `"g" at position 5`, "b0 2": `half a byte, "2", at position 4`,
		"zz": `"z" at position 1`, "é0": `"é" at position 1`, "b0 0x": "ends", "2 a": `" " at position 2`,
	} {
		if _, err := parseHex(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseHex(%q): %v; want %q", in, err, want)
		}
	}
}

func FuzzParseHex(f *testing.F) {
	f.Add("b0 2a c3")
	f.Fuzz(func(t *testing.T, s string) {
		if code, err := parseHex(s); err == nil && (len(code) == 0 || len(code) > len(s)/2) {
			t.Fatalf("%q gives %d bytes", s, len(code))
		}
	})
}

func TestProgramEnv(t *testing.T) {
	t.Setenv("WARDER_TEST_COPIED", "yes")
	got, err := programEnv([]string{"A=1", "WARDER_TEST_COPIED", "WARDER_TEST_UNSET", "A=2", "B=", "PATH=/x"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "PATH=/x A=2 WARDER_TEST_COPIED=yes B="; strings.Join(got, " ") != want {
		t.Errorf("environment %q, want %q", got, want)
	}
	for _, bad := range []string{"", "=x", "A=\x00"} {
		if _, err := programEnv([]string{bad}); err == nil {
			t.Errorf("--env %q gives no error", bad)
		}
	}
}
