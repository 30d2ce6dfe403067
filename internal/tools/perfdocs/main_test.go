package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPage makes the page of the golden reports.
func TestPage(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	golden := filepath.Join("..", "..", "..", "bench", "testdata", "golden")
	for name, source := range map[string]string{
		"mechanisms.json": "mechanisms.json", "program-sort.json": "program.json",
	} {
		text, err := os.ReadFile(filepath.Join(golden, source))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(from, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{from, to}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(to, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{
		"# What supervision costs", "Example &lt;CPU> & Co (virtual machine)",
		"The machine was too busy to tell** while it measured sort",
		"| trace | 8300 | [8000 8600] | 80.6 |", "| geometric mean |  | 1.100 of 1 | - | - |",
		"| sort | 12.5 | 1.1 [1.1 1.1] | does not run | does not run | 13.8 | 13.8 |",
		"- sort under ptrace: policy-violation: openat", "zpoline", "64.4", "performance-mechanisms.svg", "AT ONCE",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if bad := regexp.MustCompile(`%!|NaN|Inf\b|<nil>`).FindString(page); bad != "" {
		t.Errorf("%q in the page", bad)
	}
	for _, name := range []string{"performance-mechanisms.svg", "performance-program.svg"} {
		if text, err := os.ReadFile(filepath.Join(to, name)); err != nil || !strings.Contains(string(text), "</svg>") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothing(t *testing.T) {
	if err := run([]string{t.TempDir(), t.TempDir()}); err == nil {
		t.Error("no reports are no error")
	}
	if err := run(nil); err == nil {
		t.Error("no arguments are no error")
	}
}
