package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"warder/internal/testutil"
)

// TestLiveAgreementFlags holds the flags that choose calls or add to them to
// strace's.
func TestLiveAgreementFlags(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Strace)
	r := newRecorder(t)
	lines := filepath.Join(r.base, "w", "lines")
	files := compileAgree(t, r.base, "files")
	commands := []compared{
		argvOf("ls", "-l", "d").with(someFiles),
		argvOf("tar", "cf", "all.tar", "d").with(someFiles),
		argvOf("sort", lines).with(someFiles),
		argvOf("git", "--no-pager", "log", "-p").named("git log").with(work),
		{name: "own files", argv: []string{files}},
		sh("sh", "seq 1 3 | sort -r; ls none"),
	}
	skipped := map[string]bool{
		"-z sh": true, // strace 6.1 forgets how lines began that another thread's came into
		"-e status=!failed -e signal=!SIGCHLD sh": true,
		"-s 0 own files": true, // arrays of a fixed length stay whole here
		"-s 0 sh":        true,
	}
	var all, control agreement
	for _, flags := range [][]string{
		{"-y"},
		{"-y", "-e", "trace=%desc"},
		{"-e", "trace=%file"},
		{"-e", "trace=%process,%signal"},
		{"-e", "trace=!%memory,/^read"},
		{"-e", "openat,close", "-s", "4"},
		{"-z"},
		{"-Z"},
		{"-e", "status=!failed", "-e", "signal=!SIGCHLD"},
		{"-P", lines},
		{"-P", "d", "-P", "/etc/ld.so.cache", "-y"},
		{"-s", "0"},
		{"-s", "2000", "-a", "10", "-e", "quiet=exit"},
		{"-qq"},
	} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			r.t = t
			for i := range commands {
				if skipped[strings.Join(flags, " ")+" "+commands[i].name] {
					continue
				}
				c := r.compare(&commands[i], flags...)
				c.log(t)
				if c.below() {
					t.Errorf("%s: %.2f%% agreement, strace has %.2f%% with itself", c.name, c.ours.percent(), c.least)
				}
				all.add(c.ours)
				control.add(c.control)
			}
		})
	}
	t.Logf("%d lines: %.3f%% agreement; strace with itself %.3f%%", all.lines, all.percent(), control.percent())
	if all.percent() < leastAgreement {
		t.Errorf("%.2f%% agreement, want %.0f%%", all.percent(), leastAgreement)
	}
}

// TestLiveAgreementSummary: the table of -c has strace's calls and errors.
func TestLiveAgreementSummary(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Strace)
	r := newRecorder(t)
	for _, c := range []compared{
		argvOf("ls", "-l", "d", "none").with(someFiles),
		argvOf("tar", "cf", "all.tar", "d").with(someFiles),
		argvOf("git", "--no-pager", "log", "-p").named("git log").with(work),
		argvOf("gcc", "-O1", "-o", "hello", "hello.c").with(source),
		{name: "own files", argv: []string{compileAgree(t, r.base, "files")}},
		{name: "own system", argv: []string{compileAgree(t, r.base, "system")}},
	} {
		for _, flags := range [][]string{{"-c"}, {"-c", "-e", "trace=%file"}, {"-c", "-S", "name"}} {
			t.Run(c.name+" "+strings.Join(flags, " "), func(t *testing.T) {
				r.t = t
				// A wait may be interrupted once more, and the name of a temporary
				// file be taken: what a call's row was in any of several runs.
				theirs, ours := map[string][]string{}, map[string][]string{}
				for range 6 {
					text, _ := r.run(&c, "strace", flags...)
					one := counts(t, text)
					text, _ = r.run(&c, "warder", flags...)
					other := counts(t, text)
					for name := range one {
						theirs[name] = append(theirs[name], one[name])
					}
					for name := range other {
						ours[name] = append(ours[name], other[name])
					}
					if maps.Equal(one, other) {
						theirs, ours = nil, nil
						if len(one) < 3 {
							t.Errorf("strace's table has %d lines", len(one))
						}
						break
					}
				}
				for name := range theirs {
					if !slices.ContainsFunc(ours[name], func(row string) bool { return slices.Contains(theirs[name], row) }) {
						t.Errorf("%s: %q calls and errors, strace has %q", name, ours[name], theirs[name])
					}
				}
				for name := range ours {
					if theirs[name] == nil {
						t.Errorf("%s: %q calls and errors, strace has none", name, ours[name])
					}
				}
			})
		}
	}
}

// counts reads the calls and errors of a table, by name.
func counts(t testing.TB, text string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 5 || f[0] == "%" || strings.HasPrefix(f[0], "-") {
			continue
		}
		errors := "0"
		if len(f) == 6 {
			errors = f[4]
		}
		if name := f[len(f)-1]; name == "total" || name == "others" {
			continue // strace leaves numbers without a name out
		}
		rows[f[len(f)-1]] = fmt.Sprint(f[3], " ", errors)
	}
	return rows
}
