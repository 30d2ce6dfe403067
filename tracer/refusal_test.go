package tracer

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// TestReason covers what this machine may not have: Yama, above all.
func TestReason(t *testing.T) {
	user := func(uid int) *procfs.Guard {
		return &procfs.Guard{State: 'S', Threads: 1, PPID: 7, UID: [4]int{uid, uid, uid, uid}, GID: [4]int{uid, uid, uid, uid}}
	}
	root := user(0)
	root.CapEffective, root.CapPermitted = 1<<41-1, 1<<41-1
	setuid := user(1000)
	setuid.UID = [4]int{1000, 0, 0, 0}
	zombie := user(1000)
	zombie.State = 'Z'
	kernel := user(0)
	kernel.KernelThread = true
	capable := user(1000)
	capable.CapPermitted = 1<<unix.CAP_NET_ADMIN | 1<<50
	for name, c := range map[string]struct {
		f    facts
		want string
	}{
		"nothing":          {facts{self: user(1000), target: user(1000), dumpable: true}, ""},
		"root":             {facts{self: root, target: capable, yama: "1"}, ""},
		"Yama 0":           {facts{self: user(1000), target: user(1000), dumpable: true, yama: "0"}, ""},
		"Yama 1":           {facts{self: user(1000), target: user(1000), dumpable: true, yama: "1"}, "Yama's ptrace_scope is 1: without CAP_SYS_PTRACE only descendants may be traced"},
		"Yama 1, a child":  {facts{self: user(1000), target: user(1000), dumpable: true, yama: "1", descendant: true}, ""},
		"Yama 2":           {facts{self: user(1000), target: user(1000), dumpable: true, yama: "2", descendant: true}, "Yama's ptrace_scope is 2: tracing needs CAP_SYS_PTRACE"},
		"Yama 2, root":     {facts{self: root, target: user(1000), yama: "2"}, ""},
		"Yama 3, root":     {facts{self: root, target: user(1000), yama: "3"}, "Yama's ptrace_scope is 3: nobody may trace until the next boot"},
		"set-user-id":      {facts{self: user(1000), target: setuid}, "it belongs to user 1000 (effective 0, saved 0), and this program runs as user 1000 without CAP_SYS_PTRACE"},
		"another's":        {facts{self: user(1000), target: user(1001), yama: "1"}, "it belongs to user 1001, and this program runs as user 1000 without CAP_SYS_PTRACE"},
		"zombie":           {facts{self: root, target: zombie}, "it is a zombie: it has ended, and its parent 7 has not waited for it"},
		"kernel thread":    {facts{self: root, target: kernel}, "it is a kernel thread"},
		"traced":           {facts{self: root, target: user(1000), attach: true, tracer: "process 9 (gdb)"}, "it is traced already, by process 9 (gdb)"},
		"traced, and read": {facts{self: root, target: user(1000), tracer: "process 9 (gdb)"}, ""},
		"filter":           {facts{self: root, target: user(1000), filtered: true}, "a seccomp filter keeps this program from ptrace; in a container, its runtime must allow it"},
		"capabilities":     {facts{self: user(1000), target: capable, dumpable: true}, "it has capabilities that this program has not: CAP_NET_ADMIN, 0x32"},
		"namespace":        {facts{self: root, target: user(1000), foreign: true}, "it is in another user namespace, in which this program has no CAP_SYS_PTRACE"},
	} {
		if got := c.f.reason(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAccessError(t *testing.T) {
	for want, e := range map[string]*AccessError{
		"process 5: no such process":                {PID: 5, Err: unix.ESRCH},
		"process 5 (a b): not permitted: x":         {5, "a b", "not permitted: x", unix.EPERM},
		`process 5 ("a\x1b[31m"): not permitted: x`: {5, "a\x1b[31m", "not permitted: x", unix.EPERM},
	} {
		if e.Error() != want || !errors.Is(e, e.Err) {
			t.Errorf("%q, want %q", e.Error(), want)
		}
	}
	if !errors.Is(&AccessError{Err: unix.EPERM}, fs.ErrPermission) {
		t.Error("not a permission")
	}
	if err := Explain(1, errors.ErrUnsupported); err != errors.ErrUnsupported {
		t.Errorf("another error becomes %v", err)
	}
	if err := Explain(1<<30, unix.ESRCH); err.Error() != "process 1073741824: no such process" {
		t.Errorf("%v", err)
	}
}
