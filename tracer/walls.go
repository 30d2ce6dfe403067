package tracer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/jail/cgroup"
	"warder/rules"
)

// Wall is one independent confinement of a held program. All that the machine
// and the caller's rights offer are put up unless Config.Without names them.
type Wall string

// The walls. What each holds back is in docs/walls.md and docs/walls-alone.md.
const (
	WallUID       Wall = "uid"          // a user and group id of the session's own
	WallCaps      Wall = "capabilities" // all sets empty, securebits locked
	WallNoNewPriv Wall = "no-new-privs" // no set-user-ID, no file capabilities
	WallSeccomp   Wall = "seccomp"      // the filter, or mode 1
	WallTracer    Wall = "ptrace"       // a supervisor at every stop
	WallRlimits   Wall = "rlimits"
	WallLandlock  Wall = "landlock"
	WallRoot      Wall = "root"    // an empty root directory from the entry point on, or one with what the policy grants
	WallMountNS   Wall = "mountns" // what the latter takes
	WallUserNS    Wall = "userns"  // an ordinary user's way to the next ones
	WallNetNS     Wall = "netns"   // no network but a dead loopback
	WallIPCNS     Wall = "ipcns"   // no System V or POSIX message queues, semaphores, shared memory of others
	WallUTSNS     Wall = "utsns"   // not the machine's name
	WallCgroupNS  Wall = "cgroupns"
	WallPIDNS     Wall = "pidns"   // other processes have no ids; only where Config.Require names it
	WallKeyring   Wall = "keyring" // a session keyring of its own
	WallCgroup    Wall = "cgroup"  // the memory of all processes charged by the kernel
)

// Walls lists all.
func Walls() []Wall {
	return []Wall{
		WallUID, WallCaps, WallNoNewPriv, WallSeccomp, WallTracer, WallRlimits, WallLandlock,
		WallRoot, WallUserNS, WallMountNS, WallNetNS, WallIPCNS, WallUTSNS, WallCgroupNS, WallPIDNS,
		WallKeyring, WallCgroup,
	}
}

// optional are those that Config.Without may name; the others are what a held
// program is.
var optional = []Wall{WallUID, WallLandlock, WallRoot, WallUserNS, WallMountNS, WallNetNS, WallIPCNS, WallUTSNS, WallCgroupNS, WallPIDNS, WallKeyring, WallCgroup}

// ParseWall reads a wall's name.
func ParseWall(name string) (Wall, error) {
	if all := Walls(); slices.Contains(all, Wall(name)) {
		return Wall(name), nil
	}
	var names []string
	for _, w := range Walls() {
		names = append(names, string(w))
	}
	return "", fmt.Errorf("no wall %q: there are %s", name, strings.Join(names, ", "))
}

// Optional reports whether Config.Without may name w.
func (w Wall) Optional() bool { return slices.Contains(optional, w) }

// RequireError says that walls that the caller requires could not be put up.
type RequireError struct {
	Missing []string // each with the reason
}

func (e *RequireError) Error() string { return "required: " + strings.Join(e.Missing, "; ") }

// spaces are the walls that are namespaces, in the order in which a stub makes
// them.
var spaces = []struct {
	wall Wall
	ns   jail.Namespace
}{
	{WallKeyring, jail.Keyring},
	{WallUserNS, jail.UserNS},
	{WallNetNS, jail.NetNS},
	{WallIPCNS, jail.IPCNS},
	{WallUTSNS, jail.UTSNS},
	{WallCgroupNS, jail.CgroupNS},
	{WallPIDNS, jail.PIDNS},
}

// refused are the walls that the kernel was asked for and did not give to this
// process: asking again costs a stub. A kernel that does not know or permit it
// will not do so later; one that was short of something may.
var refused struct {
	sync.Mutex
	last map[Wall]refusalOf
}

type refusalOf struct {
	why   string
	until time.Time // zero: for good
}

const shortage = time.Second

func refusal(w Wall) (string, bool) {
	refused.Lock()
	defer refused.Unlock()
	r, ok := refused.last[w]
	if ok && !r.until.IsZero() && time.Now().After(r.until) {
		return "", false
	}
	return r.why, ok
}

func refuse(w Wall, err error) {
	refused.Lock()
	defer refused.Unlock()
	if refused.last == nil {
		refused.last = make(map[Wall]refusalOf)
	}
	r := refusalOf{why: err.Error(), until: time.Now().Add(shortage)}
	for _, lasting := range [...]error{unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EINVAL, unix.EOPNOTSUPP, cgroup.ErrNotSupported} {
		if errors.Is(err, lasting) {
			r.until = time.Time{}
		}
	}
	refused.last[w] = r
}

// ownCaps are the effective capabilities of this process.
var ownCaps = sync.OnceValue(func() uint64 {
	caps, err := jail.EffectiveCaps()
	if err != nil {
		return 0 // as good as none: the walls that take them say so
	}
	return caps
})

func capable(c int) bool { return ownCaps()&(1<<c) != 0 }

// stubKey says what a stub is for; stubs of one key serve each other's sessions.
type stubKey struct {
	prepared *Prepared
	target   rules.Target
	script   string // whose file is in the view, or ""
	walls    string // those of the stub's own
}

// plan decides which walls the stub puts up for its children.
func (s *session) plan() (stubKey, *jail.StubSpec) {
	spec := &jail.StubSpec{Filter: s.stubFilter(), Limits: fixedLimits, Detach: s.cfg.Engine == Seccomp || s.notified, Notify: s.notified}
	s.walls, s.result.Unavailable = s.walls[:0], nil
	user := false // in a user namespace of its own
	for _, sp := range spaces {
		if !s.wanted(sp.wall) {
			continue
		}
		switch {
		case sp.wall == WallUserNS && capable(unix.CAP_SYS_ADMIN):
			continue // not needed
		case sp.wall == WallUserNS && s.sharesID() == "":
			s.unavailable(string(sp.wall), "not together with user ids, which it would not map")
			continue
		case sp.wall == WallUserNS:
			user = true
		case sp.wall == WallKeyring: // takes no right
		case sp.wall == WallNetNS && s.policy.reaches:
			s.unavailable(string(sp.wall), "the policy lets the program reach the host's network or abstract sockets")
			continue
		case !user && !capable(unix.CAP_SYS_ADMIN):
			s.unavailable(string(sp.wall), "needs CAP_SYS_ADMIN or a user namespace")
			continue
		}
		spec.Namespaces = append(spec.Namespaces, sp.ns)
		s.walls = append(s.walls, sp.wall)
	}
	s.planRoot(spec, user)
	if s.planGroup() {
		s.walls = append(s.walls, WallCgroup)
	}
	var names []string
	for _, w := range s.walls {
		names = append(names, string(w))
	}
	key := stubKey{prepared: s.policy, target: s.target, walls: strings.Join(names, " ")}
	if spec.View != nil && s.prog.script != nil {
		key.script = s.prog.script.name
	}
	return key, spec
}

// planRoot decides which root the program will have, and says what is missing
// of it. A root with what the policy grants in it takes a mount namespace; for
// every other there is no use for one, and no word of it.
func (s *session) planRoot(spec *jail.StubSpec, user bool) {
	granted := s.cfg.Root == "" && (s.policy.files || s.prog.script != nil)
	if s.wanted(WallRoot) {
		if why := s.chooseRoot(spec, user, granted); why != "" {
			s.unavailable(string(WallRoot), why)
		}
	}
	if granted && spec.View == nil && !slices.Contains(s.cfg.Without, WallMountNS) && s.reason(WallMountNS) == "" {
		s.unavailable(string(WallMountNS), "not without the root wall")
	}
}

// chooseRoot notes the walls of a root directory, or says why there is none.
func (s *session) chooseRoot(spec *jail.StubSpec, user, granted bool) (why string) {
	switch {
	case !user && !capable(unix.CAP_SYS_CHROOT):
		return "needs CAP_SYS_CHROOT or a user namespace"
	case granted:
		if spec.View, why = s.planView(user); why == "" {
			s.walls = append(s.walls, WallRoot, WallMountNS)
		}
		return why
	case s.newRoot < 0 && s.cfg.Engine == Seccomp && !s.static():
		return "the seccomp engine makes no stop at the entry point of a program with a loader"
	}
	spec.Root = true
	s.walls = append(s.walls, WallRoot)
	return ""
}

// planView is the root for a policy that lets files be opened, or why there is
// none.
func (s *session) planView(user bool) (v *jail.View, why string) {
	const files = "the policy lets the program open or execute files"
	switch {
	case s.policy.Policy.AnyPath:
		const any = files + ", and does not say which"
		s.unavailable(string(WallMountNS), any)
		return nil, any
	case !s.wanted(WallMountNS):
		return nil, files
	case !user && !capable(unix.CAP_SYS_ADMIN):
		s.unavailable(string(WallMountNS), "needs CAP_SYS_ADMIN or a user namespace")
		return nil, files
	}
	v, err := s.view()
	if err != nil {
		s.unavailable(string(WallMountNS), err.Error())
		return nil, files
	}
	return v, ""
}

// wanted reports whether the caller has not done without a wall, and notes the
// wall where the kernel did not give it before.
func (s *session) wanted(w Wall) bool {
	if slices.Contains(s.cfg.Without, w) || w == WallPIDNS && !slices.Contains(s.cfg.Require, w) {
		return false
	}
	if s.cfg.Once && !s.useful(w) && !slices.Contains(s.cfg.Require, w) {
		return false
	}
	if why, ok := refusal(w); ok {
		s.unavailable(string(w), why)
		return false
	}
	return true
}

// useful reports whether the policy lets a call run that a namespace is a wall
// for. Where a stub serves one session only it is made where it is useful: a
// network namespace takes the kernel longer than all the rest of a launch.
func (s *session) useful(w Wall) bool {
	switch w {
	case WallNetNS:
		return s.policy.network
	case WallIPCNS:
		return s.policy.ipc
	case WallKeyring:
		return s.policy.keys
	case WallCgroupNS:
		return s.policy.files // of /proc
	}
	return true
}

// static reports whether the program needs no other file to begin.
func (s *session) static() bool { return !s.prog.dynamic }

// withdraw notes the wall whose making failed, so that the next try does
// without; false if err is about none.
func withdraw(err error) bool {
	var group *groupError
	if errors.As(err, &group) {
		refuse(WallCgroup, group)
		return true
	}
	var setup *jail.SetupError
	if !errors.As(err, &setup) {
		return false
	}
	for _, sp := range spaces {
		if setup.Step == sp.ns.Step() {
			refuse(sp.wall, setup)
			return true
		}
	}
	switch {
	case strings.HasPrefix(setup.Step, jail.ViewStep):
		refuse(WallMountNS, setup)
		return true
	case strings.HasPrefix(setup.Step, "write "): // the maps of a user namespace
		refuse(WallUserNS, setup)
		return true
	case strings.HasPrefix(setup.Step, "chroot"):
		refuse(WallRoot, setup)
		return true
	}
	return false
}

// standing are the walls of a session that has been launched.
func (s *session) standing(spec *jail.Spec) {
	s.result.Walls = nil
	add := func(w Wall, up bool) {
		if up {
			s.walls = append(s.walls, w)
		}
	}
	add(WallUID, spec.UID >= 0)
	add(WallCaps, true)
	add(WallNoNewPriv, true)
	add(WallSeccomp, s.cfg.Engine != Ptrace)
	add(WallTracer, s.cfg.Engine != Seccomp && !s.notified)
	add(WallRlimits, true)
	add(WallLandlock, spec.Ruleset >= 0)
	for _, w := range Walls() {
		if slices.Contains(s.walls, w) {
			s.result.Walls = append(s.result.Walls, w)
		}
	}
}

// required holds the launch against Config.Require.
func (s *session) required() error {
	var missing []string
	for _, w := range s.cfg.Require {
		if slices.Contains(s.result.Walls, w) {
			continue
		}
		missing = append(missing, fmt.Sprintf("%s (%s)", w, s.whyNot(w)))
	}
	if len(missing) == 0 {
		return nil
	}
	return &RequireError{missing}
}

// whyNot is the reason that a wall that is required does not stand for: what
// is missing or, of a wall that this session has no use for, that.
func (s *session) whyNot(w Wall) string {
	why := s.reason(w)
	engine := s.cfg.Engine.String()
	switch {
	case why != "":
		return why
	case slices.Contains(s.cfg.Without, w):
		return "and to be done without"
	case w == WallMountNS && s.cfg.Root != "":
		return "only for a root of what the policy grants, and another is asked for"
	case w == WallMountNS:
		return "the policy grants the program no file to open"
	case w == WallUserNS:
		return "not needed: the other namespaces are to be had without"
	case w == WallSeccomp:
		return "the " + engine + " engine has no filter"
	case w == WallTracer:
		return "the " + engine + " engine has no tracer"
	case w == WallLandlock:
		return "under the " + engine + " engine nothing can be opened"
	}
	return "not part of this session"
}

// reason is what was noted of a wall, or "".
func (s *session) reason(w Wall) string {
	for _, u := range s.result.Unavailable {
		if why, ok := strings.CutPrefix(u, string(w)+": "); ok {
			return why
		}
	}
	return ""
}
