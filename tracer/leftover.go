package tracer

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"warder/jail/cgroup"
)

// sweepLeft removes, at the end of this process's first session, what a
// supervisor that was killed left in the file system. Everything else goes with
// it: what it traced by EXITKILL, the rest of its children by their death
// signal, mounts by their namespace, locks by their open file.
var sweepLeft = sync.OnceFunc(func() {
	sweepRoots()
	if cgroup.Stale() {
		sweepOnce()
	}
})

// sweepRoots removes the directories that were made for an empty root
// (jail/root.go) and not yet removed: a window of some 10 us. A supervisor that
// is in it just now finds its directory gone, and makes one elsewhere.
func sweepRoots() {
	for _, base := range [...]string{"/dev/shm", "/run", os.TempDir()} {
		if unix.Access(base, unix.W_OK) != nil {
			continue
		}
		entries, _ := os.ReadDir(base) // what was read of it is looked at
		for _, e := range entries {
			var st unix.Stat_t
			name := filepath.Join(base, e.Name())
			if strings.HasPrefix(e.Name(), "warder-root-") && e.Type() == fs.ModeDir &&
				unix.Lstat(name, &st) == nil && int(st.Uid) == os.Geteuid() {
				_ = unix.Rmdir(name) // not if there is something in it: then it is none of ours
			}
		}
		return // where it can be made here it is not made in the next
	}
}
