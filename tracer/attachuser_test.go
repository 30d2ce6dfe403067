package tracer_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
)

func init() { roles["undumpable"] = beUndumpable }

// beUndumpable is a process that asked not to be dumpable, until its input
// ends.
func beUndumpable() int {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return 0
}

// TestLiveAttachAsUser: a user without rights attaches to his own processes,
// and is told what keeps him from others.
func TestLiveAttachAsUser(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Root)
	as := func(uid, gid uint32, caps ...uintptr) *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}, AmbientCaps: caps}
	}
	program := func(attr *syscall.SysProcAttr) int {
		cmd := exec.Command(testprog.Program(t, "sigcount"))
		cmd.SysProcAttr, cmd.Dir = attr, "/"
		return started(t, cmd).pid
	}
	namespace := func() *syscall.SysProcAttr {
		testutil.Require(t, testutil.UserNS)
		return &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER,
			Credential:  &syscall.Credential{Uid: 0, Gid: 0},
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: plainUser, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: plainUser, Size: 1}},
		}
	}
	const without = "and this program runs as user 65534 without CAP_SYS_PTRACE"
	for name, c := range map[string]struct {
		caller *syscall.SysProcAttr
		target func() int
		want   string
	}{
		"his own":   {as(plainUser, plainUser), func() int { return program(as(plainUser, plainUser)) }, "attached"},
		"root's":    {as(plainUser, plainUser), func() int { return program(nil) }, "it belongs to user 0, " + without},
		"another's": {as(plainUser, plainUser), func() int { return program(as(4242, plainUser)) }, "it belongs to user 4242, " + without},
		"another group's": {
			as(plainUser, plainUser), func() int { return program(as(plainUser, 4242)) },
			"it belongs to group 4242, and this program runs as group 65534 without CAP_SYS_PTRACE",
		},
		"not dumpable": {
			as(plainUser, plainUser), func() int { return another(t, "undumpable", as(plainUser, plainUser)).pid },
			"not permitted: it is not dumpable (",
		},
		"with capabilities": {
			as(plainUser, plainUser), func() int { return program(as(plainUser, plainUser, unix.CAP_NET_RAW, unix.CAP_SYS_TIME)) },
			"it has capabilities that this program has not: CAP_NET_RAW, CAP_SYS_TIME",
		},
		"with the same capability": {
			as(plainUser, plainUser, unix.CAP_NET_RAW), func() int { return program(as(plainUser, plainUser, unix.CAP_NET_RAW)) },
			"attached",
		},
		"root's, with CAP_SYS_PTRACE": {as(plainUser, plainUser, unix.CAP_SYS_PTRACE), func() int { return program(nil) }, "attached"},
		"outside of the user namespace": {
			namespace(), func() int { return program(as(plainUser, plainUser)) },
			"it is in another user namespace, in which this program has no CAP_SYS_PTRACE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pid := c.target()
			got := strings.Join(attacher(t, pid, c.caller).first, " ")
			refused := fmt.Sprintf("process %d (", pid)
			if !strings.Contains(got, c.want) || c.want != "attached" && !strings.HasPrefix(got, refused) {
				t.Errorf("%s; want %s", got, c.want)
			}
		})
	}
}
