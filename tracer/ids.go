package tracer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/jail"
)

// The held user ids: one per running session, far from people, services and
// the ranges of subuid(5). An id is made of this process's id and a slot, so
// that no two sessions that run at one time on one machine share one.
const (
	idBase   = 0x40000000
	idSlots  = 512
	pidMask  = 1<<22 - 1 // PID_MAX_LIMIT
	idShares = 9         // bits of a slot
)

var slots struct {
	sync.Mutex
	used [idSlots]bool
}

func takeSlot() (int, error) {
	slots.Lock()
	defer slots.Unlock()
	for i := range slots.used {
		if !slots.used[i] {
			slots.used[i] = true
			return i, nil
		}
	}
	return 0, fmt.Errorf("all %d held user ids of this process are in use", idSlots)
}

// canSetIDs reports whether children can be given ids of their own.
var canSetIDs = sync.OnceValue(func() bool {
	return idsReason() == ""
})

// idsReason says why they cannot, or "".
func idsReason() string {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return "capget: " + err.Error()
	}
	const need = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	if data[0].Effective&need != need {
		return "needs CAP_SETUID and CAP_SETGID"
	}
	if initialUserNamespace() {
		return ""
	}
	for _, f := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		b, err := os.ReadFile(f)
		if err != nil {
			return err.Error()
		}
		if !mapped(string(b), idBase, idBase+(pidMask<<idShares|(idSlots-1))) {
			return "the user namespace does not map the held ids"
		}
	}
	if b, err := os.ReadFile("/proc/self/setgroups"); err == nil && string(b) == "deny\n" {
		return "setgroups is denied in this user namespace"
	}
	return ""
}

// initialUserNamespace reports whether this is the user namespace that the
// kernel booted with, which maps every id (PROC_USER_INIT_INO, a constant of
// include/linux/proc_ns.h). It saves reading the maps.
func initialUserNamespace() bool {
	var st unix.Stat_t
	return unix.Stat("/proc/self/ns/user", &st) == nil && st.Ino == 0xeffffffd
}

// mapped reports whether one row of a uid_map or gid_map (inside, outside,
// count) covers first to last.
func mapped(m string, first, last uint64) bool {
	for line := range strings.Lines(m) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		inside, err1 := strconv.ParseUint(f[0], 10, 64)
		count, err2 := strconv.ParseUint(f[2], 10, 64)
		if err1 == nil && err2 == nil && inside <= first && last < inside+count {
			return true
		}
	}
	return false
}

// identify gives the child its ids, where the supervisor may.
func (s *session) identify(spec *jail.Spec) (release func(), err error) {
	if !canSetIDs() {
		s.unavailable("own uid", idsReason())
		return func() {}, nil
	}
	slot, err := takeSlot()
	if err != nil {
		return nil, err
	}
	id := idBase + (os.Getpid()&pidMask)<<idShares + slot
	spec.UID, spec.GID, s.uid = id, id, id
	return func() {
		slots.Lock()
		slots.used[slot] = false
		slots.Unlock()
	}, nil
}

// countTasks counts the threads of a real user id, for RLIMIT_NPROC.
func countTasks(uid int) int64 {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	var n int64
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		var st unix.Stat_t
		if unix.Stat("/proc/"+e.Name(), &st) != nil || int(st.Uid) != uid {
			continue
		}
		if ids, err := procfs.ThreadIDs(pid); err == nil {
			n += int64(len(ids))
		}
	}
	return n
}

// endUser kills what an untraced program left running and waits until it is
// dead: kill(2) returns before that. What is dead and not yet reaped is init's.
func (s *session) endUser() error {
	const patience = time.Second
	for begun := time.Now(); ; {
		if err := s.worker.stub.KillUser(s.uid); err != nil {
			return err
		}
		if !userRuns(s.uid) {
			return nil
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("processes of user %d do not die", s.uid)
		}
		<-time.After(time.Millisecond)
	}
}

// userRuns reports whether a process of a held user is alive.
func userRuns(uid int) bool {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		var owner unix.Stat_t
		if unix.Stat("/proc/"+e.Name(), &owner) != nil || int(owner.Uid) != uid {
			continue
		}
		var st procfs.Stat
		if procfs.ReadStat(pid, &st) == nil && st.State != 'Z' && st.State != 'X' {
			return true
		}
	}
	return false
}
