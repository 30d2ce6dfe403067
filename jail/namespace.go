package jail

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Namespace is a kind of namespace (namespaces(7)).
type Namespace struct {
	Name string // as /proc/PID/ns has it
	flag uint64 // of unshare(2)
}

// The namespaces that a stub can have for itself.
var (
	// UserNS gives an ordinary user the rights that the others take, inside
	// it. It must come first.
	UserNS   = Namespace{"user", unix.CLONE_NEWUSER}
	NetNS    = Namespace{"net", unix.CLONE_NEWNET}
	IPCNS    = Namespace{"ipc", unix.CLONE_NEWIPC}
	UTSNS    = Namespace{"uts", unix.CLONE_NEWUTS}
	CgroupNS = Namespace{"cgroup", unix.CLONE_NEWCGROUP}
	// PIDNS shows the children each other and nothing else. Its first process,
	// whose death would be theirs, is one that the stub makes and that never
	// runs: the children are none of them process 1, which signals do not end.
	PIDNS = Namespace{"pid", unix.CLONE_NEWPID}
	// Keyring is a session keyring of the stub's own (session-keyring(7)), and
	// is made in the same place: else the supervisor's is inherited, with the
	// right to its keys.
	Keyring = Namespace{Name: "keyring"}
)

// Step is the name of the set-up step that makes the namespace, as a
// SetupError has it.
func (n Namespace) Step() string {
	if n == Keyring {
		return "keyctl (session keyring)"
	}
	return "unshare (" + n.Name + " namespace)"
}

// isolate puts the calls for new namespaces into the table.
func (s *Stub) isolate(t *table, list []Namespace) {
	for _, n := range list {
		if n == Keyring {
			t.call(n.Step(), unix.SYS_KEYCTL, unix.KEYCTL_JOIN_SESSION_KEYRING, 0)
			continue
		}
		t.call(n.Step(), unix.SYS_UNSHARE, n.flag)
		switch n.flag {
		case unix.CLONE_NEWUSER:
			t.mapSelf()
			s.caps = ^uint64(0) // all, there
		case unix.CLONE_NEWUTS:
			name := t.put([]byte("held"))
			t.call("sethostname", unix.SYS_SETHOSTNAME, name, 4)
			t.call("setdomainname", unix.SYS_SETDOMAINNAME, name, 0)
		}
	}
}

// mapSelf gives the stub its own ids in its new user namespace: without a
// mapping it would be nobody, and could change to no id at all.
func (t *table) mapSelf() {
	write := func(file, text string) {
		path := t.put([]byte("/proc/self/" + file + "\x00"))
		at := t.put([]byte(text))
		step := "write " + file
		// The lowest free descriptor, which all that are passed lie above.
		t.call(step+" (open)", unix.SYS_OPENAT, cwd, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		t.call(step, unix.SYS_WRITE, firstPassed, at, uint64(len(text)))
		t.call(step+" (close)", unix.SYS_CLOSE, firstPassed)
	}
	write("setgroups", "deny")
	write("uid_map", fmt.Sprintf("%d %[1]d 1", os.Geteuid()))
	write("gid_map", fmt.Sprintf("%d %[1]d 1", os.Getegid()))
}
