package tracer_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// anyCall refuses nothing and restricts no path: what is left is the root.
const anyCall = `name: any-call
default: allow
paths: unrestricted
connect: any
bind: any
scope: {signals: any, abstract-sockets: any}
syscalls:
  - {call: clone3, action: errno(ENOSYS)}
`

// rootEscapes are the known ways out of a chroot, and those round ours.
// Programs with a loader begin in the caller's root, so they can prepare.
var rootEscapes = []struct {
	name  string
	early bool // prepared before the entry point: held by a violation
	times int  // a race is not won at once; 0: once
}{
	{"open", false, 0},
	{"dots", false, 0},         // .. in steps
	{"dots-path", false, 0},    // .. in one path
	{"proc-self", false, 0},    // /proc/self/root
	{"proc-cwd", false, 0},     // /proc/PID/cwd of the stub
	{"newuser-late", false, 0}, // the right to chroot, in a user namespace
	{"make", false, 0},         // mkdir, creat, symlink, mknod, O_TMPFILE in the root
	{"stub", false, 0},         // the stub's descriptors
	{"keep", true, 0},          // fchdir to a directory kept open
	{"keep-path", true, 0},     // by O_PATH
	{"unshare-fs", true, 0},    // a root of its own
	{"newuser", true, 0},       // likewise
	{"fork", true, 0},          // a process with a root of its own
	{"fork-share", true, 0},    // a process with descriptors of its own
	{"thread-files", true, 0},  // a thread with descriptors of its own
	{"thread-fs", true, 0},     // a thread with a root of its own
	{"in-flight", true, 0},     // a directory that is nobody's descriptor just then
	{"race-open", true, 20},    // a thread within open(2) when the root moves
	{"race-chdir", true, 20},   // a thread within chdir(2)
}

// escape runs the program that tries.
func escape(t *testing.T, how, program string, cfg tracer.Config) (*tracer.Result, string) {
	t.Helper()
	dir := testprog.Scratch(t)
	cfg.Path, cfg.Dir, cfg.Policy = testprog.Program(t, program), dir, parsed(t, anyCall)
	cfg.Args = args(how, filepath.Join(dir, "victim"), dir)
	return hold(t, cfg)
}

// TestLiveRootEscapes tries each way twice: without the wall it leads out.
func TestLiveRootEscapes(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	noStrays(t)
	for _, engine := range hookEngines {
		for _, program := range []string{"rootescape", "rootescape-static"} {
			for _, e := range rootEscapes {
				if e.early && program != "rootescape" {
					continue // nothing of a static program runs before its entry point
				}
				t.Run(fmt.Sprintf("%s/%s/%s", engine, program, e.name), func(t *testing.T) {
					r, out := escape(t, e.name, program, tracer.Config{Engine: engine, Root: tracer.EmptyRoot, Without: []tracer.Wall{tracer.WallRoot}})
					if out != "escaped\n" {
						t.Fatalf("without the wall: %s, %q: the test shows nothing", fate(r), out)
					}
					for range max(e.times, 1) {
						r, out = escape(t, e.name, program, tracer.Config{Engine: engine, Root: tracer.EmptyRoot, Require: []tracer.Wall{tracer.WallRoot}})
						violation := r.Outcome == tracer.PolicyViolation && strings.HasPrefix(r.Violation.String(), "root: ")
						// A race may be lost: then the root has moved like any other's.
						held := !e.early && r.Outcome == tracer.OK || e.times > 0 && !strings.Contains(out, "escaped")
						if strings.Contains(out, "escaped") || !violation && !held {
							t.Fatalf("%s %v, %q", fate(r), r.Violation, out)
						}
					}
				})
			}
		}
	}
}

// TestLiveSecondChroot: the oldest way out, mkdir and chroot without chdir, is
// seen to lead out of a chroot of root's, and needs a right that is not there.
func TestLiveSecondChroot(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	program := testprog.Program(t, "rootescape-static")
	dir, jail := testprog.Scratch(t), testprog.Scratch(t)
	copyExecutable(t, program, filepath.Join(jail, "program"))
	bare := exec.Command("/program", "chroot", filepath.Join(dir, "victim"), "/")
	bare.SysProcAttr = &syscall.SysProcAttr{Chroot: jail}
	bare.Dir = "/"
	if out, err := bare.CombinedOutput(); err != nil || string(out) != "escaped\n" {
		t.Fatalf("bare, in a chroot: %v, %q: the test shows nothing", err, out)
	}
	for _, engine := range hookEngines {
		for _, program := range []string{"rootescape", "rootescape-static"} {
			r, out := escape(t, "chroot", program, tracer.Config{Engine: engine, Root: tracer.EmptyRoot, Require: []tracer.Wall{tracer.WallRoot}})
			if r.Outcome != tracer.OK || out != "held EPERM\n" {
				t.Errorf("%s, %s: %s, %q", engine, program, fate(r), out)
			}
		}
	}
}

// rootOf tells a directory of a process from others.
func rootOf(pid int, name string) (dev, ino uint64, err error) {
	var st unix.Stat_t
	err = unix.Stat(fmt.Sprintf("/proc/%d/%s", pid, name), &st)
	return st.Dev, st.Ino, err
}

// TestLiveRootFromTheStart: a static program has the empty root at its first
// instruction, a dynamic one has it at its first call after the loader's.
func TestLiveRootFromTheStart(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	dev, ino, err := rootOf(os.Getpid(), "root")
	if err != nil {
		t.Fatal(err)
	}
	policy := parsed(t, anyCall+"  - {call: uname, action: trace}\n")
	for _, c := range []struct {
		program string
		moved   []bool // at the entry hook, and at the program's own call
	}{
		{"wallprobe", []bool{true, true}},
		{"rootuname", []bool{false, true}},
	} {
		t.Run(c.program, func(t *testing.T) {
			var moved []bool
			look := func(tr *tracer.Tracee) {
				own := 0
				for _, name := range []string{"root", "cwd"} {
					d, i, err := rootOf(tr.PID(), name)
					if err != nil {
						t.Error(err)
					}
					if (d != dev || i != ino) && name == "root" {
						own++
					}
					entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/%s", tr.PID(), name)) // a removed one cannot be listed
					if own > 0 && len(entries) > 0 {
						t.Errorf("%s holds %v", name, entries)
					}
					made := fmt.Sprintf("/proc/%d/%s/made", tr.PID(), name)
					if own > 0 && os.Mkdir(made, 0o755) == nil {
						t.Errorf("root can make a directory in %s", name)
						_ = os.Remove(made)
					}
				}
				moved = append(moved, own > 0)
			}
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer closeAll(t, null)
			r, out := hold(t, tracer.Config{
				Path: testprog.Program(t, c.program), Args: args("1", "2", "/etc/passwd", "x"), Policy: policy, Root: tracer.EmptyRoot,
				Stdin: null, Hooks: tracer.Hooks{Entry: look, Call: func(tr *tracer.Tracee, _ *tracer.CallStop) { look(tr) }},
			})
			if r.Outcome != tracer.OK || fmt.Sprint(moved) != fmt.Sprint(c.moved) {
				t.Errorf("%s, moved %v, want %v\n%s", fate(r), moved, c.moved, out)
			}
		})
	}
}

// TestLiveRootNeverEntered: who never comes to the entry point, by his own
// interpreter or because he took the breakpoint away, stays in the loader
// stage with the root that a loader needs. Landlock, from the launch on, is
// what holds him there.
func TestLiveRootNeverEntered(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Landlock, testutil.Root)
	dir := testprog.Scratch(t)
	secret := filepath.Join(dir, "victim")
	interpreter := filepath.Join(dir, "interpreter")
	copyExecutable(t, testprog.Program(t, "interpreter"), interpreter)
	const granted = "name: closed\ndefault: allow\nread: [/lib, /usr/lib, /etc/ld.so.cache?]\nexec: [/lib64/ld-linux-x86-64.so.2?, %s]\n" +
		"syscalls:\n  - {call: clone3, action: errno(ENOSYS)}\n"
	policy := parsed(t, fmt.Sprintf(granted, interpreter))
	for name, c := range map[string]struct {
		path string
		args []string
	}{
		"interpreter": {interpreted(t, dir, interpreter), args(secret)},
		"breakpoint":  {testprog.Program(t, "rootescape"), args("breakpoint", secret, dir)},
	} {
		cfg := tracer.Config{Path: c.path, Args: c.args, Root: tracer.EmptyRoot, Policy: parsed(t, anyCall)}
		if r, out := hold(t, cfg); out != "escaped\n" {
			t.Logf("%s: held by the root alone: %s, %q: the head of this test is out of date", name, fate(r), out)
		}
		cfg.Policy = policy
		if r, out := hold(t, cfg); strings.Contains(out, "escaped") {
			t.Errorf("%s: %s, %q", name, fate(r), out)
		}
	}
}

// interpreted makes a program with an interpreter of its own.
func interpreted(t *testing.T, dir, interpreter string) string {
	t.Helper()
	image, err := os.ReadFile(testprog.Program(t, "interpreted"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(image, []byte("/put/the/interpreter/here/"))
	end := at + bytes.IndexByte(image[max(at, 0):], 0)
	if at < 0 || len(interpreter) > end-at {
		t.Fatalf("no room for %s", interpreter)
	}
	clear(image[at:end])
	copy(image[at:], interpreter)
	path := filepath.Join(dir, "interpreted")
	if err := os.WriteFile(path, image, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLiveRootPassed: an accomplice outside can pass a directory through a
// socket. The program's input is none, though the operator's is.
func TestLiveRootPassed(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp, testutil.Root)
	dir := testprog.Scratch(t)
	program, argv := testprog.Program(t, "rootescape-static"), args("stdin-passed", filepath.Join(dir, "victim"), dir)
	passed := func(run func(stdin *os.File) string) string {
		ours, its := sockets(t)
		slash, err := os.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer closeAll(t, ours, its, slash)
		if err := unix.Sendmsg(int(ours.Fd()), []byte("x"), unix.UnixRights(int(slash.Fd())), nil, 0); err != nil {
			t.Fatal(err)
		}
		return run(its)
	}
	bare := passed(func(stdin *os.File) string {
		cmd := exec.Command(program, argv[1:]...)
		cmd.Stdin = stdin
		out, _ := cmd.CombinedOutput() // what it prints is looked at
		return string(out)
	})
	if bare != "escaped\n" {
		t.Fatalf("bare: %q: the test shows nothing", bare)
	}
	for _, engine := range hookEngines {
		out := passed(func(stdin *os.File) string {
			_, out := hold(t, tracer.Config{Path: program, Args: argv, Stdin: stdin, Engine: engine, Root: tracer.EmptyRoot, Policy: parsed(t, anyCall)})
			return out
		})
		if out != "held ENOTSOCK\n" {
			t.Errorf("%s: %q", engine, out)
		}
	}
}
