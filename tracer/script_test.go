package tracer_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// TestLiveScript runs files that begin with "#!", under a policy that lets
// their interpreters open them, and bare: they see the same.
func TestLiveScript(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	policy, err := rules.Profile("runtime")
	if err != nil {
		t.Fatal(err)
	}
	dir := testprog.Scratch(t)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	echo := testprog.Program(t, "args")
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
		for _, tt := range []struct{ name, text, want string }{
			{"plain", "#!/bin/sh\necho \"$0 $# $2\"\n", "FILE 2 b\n"},
			{"argument", "#! \t/bin/sh  -e \ntrue\necho $- $1\n", "e a\n"},
			{"one", "#!" + echo + " -x  -y \n", echo + "\n-x  -y\nFILE\na\nb\n"},
			{"open end", "#!" + echo, echo + "\nFILE\na\nb\n"},
			{"by name", "#!/usr/bin/env perl\nprint \"$0 @ARGV\\n\";\n", "FILE a b\n"},
		} {
			t.Run(engine.String()+"/"+tt.name, func(t *testing.T) {
				path := file(strings.ReplaceAll(tt.name, " ", "-"), tt.text)
				bare, err := exec.Command(path, "a", "b").Output()
				if want := strings.ReplaceAll(tt.want, "FILE", path); err != nil || string(bare) != want {
					t.Fatalf("bare: %v, %q, want %q", err, bare, want)
				}
				r, out := hold(t, tracer.Config{
					Path: path, Args: []string{"ignored", "a", "b"}, Engine: engine, Policy: policy,
				})
				if r.Outcome != tracer.OK || out != string(bare) {
					t.Errorf("%v %s %+v, %q, want %q", r.Outcome, r.Message, r.Violation, out, bare)
				}
			})
		}
	}
	for _, tt := range []struct {
		name, text, want string
		root             string
	}{
		{"no name", "#! \n", "names no interpreter", ""},
		{"relative", "#!sh\n", "not an absolute path", ""},
		{"not there", "#!/bin/missing\n", `its interpreter "/bin/missing"`, ""},
		{"itself", "#!" + file("inner", "#!/bin/sh\n") + "\n", "is a script itself", ""},
		{"long", "#!/" + strings.Repeat("x", 300) + "\n", "too long", ""},
		{"empty root", "#!/bin/sh\n", "empty root directory", tracer.EmptyRoot},
	} {
		_, err := tracer.Run(t.Context(), &tracer.Config{Path: file("bad", tt.text), Policy: policy, Root: tt.root})
		var launch *tracer.LaunchError
		if !errors.As(err, &launch) || !errors.Is(err, unix.ENOEXEC) && !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
