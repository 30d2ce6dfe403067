// Package testutil says what a live test needs, and checks that it left nothing behind.
//
// A need is probed by doing the thing, never by reading a version. Where it is
// missing a test skips with the reason; but where CI is set and the need is
// promised there, it fails: a skip that nobody reads is how a suite goes dark.
package testutil

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Need is something that the machine must grant a test.
type Need string

// The needs of the project's own tests, and, last, those of single attacks.
const (
	Ptrace   Need = "ptrace"   // trace a child
	Root     Need = "root"     // be root, with the right to become another user
	UserNS   Need = "userns"   // make a user namespace
	Landlock Need = "landlock" // make a Landlock ruleset
	I386     Need = "i386"     // run i386 programs and calls
	Seccomp  Need = "seccomp"  // install a filter
	Cgroup   Need = "cgroup"   // make a version 2 control group

	CgroupMemory Need = "cgroup-memory" // limit memory by a control group, of either version
	CgroupPids   Need = "cgroup-pids"   // limit tasks by one
	CgroupCPU    Need = "cgroup-cpu"    // limit CPU time by one

	GDB      Need = "gdb"      // run gdb and its gcore
	ElfUtils Need = "elfutils" // run eu-readelf
	Strace   Need = "strace"   // run strace
	Chromium Need = "chromium" // open a page in a browser without a screen
	LLDB     Need = "lldb"     // run lldb
	Delve    Need = "delve"    // build and run dlv, which internal/tools pins

	IOUring  Need = "io_uring" // make a ring
	Kcmp     Need = "kcmp"     // compare two processes
	Keys     Need = "keys"     // use kernel keyrings
	MQueue   Need = "mqueue"   // use POSIX message queues
	Rseq     Need = "rseq"     // restartable sequences
	Terminal Need = "tiocsti"  // make a pseudo-terminal
	VSock    Need = "vsock"    // make a socket to the hypervisor
	VSyscall Need = "vsyscall" // call into the vsyscall page
	Xattr    Need = "xattr"    // store user attributes in the temporary directory
)

// defaultPromise is what a CI machine grants unless WARDER_PROMISED says otherwise.
const defaultPromise = "ptrace,root,seccomp,landlock,i386,gdb,elfutils,strace,chromium,lldb,delve"

var (
	answersMu sync.Mutex
	answers   = map[Need]error{}
)

// Missing probes a need, once in a process, and returns nil where it is granted.
func Missing(need Need) error {
	answersMu.Lock()
	defer answersMu.Unlock()
	err, known := answers[need]
	if !known {
		err = probe(need)
		answers[need] = err
	}
	return err
}

// Require skips the test where one of the needs is missing, and fails it
// where CI is set and the need was promised.
func Require(t testing.TB, needs ...Need) {
	t.Helper()
	for _, need := range needs {
		err := Missing(need)
		switch {
		case err == nil:
		case Promised(need):
			t.Fatalf("%s is promised here and missing: %v", need, err)
		default:
			t.Skipf("needs %s: %v", need, err)
		}
	}
}

// CI reports whether the tests run on a machine that makes promises.
func CI() bool {
	switch strings.ToLower(os.Getenv("CI")) {
	case "", "0", "false":
		return false
	}
	return true
}

// Promised reports whether a CI machine has to grant the need. WARDER_PROMISED
// holds the promised needs, separated by commas; set and empty, none is.
func Promised(need Need) bool {
	if !CI() {
		return false
	}
	list, set := os.LookupEnv("WARDER_PROMISED")
	if !set {
		list = defaultPromise
	}
	return slices.ContainsFunc(strings.Split(list, ","), func(s string) bool {
		return strings.TrimSpace(s) == string(need)
	})
}

// Known reports whether the name is that of a need.
func Known(need Need) bool {
	_, known := probes[need]
	return known
}
