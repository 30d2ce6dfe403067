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

// What a supervisor leaves when it is killed goes with it, or with the next:
// what it traced dies by EXITKILL, what it did not by its death signal, mounts
// go with their namespace and locks with their open file. For the rest the
// first session of every process looks, once.
var leftOnce sync.Once

// sweepLeft begins, while the program runs, to remove what supervisors left in
// the file system. It gives the ids under which processes may be left, which
// now are the caller's, or nothing if others have looked before.
func (s *session) sweepLeft() (abandoned <-chan uint32) {
	leftOnce.Do(func() {
		own := s.cfg.IDs
		ids := make(chan uint32, idEntries)
		abandoned = ids
		go func() {
			defer close(ids)
			for _, id := range takeAbandoned(func(id uint32) bool { return DefaultIDs.Contains(id) || own.Contains(id) }) {
				ids <- id
			}
			sweepRoots()
			if cgroup.Stale() {
				sweepOnce()
			}
		}()
	})
	return abandoned
}

// endAbandoned waits for the end of a sweep, and ends what was left running:
// of a program that nothing traces, the processes that it made. Nobody else's
// have an id whose lock was to be had. What fails here the next process tries.
func (s *session) endAbandoned(abandoned <-chan uint32) {
	if abandoned == nil {
		return
	}
	for id := range abandoned {
		left, err := marked(id)
		if err == nil && left && s.worker.stub != nil && idsReason() == "" {
			left, err = false, s.endUser(int(id))
		}
		if err == nil && !left {
			_ = mark(id, false)
		}
		giveID(id)
	}
}

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
