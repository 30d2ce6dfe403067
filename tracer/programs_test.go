package tracer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// TestLivePrograms holds real programs and compares what they write, and how
// they end, with a bare run.
func TestLivePrograms(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock)
	clean := []string{"PATH=/usr/local/bin:/usr/bin:/bin"}
	for _, tt := range []struct {
		profile, input string
		argv           []string
	}{
		{"compute", "3\n1\n2\n", []string{"sort", "-n"}},
		{"compute", "2^200\nscale=40; 4*a(1)\n", []string{"bc", "-l"}},
		{"compute", strings.Repeat("warder ", 10000), []string{"gzip", "-nc"}},
		{"compute", "warder\n", []string{"sha256sum"}},
		{"compute", "a b\nc d\n", []string{"awk", "{ n += length($2); print $2 } END { print n }"}},
		{"compute", "x\ny\nx\n", []string{"uniq", "-c"}},
		{"compute", "warder\n", []string{"tr", "a-z", "A-Z"}},
		{"compute", "warder\n", []string{"sed", "s/a/A/"}},
		{"compute", "", []string{"testprog:cxx"}},
		{"compute", "", []string{"testprog:threads"}},
		{"compute", "", []string{"testprog:hello"}},
		{"compute", "", []string{"testprog:hello-static"}},
		{"compute", "", []string{"testprog:hellogo"}},
		{"compute", "", []string{"testprog:hello.rs"}},
		{"compute", "", []string{"testprog:exitcode", "7"}},
		{"compute", "warder\n", []string{"testprog:echo"}},
		{"runtime", "", []string{"/usr/bin/python3", "-c", "import json, re, math, random, threading; print(json.dumps({'pi': math.pi}), sum(range(1000)))"}},
		{"runtime", "1 2 3\n", []string{"/usr/bin/perl", "-ne", "use List::Util 'sum'; print sum(split), qq(\n)"}},
		{"runtime", "3\n1\n2\n", []string{"sort", "-n"}},
	} {
		t.Run(tt.profile+"/"+filepath.Base(tt.argv[0]), func(t *testing.T) {
			path := tt.argv[0]
			if name, ok := strings.CutPrefix(path, "testprog:"); ok {
				path = testprog.Program(t, name)
			} else if found, err := exec.LookPath(path); err == nil {
				path = found
			} else if testutil.CI() {
				t.Fatal(err)
			} else {
				t.Skip(err)
			}
			bare := exec.Command(path, tt.argv[1:]...)
			bare.Stdin, bare.Env = strings.NewReader(tt.input), clean
			want, err := bare.Output()
			var failed *exec.ExitError
			if err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			policy := profile(t, tt.profile)
			in := filepath.Join(t.TempDir(), "input")
			if err := os.WriteFile(in, []byte(tt.input), 0o644); err != nil {
				t.Fatal(err)
			}
			engines := []tracer.Engine{tracer.Hybrid, tracer.Ptrace}
			if tt.profile == "runtime" {
				engines = append(engines, tracer.Seccomp)
			}
			for _, engine := range engines {
				f, err := os.Open(in)
				if err != nil {
					t.Fatal(err)
				}
				var out bytes.Buffer
				r, err := tracer.Run(context.Background(), &tracer.Config{
					Path: path, Args: append([]string{path}, tt.argv[1:]...), Env: clean,
					Stdin: f, Stdout: &out, Stderr: os.Stderr, Policy: policy, Engine: engine,
				})
				f.Close()
				if err != nil {
					t.Fatalf("%s: %v", engine, err)
				}
				if r.ExitCode != bare.ProcessState.ExitCode() || !bytes.Equal(out.Bytes(), want) {
					t.Errorf("%s: %s %v, printed %.200q; bare: %d, %.200q", engine, fate(r), r.Violation, out.String(), bare.ProcessState.ExitCode(), want)
				}
			}
		})
	}
}
