package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/jail"
)

// IDs is a range of user and group ids that sessions take theirs from.
type IDs struct {
	First, Count uint32
}

// DefaultIDs are far from people, services, the ranges of subuid(5) and those
// that systemd hands to containers (524288 to 1879048191).
var DefaultIDs = IDs{First: 0x70000000, Count: 1 << 22}

// Last is the highest id.
func (r IDs) Last() uint32 { return r.First + r.Count - 1 }

// Contains reports whether id is in the range.
func (r IDs) Contains(id uint32) bool { return id >= r.First && id-r.First < r.Count }

// check refuses ranges that no session may have ids of.
func (r IDs) check() error {
	switch {
	case r.Count == 0:
		return fmt.Errorf("user ids from %d: an empty range", r.First)
	case r.First < 1<<16:
		// What runs under an id of the range may be killed to vacate it.
		return fmt.Errorf("user ids from %d: those below 65536 belong to people and services", r.First)
	case uint64(r.First)+uint64(r.Count) > 1<<32-2: // -1 means none, -2 is an old nobody
		return fmt.Errorf("%d user ids from %d: there are not so many", r.Count, r.First)
	}
	return nil
}

// idsReason says why children cannot be given ids of their own, or "".
var idsReason = sync.OnceValue(func() string {
	if !capable(unix.CAP_SETUID) || !capable(unix.CAP_SETGID) {
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
		if !mapped(string(b), uint64(DefaultIDs.First), uint64(DefaultIDs.Last())) {
			return "the user namespace does not map the held ids"
		}
	}
	if b, err := os.ReadFile("/proc/self/setgroups"); err == nil && string(b) == "deny\n" {
		return "setgroups is denied in this user namespace"
	}
	return ""
})

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

// sharesID says why the program has no user id of its own alone, or "".
func (s *session) sharesID() string {
	switch {
	case slices.Contains(s.cfg.Without, WallUID):
		return "the uid wall is not wanted"
	case s.cfg.UID != 0:
		return "a fixed id may be others' too"
	}
	return idsReason()
}

// identify gives the child its ids, where the supervisor may.
func (s *session) identify(spec *jail.Spec) (release func(), err error) {
	none := func() {}
	if slices.Contains(s.cfg.Without, WallUID) {
		return none, nil
	}
	if why := idsReason(); why != "" {
		if s.cfg.UID != 0 || s.cfg.GID != 0 {
			return nil, &RequireError{[]string{fmt.Sprintf("%s (%s)", WallUID, why)}}
		}
		s.unavailable(string(WallUID), why)
		return none, nil
	}
	ids := s.cfg.IDs
	switch {
	case s.cfg.UID != 0 && !DefaultIDs.Contains(s.cfg.UID):
		s.takeIDs(spec, s.cfg.UID)
		return none, nil
	case s.cfg.UID != 0:
		// Another session's program must not get this one for company.
		ids = IDs{First: s.cfg.UID, Count: 1}
	case ids == (IDs{}):
		ids = DefaultIDs
	}
	if err := ids.check(); err != nil {
		return nil, err
	}
	id, err := takeID(ids)
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0 && s.cfg.UID == 0 {
		s.unavailable(string(WallUID), err.Error())
		return none, nil
	}
	if err != nil {
		return nil, err
	}
	s.takeIDs(spec, id)
	if err := s.vacate(id); err != nil {
		giveID(id)
		return nil, err
	}
	return func() { giveID(id) }, nil
}

func (s *session) takeIDs(spec *jail.Spec, id uint32) {
	spec.UID, spec.GID, s.uid = int(id), int(id), int(id)
	if s.cfg.GID != 0 {
		spec.GID = int(s.cfg.GID)
	}
}

// leavesProcesses reports whether the program may leave processes that only
// its user id finds, which is its own: it is not traced, and may fork.
func (s *session) leavesProcesses() bool {
	return s.cfg.Engine == Seccomp && !s.policy.threadsOnly && s.sharesID() == ""
}

// vacate ends what a supervisor that was killed left running under an id, and
// marks the id where this session's program could be left so.
func (s *session) vacate(id uint32) error {
	marked, err := marked(id)
	if err != nil {
		return err
	}
	if marked {
		if err := s.endUser(int(id)); err != nil {
			return err
		}
	}
	leaves := s.leavesProcesses()
	if marked || leaves {
		return mark(id, leaves)
	}
	return nil
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
// With an id of its own to itself, nobody else's processes are there.
func (s *session) endUser(uid int) error {
	const patience = time.Second
	for begun := time.Now(); ; {
		if err := s.worker.stub.KillUser(uid); err != nil {
			return err
		}
		if !userRuns(uid) {
			return nil
		}
		if time.Since(begun) > patience {
			return fmt.Errorf("processes of user %d do not die", uid)
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
