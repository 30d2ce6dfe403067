package tracer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/jail"
	"warder/tracer"
)

// inherits is what the program "inherited" says of a start as it should be,
// but for its standard descriptors.
const inherits = "descriptors 0 1 2\n%signored\nblocked\n"

func TestLiveStdin(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const text = "one line\nand another\n"
	fromFile := func(flags int, skip int64) func(*testing.T) (*os.File, func()) {
		return func(t *testing.T) (*os.File, func()) {
			name := filepath.Join(t.TempDir(), "in")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(name, flags, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Seek(skip, 0); err != nil {
				t.Fatal(err)
			}
			return f, func() { closeAll(t, f) }
		}
	}
	for _, c := range []struct {
		name string
		open func(*testing.T) (in *os.File, finish func())
		want string
		kind string
	}{
		{"nothing", func(*testing.T) (*os.File, func()) { return nil, func() {} }, "", "device"},
		{"/dev/null", func(t *testing.T) (*os.File, func()) {
			f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			return f, func() { closeAll(t, f) }
		}, "", "device"},
		{"a file", fromFile(os.O_RDONLY, 0), text, "file"},
		{"a file, open for writing too", fromFile(os.O_RDWR, 0), text, "file"},
		{"the rest of a file", fromFile(os.O_RDONLY, 4), text[4:], "file"},
		{"the rest of a file, open for writing too", fromFile(os.O_RDWR, 4), text[4:], "file"},
		{"a pipe", func(t *testing.T) (*os.File, func()) {
			r, w := pipe(t)
			put(t, w, text)
			closeAll(t, w)
			return r, func() { closeAll(t, r) }
		}, text, "pipe"},
		{"a blocking pipe", func(t *testing.T) (*os.File, func()) {
			r, w := pipe(t)
			_ = r.Fd() // makes it so
			put(t, w, text)
			closeAll(t, w)
			return r, func() { closeAll(t, r) }
		}, text, "pipe"},
		{"a socket", func(t *testing.T) (*os.File, func()) {
			ours, theirs := sockets(t)
			put(t, ours, text)
			closeAll(t, ours)
			return theirs, func() { closeAll(t, theirs) }
		}, text, "pipe"},
		{"a terminal", func(t *testing.T) (*os.File, func()) {
			master, slave := terminal(t)
			put(t, master, text+"\x04") // the end, as a user types it
			return slave, func() { closeAll(t, slave, master) }
		}, text, "device"},
	} {
		for _, engine := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp} {
			t.Run(c.name+"/"+engine.String(), func(t *testing.T) {
				policy := profile(t, "runtime")
				in, finish := c.open(t)
				r, out := hold(t, tracer.Config{Path: testprog.Program(t, "inherited"), Stdin: in, Engine: engine, Policy: policy})
				if want := fmt.Sprintf(inherits, "0 read "+c.kind+"\n1 write pipe\n2 write pipe\n"); out != want || r.Outcome != tracer.OK {
					t.Errorf("%s: inherited %q, want %q", fate(r), out, want)
				}
				finish()
				in, finish = c.open(t) // what is fed to a program is gone
				defer finish()
				r, out = hold(t, tracer.Config{Path: testprog.Program(t, "echo"), Stdin: in, Engine: engine, Policy: policy, Limits: tracer.Limits{Wall: 5 * time.Second}})
				if out != c.want || r.Outcome != tracer.OK {
					t.Errorf("%s: read %q, want %q", fate(r), out, c.want)
				}
			})
		}
	}
}

func TestLiveStdinRefused(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(t, dir)
	closed, w := pipe(t)
	closeAll(t, closed, w)
	for want, in := range map[string]*os.File{"standard input: is a directory": dir, "closed file": closed} {
		if _, _, err := tryHold(t, tracer.Config{Path: testprog.Program(t, "echo"), Stdin: in}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestLiveStdout(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	const want = "hello, world\n"
	for _, engine := range hookEngines {
		for name, open := range map[string]func(*testing.T) (r, w *os.File){"pipe": pipe, "socket": sockets, "terminal": terminal} {
			t.Run(engine.String()+"/"+name, func(t *testing.T) {
				r, w := open(t)
				defer closeAll(t, r, w)
				res, _ := hold(t, tracer.Config{Path: testprog.Program(t, "hello"), Engine: engine, Stdout: w})
				got := make([]byte, 64)
				n, err := r.Read(got)
				// A terminal turns the newline into two characters.
				if out := strings.ReplaceAll(string(got[:n]), "\r\n", "\n"); err != nil || out != want || res.Outcome != tracer.OK {
					t.Errorf("%s: %q, %v", fate(res), out, err)
				}
				if res.OutputBytes != int64(len(want)) {
					t.Errorf("%d bytes reported, want %d", res.OutputBytes, len(want))
				}
			})
		}
		t.Run(engine.String()+"/nobody reads", func(t *testing.T) {
			r, w := pipe(t)
			closeAll(t, r)
			defer closeAll(t, w)
			res, _ := hold(t, tracer.Config{Path: testprog.Program(t, "writes"), Args: args("1000000"), Engine: engine, Stdout: w})
			if fate(res) != "signaled SIGPIPE" {
				t.Errorf("%s, want the signal that it gets bare", fate(res))
			}
		})
		t.Run(engine.String()+"/closed", func(t *testing.T) {
			r, w := pipe(t)
			closeAll(t, r, w)
			res, _ := hold(t, tracer.Config{Path: testprog.Program(t, "writes"), Args: args("1000000"), Engine: engine, Stdout: w, Stderr: w})
			if fate(res) != "signaled SIGPIPE" {
				t.Errorf("%s, want the signal of a pipe that nobody reads", fate(res))
			}
		})
	}
}

// TestLiveDescriptors: of a host program's descriptors the program gets none,
// close-on-exec or not, opened before the stub or after.
func TestLiveDescriptors(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	open := func() {
		for range 100 {
			fd, err := unix.Open("/dev/zero", unix.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = unix.Close(fd) })
		}
	}
	want := fmt.Sprintf(inherits, "0 read device\n1 write pipe\n2 write pipe\n")
	tracer.CloseIdle()
	for _, when := range []string{"before the stub", "after it"} {
		open()
		for _, engine := range hookEngines {
			r, out := hold(t, tracer.Config{Path: testprog.Program(t, "inherited"), Engine: engine})
			if r.Outcome != tracer.OK || out != want {
				t.Errorf("%s, opened %s: %s, inherited %q, want %q", engine, when, fate(r), out, want)
			}
		}
	}
}

func TestLiveLaunchErrors(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	dir := testprog.Scratch(t)
	file := func(name string, content []byte, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, content, 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hello, err := os.ReadFile(testprog.Program(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	const loader = "/lib64/ld-linux-x86-64.so.2"
	if bytes.Count(hello, []byte(loader)) == 0 {
		t.Fatalf("hello's loader is not %s", loader)
	}
	strange := bytes.ReplaceAll(hello, []byte(loader), []byte("/lib64/ld-missing-86-64.so.2")[:len(loader)])
	elf32, arm := bytes.Clone(hello), bytes.Clone(hello)
	elf32[4] = 1   // ELFCLASS32
	arm[18] = 0xb7 // EM_AARCH64
	cases := []struct {
		name, path string
		is         error
		want       string
	}{
		{"missing", filepath.Join(dir, "missing"), fs.ErrNotExist, "no such file"},
		{"empty name", "", fs.ErrNotExist, "no such file"},
		{"below a file", file("plain", nil, 0o755) + "/x", unix.ENOTDIR, "not a directory"},
		{"not executable", file("data", hello, 0o644), fs.ErrPermission, "chmod +x"},
		{"a directory", dir, unix.EACCES, "it is a directory"},
		{"a device", os.DevNull, unix.EACCES, "not a regular file"},
		{"a script", file("script", []byte("#!/bin/sh -e\necho\n"), 0o755), unix.ENOEXEC, `"/bin/sh", which must open it, and policy compute lets no file be opened`},
		{"empty", file("nothing", nil, 0o755), unix.ENOEXEC, "not an ELF file"},
		{"a text", file("text", []byte("echo hello\n"), 0o755), unix.ENOEXEC, "not an ELF file"},
		{"for 32 bits", file("elf32", elf32, 0o755), unix.ENOEXEC, "ELFCLASS32"},
		{"for another machine", file("arm", arm, 0o755), unix.ENOEXEC, "EM_AARCH64"},
		{"a loader that is not there", file("strange", strange, 0o755), unix.ENOENT, "/lib64/ld-missing"},
		{"cut off in its header", file("cut1", hello[:60], 0o755), unix.ENOEXEC, "header"},
		{"cut off behind its header", file("cut2", hello[:100], 0o755), unix.ENOEXEC, "program headers"},
	}
	if testutil.Missing(testutil.Root) == nil {
		cases = append(cases, struct {
			name, path string
			is         error
			want       string
		}{"for its owner only", file("private", hello, 0o700), unix.EACCES, "held user"})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, _, err := tryHold(t, tracer.Config{Path: c.path})
			var launch *tracer.LaunchError
			if !errors.As(err, &launch) {
				t.Fatalf("%v, %v, want a LaunchError", r, err)
			}
			if launch.Path != c.path || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %v and %q in it", err, c.is, c.want)
			}
			if r, out := hold(t, tracer.Config{Path: testprog.Program(t, "hello")}); r.Outcome != tracer.OK {
				t.Errorf("the next session: %s %q", fate(r), out)
			}
		})
	}
}

// TestLiveCutOff: a file that ends before its segments do is the program's
// fault: it dies, and is not an error of warder's.
func TestLiveCutOff(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for name, sizes := range map[string][]int{"hello": {900, 9000}, "hello-static": {4096, 200000}} {
		whole, err := os.ReadFile(testprog.Program(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes {
			path := filepath.Join(testprog.Scratch(t), "cut")
			if err := os.WriteFile(path, whole[:size], 0o755); err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			r, _, err := tryHold(t, tracer.Config{Path: path, Limits: tracer.Limits{CPU: time.Second}})
			if took := time.Since(begun); took > time.Second {
				t.Errorf("%s cut at %d: it took %v to end", name, size, took)
			}
			var launch *tracer.LaunchError
			switch {
			case errors.As(err, &launch):
			case err != nil:
				t.Errorf("%s cut at %d: %v", name, size, err)
			case fate(r) != "signaled SIGSEGV" && fate(r) != "signaled SIGBUS" && fate(r) != "exited 127": // the loader's
				t.Errorf("%s cut at %d: %s %s", name, size, fate(r), r.Message)
			}
		}
	}
}

func TestLiveSetupErrors(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	hello := testprog.Program(t, "hello")
	for _, dir := range []string{"/no/such/directory", hello} {
		_, _, err := tryHold(t, tracer.Config{Path: hello, Dir: dir})
		var path *fs.PathError
		if !errors.As(err, &path) || path.Path != dir || path.Op != "working directory" {
			t.Errorf("in %s: %v", dir, err)
		}
	}
	long := strings.Repeat("x", 1<<20)
	const step = "prlimit64 (RLIMIT_NOFILE)"
	_, _, err := tryHold(t, tracer.Config{Path: hello, Limits: tracer.Limits{OpenFiles: 1 << 40}}) // above fs.nr_open
	var setup *jail.SetupError
	if !errors.As(err, &setup) || setup.Step != step || !strings.Contains(err.Error(), step) {
		t.Errorf("%v, want a SetupError of %q", err, step)
	}
	for _, cfg := range []tracer.Config{
		{Path: hello, Args: []string{"hello", long}}, {Path: hello, Env: []string{"LONG=" + long}},
	} {
		if _, _, err := tryHold(t, cfg); !errors.Is(err, unix.E2BIG) {
			t.Errorf("1 MiB in one string: %v, want E2BIG", err)
		}
	}
	// What would be passed cut short is refused, as execve's callers do.
	for _, cfg := range []tracer.Config{
		{Path: hello, Args: []string{"hello", "a\x00b"}},
		{Path: hello, Env: []string{"A=a\x00b"}},
		{Path: hello + "\x00", Args: []string{"hello"}},
	} {
		if r, out, err := tryHold(t, cfg); err == nil {
			t.Errorf("a NUL byte in %q %q was taken: %s %q", cfg.Args, cfg.Env, fate(r), out)
		}
	}
	r, out := hold(t, tracer.Config{Path: hello, Args: []string{"hello", "again"}})
	if r.Outcome != tracer.OK || out != "hello, again\n" {
		t.Errorf("the session after the errors: %s %q", fate(r), out)
	}
}
