package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNotSupported says that this process cannot have groups, or not that
// limit; the text around it says why.
var ErrNotSupported = errors.New("not supported here")

// Group is a control group. Its methods may be called from any goroutine.
type Group struct {
	name string

	// life is held for reading by whoever uses the directories.
	life sync.RWMutex
	dirs []*directory // none after Close

	struck atomic.Bool // cgroup.kill was written

	setting sync.Mutex // orders writes of limits
	last    Limits     // what Limit has set, which Kill lifts for a while

	counting sync.Mutex // guards what follows
	base     counters   // at the last Reset
	peak     int        // memory.peak, opened for its own reset, or -1
	peakOld  bool       // the peak could not be made to begin anew
}

// New makes an empty group without limits. Nobody but Sweep may take it away
// before Close, and Sweep only once this process has ended. The error is
// ErrNotSupported where this process can have no groups.
func New() (*Group, error) {
	m := mine()
	return m.create()
}

// create makes a group as Probe found that it can be made.
func (f *found) create() (*Group, error) {
	if len(f.places) > 0 {
		return create(f.places)
	}
	reason := f.support.Memory.Reason
	if other := f.support.Usage.Reason; other != reason {
		reason += "; " + other
	}
	return nil, fmt.Errorf("cgroup: new: %w: %s", ErrNotSupported, reason)
}

// create makes a group in the places. A sweeper may come between the making
// of a directory and its lock; the group is then made again.
func create(places []place) (*Group, error) {
	const tries = 16
	var err error
	for range tries {
		g := &Group{name: newName(), last: Limits{NoLimit, NoLimit, NoLimit}, peak: -1}
		if err = g.make(places); err == nil {
			return g, nil
		}
		g.discard()
		if !passing(err) {
			break
		}
	}
	for _, p := range places {
		_ = unix.Rmdir(p.home()) // if it is nobody's
	}
	return nil, fmt.Errorf("cgroup: new: %w", err)
}

// passing reports whether an error may come of a sweeper, or of another group
// that was the last of this package's directory and took it along.
func passing(err error) bool {
	for _, e := range [...]error{unix.EEXIST, unix.ENOENT, unix.ENODEV, unix.EWOULDBLOCK} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// newName is for people to read the pid; only the lock says who owns a group.
func newName() string {
	return strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36)
}

func (g *Group) make(places []place) error {
	for _, p := range places {
		if err := p.prepare(); err != nil {
			return err
		}
		d := &directory{path: path.Join(p.home(), g.name), version: p.version, offers: p.offers, fd: -1}
		if err := unix.Mkdir(d.path, 0o700); err != nil {
			return &os.PathError{Op: "mkdir", Path: d.path, Err: err}
		}
		g.dirs = append(g.dirs, d)
		if err := d.lock(); err != nil {
			return err
		}
	}
	return nil
}

// discard takes back what make has made.
func (g *Group) discard() {
	for _, d := range g.dirs {
		_ = unix.Rmdir(d.path)
		d.close()
	}
	g.dirs = nil
}

// prepare makes this package's directory in a tree, and on version 2 sees to
// its controllers. It may be gone again before it is used: its last group
// takes it along.
func (p *place) prepare() error {
	home := p.home()
	if err := unix.Mkdir(home, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return &os.PathError{Op: "mkdir", Path: home, Err: err}
	}
	if p.version == 1 {
		return nil
	}
	var wanted []string
	for _, name := range limiting {
		if p.offers&roleOf[name] != 0 {
			wanted = append(wanted, name)
		}
	}
	if err := enable(p.parent, p.enable); err != nil {
		return err
	}
	return enable(home, wanted)
}

// enable switches controllers on for the groups below a group.
func enable(dir string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	file := path.Join(dir, "cgroup.subtree_control")
	on := words(file)
	for _, name := range names {
		if slices.Contains(on, name) {
			continue
		}
		if err := put(file, "+"+name); err != nil {
			return fmt.Errorf("switch on the %s controller: %w", name, err)
		}
	}
	return nil
}

// lock opens a directory and makes it this process's own. EWOULDBLOCK says
// that it is another's, ENOENT that it was removed meanwhile.
func (d *directory) lock() error {
	fd, err := unix.Open(d.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: d.path, Err: err}
	}
	var held, named unix.Stat_t
	if err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err == nil {
		err = unix.Fstat(fd, &held)
	}
	if err == nil {
		err = unix.Stat(d.path, &named)
	}
	if err == nil && (held.Ino != named.Ino || held.Dev != named.Dev) {
		err = unix.ENOENT
	}
	if err != nil {
		_ = unix.Close(fd)
		return &os.PathError{Op: "lock", Path: d.path, Err: err}
	}
	d.fd = fd
	return nil
}

func (d *directory) close() {
	if d.fd >= 0 {
		_ = unix.Close(d.fd)
		d.fd = -1
	}
}

// Name is the group's, the same in every tree: for logs.
func (g *Group) Name() string { return g.name }

// FD is a descriptor for clone3's CLONE_INTO_CGROUP (syscall.SysProcAttr's
// CgroupFD), by which a child is in the group from its birth. It is -1 where
// Add alone will do: where the group has directories of version 1, and after a
// Kill that found somebody. It is closed by Close.
//
// A kernel's fault is why a Kill matters: since Linux 6.14, and the stable
// releases of that time, a group in which cgroup.kill was used kills at birth
// whatever comes by CLONE_INTO_CGROUP, for ever (cgroup_css_set_fork in
// kernel/cgroup/cgroup.c notes how often the parent's group was killed instead
// of the child's; seen on 6.1.176 and 6.18.44). If it was this process's own
// group that was once killed so, then it is new groups that do: a child that
// dies of SIGKILL before its exec is a reason to use Add.
func (g *Group) FD() int {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 1 && g.dirs[0].version == 2 && !g.struck.Load() {
		return g.dirs[0].fd
	}
	return -1
}

// Add moves a process with all its threads into the group; its children to
// come are born there. On an error it may be in some of the group's trees and
// not in others, and must be ended: ESRCH says that it has ended by itself.
// The first Add after a while takes 7 to 25 ms.
func (g *Group) Add(pid int) error {
	g.life.RLock()
	defer g.life.RUnlock()
	if len(g.dirs) == 0 {
		return g.closed("add")
	}
	if pid <= 0 { // 0 would be this process
		return fmt.Errorf("cgroup: add process %d: %w", pid, unix.EINVAL)
	}
	for _, d := range g.dirs {
		if err := d.write("cgroup.procs", strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("cgroup: add process %d: %w", pid, err)
		}
	}
	return nil
}

func (g *Group) closed(op string) error {
	return fmt.Errorf("cgroup: %s: group %s: %w", op, g.name, fs.ErrClosed)
}

// offering gives the directory of a role, or nil.
func (g *Group) offering(r role) *directory {
	for _, d := range g.dirs {
		if d.offers&r != 0 {
			return d
		}
	}
	return nil
}

// closePatience is for how long Close waits for processes that have ended to
// be gone.
const closePatience = time.Second

// Close removes the group, which must be empty. Where it is not after a
// second, the error wraps EBUSY, and Kill and Close may be called again.
// Closing a closed group does nothing.
func (g *Group) Close() error {
	g.life.Lock()
	defer g.life.Unlock()
	w := newWait(closePatience)
	for len(g.dirs) > 0 {
		d := g.dirs[0]
		err := unix.Rmdir(d.path)
		if errors.Is(err, unix.EBUSY) {
			if w.next() {
				continue
			}
			return fmt.Errorf("cgroup: close: %w%s", &os.PathError{Op: "rmdir", Path: d.path, Err: err}, g.inside())
		}
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("cgroup: close: %w", &os.PathError{Op: "rmdir", Path: d.path, Err: err})
		}
		d.close()
		g.dirs = g.dirs[1:]
		// The last group takes this package's directory along, so that
		// whoever made the group above can remove that.
		_ = unix.Rmdir(path.Dir(d.path))
	}
	if g.peak >= 0 {
		_ = unix.Close(g.peak)
		g.peak = -1
	}
	return nil
}

// inside says what a group still holds, for an error.
func (g *Group) inside() string {
	left, err := g.members()
	if err != nil || len(left) == 0 {
		return ""
	}
	const most = 8
	names := make([]string, 0, most)
	for _, pid := range left[:min(most, len(left))] {
		names = append(names, describe(pid))
	}
	more := ""
	if len(left) > most {
		more = ", ..."
	}
	return fmt.Sprintf(" (inside: %d processes: %s%s)", len(left), strings.Join(names, ", "), more)
}

// describe names a process: its pid, name and state.
func describe(pid int) string {
	if pid == 0 {
		return "one of another pid namespace"
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	end := strings.LastIndexByte(string(stat), ')')
	if err != nil || end < 0 || len(stat) < end+3 {
		return strconv.Itoa(pid)
	}
	// 12 (name) S 1 ...: the name is the program's choice and may hold anything.
	_, name, _ := strings.Cut(string(stat[:end]), "(")
	return fmt.Sprintf("%d %q state %c", pid, name, stat[end+2])
}

// wait paces attempts until a deadline.
type wait struct {
	until time.Time
	pause time.Duration
}

func newWait(patience time.Duration) *wait {
	return &wait{time.Now().Add(patience), 100 * time.Microsecond}
}

// step is the next pause; 0 when the time is over.
func (w *wait) step() time.Duration {
	const longest = 20 * time.Millisecond
	d := min(w.pause, time.Until(w.until))
	w.pause = min(2*w.pause, longest)
	return max(d, 0)
}

// next waits, and reports whether there is time for another attempt.
func (w *wait) next() bool {
	d := w.step()
	if d == 0 {
		return false
	}
	<-time.After(d)
	return true
}
