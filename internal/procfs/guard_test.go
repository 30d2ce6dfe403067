package procfs

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestGuardParse(t *testing.T) {
	const text = "Name:\ta\\nUid:\\t0\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t42\nNgid:\t0\nPid:\t43\nPPid:\t7\nTracerPid:\t9\n" +
		"Uid:\t1000\t0\t4294967294\t5\nGid:\t1\t2\t3\t4\nThreads:\t6\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000080000\n"
	want := Guard{
		Name: `a\nUid:\t0`, State: 'S', TGID: 42, PPID: 7, Tracer: 9, Threads: 6,
		UID: [4]int{1000, 0, 4294967294, 5}, GID: [4]int{1, 2, 3, 4}, CapPermitted: 1<<41 - 1, CapEffective: 1 << 19,
	}
	var got Guard
	if told, ok := got.parse([]byte(text)); told || !ok {
		t.Errorf("told %v, ok %v", told, ok)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = Guard{}
	if told, ok := got.parse([]byte("Tgid:\t2\nKthread:\t1\n")); !told || !ok || !got.KernelThread {
		t.Errorf("a kernel thread: %+v", got)
	}
	for _, bad := range []string{"", ":", "Tgid:", "Tgid:\t-1\n", "Uid:\tx y\nCapPrm:\tzz\nState:\n", strings.Repeat("\n", 100)} {
		if _, ok := new(Guard).parse([]byte(bad)); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestLiveGuard(t *testing.T) {
	g, err := ReadGuard(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	uid := os.Getuid()
	if g.TGID != os.Getpid() || g.PPID != os.Getppid() || g.UID != [4]int{uid, uid, uid, uid} || g.KernelThread || g.Ended() || g.Threads < 2 {
		t.Errorf("%+v", g)
	}
	if _, err := ReadGuard(1 << 30); !errors.Is(err, unix.ESRCH) {
		t.Errorf("nobody: %v", err)
	}
}
