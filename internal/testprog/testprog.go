// Package testprog compiles the programs that the live tests run: the attacks
// in tracer/testdata/attacks and the benign programs in
// tracer/testdata/programs.
//
// Each executable is built once and kept in a cache under a name that holds
// the hash of its source, its headers, its flags and its compiler, so test
// processes that run in parallel share it and an edit builds it anew. Any user
// may execute it: the jail runs programs as somebody else.
//
// A missing compiler skips the test on a user's machine. Where CI is set it
// fails the test, but for rustc, which is always optional.
package testprog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"warder/internal/testutil"
)

// Attack returns the path of the executable of an attack, built if need be.
func Attack(t testing.TB, name string) string {
	t.Helper()
	return compiled(t, attackSource(name))
}

// Program returns the path of the executable of a benign program, built if
// need be. Its name is that of its source, "hello.rs", or of a directory with
// a Go program, "hellogo"; without an extension it is the C program's. With
// "-static" behind it ("hello-static") a C or C++ program is linked statically.
func Program(t testing.TB, name string) string {
	t.Helper()
	src, err := programSource(name)
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, src)
}

func compiled(t testing.TB, src source) string {
	t.Helper()
	path, err := build(src)
	if missing := (*missingCompilerError)(nil); errors.As(err, &missing) {
		if testutil.CI() && missing.compiler != "rustc" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// CompileAll builds every attack and every benign program, a few at a time,
// so that the tests after it find them all. Programs without a compiler here
// are left out: the test that wants one will say so.
func CompileAll(t testing.TB) {
	t.Helper()
	var sources []source
	for _, info := range Attacks(t) {
		sources = append(sources, attackSource(info.Name))
	}
	for _, name := range Programs(t) {
		src, err := programSource(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, src)
	}
	work := make(chan source)
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for src := range work {
				_, err := build(src)
				if missing := (*missingCompilerError)(nil); errors.As(err, &missing) {
					t.Log(err)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, src := range sources {
		work <- src
	}
	close(work)
	wg.Wait()
}

// Programs names every benign program, as Program takes it.
func Programs(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(programDir())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() || slices.Contains(extensions, filepath.Ext(entry.Name())) {
			names = append(names, entry.Name())
		}
	}
	return names
}

// Scratch makes a directory for an attack's argv[1]: open to every user, with
// the victims that attacks on files look for, the file "victim" and the empty
// directory "victimdir". It goes with the test.
func Scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "warder-scratch-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the scratch directory: %v", err)
		}
	})
	victim, victimDir := filepath.Join(dir, "victim"), filepath.Join(dir, "victimdir")
	err = errors.Join(
		os.WriteFile(victim, []byte("victim\n"), 0o600),
		os.Mkdir(victimDir, 0o700),
		// chmod, for the umask does not apply to it.
		os.Chmod(victim, 0o666),
		os.Chmod(victimDir, 0o777),
		os.Chmod(dir, 0o777),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// extensions are the kinds of source, in the order in which a name without
// one is looked for.
var extensions = []string{".c", ".cc", ".s", ".rs"}

func attackSource(name string) source {
	return source{
		name:  "attack-" + name,
		path:  filepath.Join(attackDir(), name+".c"),
		flags: []string{"-static", "-O1", "-pthread", "-s", "-Wall", "-Wextra"},
	}
}

func programSource(name string) (source, error) {
	base, static := strings.CutSuffix(name, "-static")
	candidates := []string{base}
	for _, ext := range extensions {
		candidates = append(candidates, base+ext)
	}
	for _, candidate := range candidates {
		path := filepath.Join(programDir(), candidate)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		src := source{name: "program-" + name, path: path, flags: []string{"-O2", "-pthread", "-Wall", "-Wextra"}}
		if static {
			src.flags = append(src.flags, "-static")
		}
		return src, nil
	}
	return source{}, fmt.Errorf("testprog: no program %q in %s", name, programDir())
}

func attackDir() string  { return filepath.Join(moduleRoot(), "tracer", "testdata", "attacks") }
func programDir() string { return filepath.Join(moduleRoot(), "tracer", "testdata", "programs") }

// moduleRoot is the directory of go.mod: above the working directory in a
// test, above this file otherwise (which -trimpath hides).
var moduleRoot = sync.OnceValue(func() string {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if _, file, _, ok := runtime.Caller(0); ok {
		starts = append(starts, filepath.Dir(file))
	}
	for _, dir := range starts {
		for ; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "tracer", "testdata", "attacks")); err == nil {
				return dir
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return "."
})
