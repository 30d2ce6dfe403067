package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/snapshot"
	"warder/tracer"
)

// TestLiveRewind takes a program back from its end to an earlier moment, a
// hundred times: it finds everything as it was, its input included.
func TestLiveRewind(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	const times = 100
	compute, err := rules.Profile("compute")
	if err != nil {
		t.Fatal(err)
	}
	input := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(input, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace} {
		for _, program := range []string{"rewound", "rewound-static"} {
			t.Run(engine.String()+"/"+program, func(t *testing.T) {
				stdin, err := os.Open(input)
				if err != nil {
					t.Fatal(err)
				}
				defer stdin.Close()
				var out bytes.Buffer
				var base *snapshot.Base
				rewound := 0
				cfg := tracer.Config{
					Path: testprog.Program(t, program), Engine: engine, Policy: compute, Stdin: stdin, Stdout: &out, Stderr: &out,
					Watch: tracer.Watch{Calls: []string{"getppid"}, Exit: true},
				}
				cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
					src := f
					switch {
					case e.Kind == tracer.CallEvent && base == nil:
						if base, _, err = snapshot.Mark(context.Background(), src); err != nil {
							f.Fail(err)
						}
					case e.Kind == tracer.ExitEvent && rewound < times:
						if _, err = base.Rewind(src); err != nil {
							f.Fail(err)
						}
						rewound++
					}
				}
				r, err := tracer.Run(t.Context(), &cfg)
				tracer.CloseIdle()
				if err != nil {
					t.Fatal(err)
				}
				if base != nil {
					if err := base.Close(); err != nil {
						t.Error(err)
					}
				}
				const line = "once 0 table 0 area 9 0 kept 3 brk 1 signal 1 x 1.5 line hello\n"
				if want := strings.Repeat(line, times+1); out.String() != want || r.Outcome != tracer.OK || rewound != times {
					t.Errorf("%s %s %v, %d times\n%.400s", r.Outcome, r.Message, r.Violation, rewound, out.String())
				}
			})
		}
	}
}
