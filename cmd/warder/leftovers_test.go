package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// markedBy is the variable by which a held program is known.
const markedBy = "WARDER_LEFTOVERS_MARK"

// traces are what the warders of one test can be told by, and what was there
// before them.
type traces struct {
	mark   string     // of their programs, see markedBy
	ids    tracer.IDs // that their programs have
	pids   []string   // of the warders
	dir    string     // where they work and report; nothing else is in it
	tmp    string     // what they take for the temporary directory; nothing else is in it
	mounts []string
	groups []string
	files  []string
}

func newTraces(t *testing.T) *traces {
	t.Helper()
	// Other tests may be at work on the machine: the ids are those that a
	// warder of this process's id would take first (tracer/idlock.go).
	const block = 512
	becomeReaper(t)
	w := &traces{
		mark: fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano()),
		ids:  tracer.IDs{First: tracer.DefaultIDs.First + uint32(os.Getpid())%(tracer.DefaultIDs.Count/block)*block, Count: block},
		dir:  emptyDir(t), tmp: emptyDir(t),
	}
	t.Cleanup(func() {
		for _, pid := range w.held() { // where the test failed
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	})
	w.mounts, w.groups, w.files = w.newMounts(), w.newGroups(), w.newFiles()
	return w
}

// becomeReaper makes orphans below this process its children, so that none is missed.
func becomeReaper(t *testing.T) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); err != nil {
			t.Error(err)
		}
	})
}

// emptyDir is a scratch directory without the baits.
func emptyDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(testprog.Scratch(t), "empty")
	if err := errors.Join(os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// leftover is one kind of what a warder that is killed could leave.
type leftover struct {
	name   string
	atOnce bool // it goes with warder itself; the others at the latest with warder's next start
	find   func(*traces) []string
	// plants leave one each, in the ways in which a warder could.
	plants map[string]func(*testing.T, *traces) (undo func())
	need   testutil.Need
}

var leftovers = []leftover{
	{name: "processes", atOnce: true, find: (*traces).processes, plants: map[string]func(*testing.T, *traces) func(){
		"by its mark": func(t *testing.T, w *traces) func() {
			return plantProcess(t, []string{markedBy + "=" + w.mark}, nil)
		},
		"by its user": func(t *testing.T, w *traces) func() {
			return plantProcess(t, nil, &syscall.Credential{Uid: w.ids.Last(), Gid: w.ids.Last()})
		},
	}},
	{name: "locks of ids", atOnce: true, find: (*traces).locks, plants: map[string]func(*testing.T, *traces) func(){"the last": plantLock}},
	{name: "listed ids", find: (*traces).listed, plants: map[string]func(*testing.T, *traces) func(){"the last": plantEntry}},
	{name: "mounts", atOnce: true, find: (*traces).newMounts, plants: map[string]func(*testing.T, *traces) func(){"tmpfs": plantMount}},
	{name: "control groups", find: (*traces).newGroups, need: testutil.CgroupMemory, plants: map[string]func(*testing.T, *traces) func(){
		"a group":         plantGroup("warder/1-planted"),
		"an empty parent": plantGroup("warder"),
	}},
	{name: "files", find: (*traces).newFiles, plants: map[string]func(*testing.T, *traces) func(){
		"the empty root":   plantFile(func(*traces) string { return "/dev/shm/warder-root-planted" }),
		"of all sessions":  plantFile(func(*traces) string { return "/run/warder/planted" }),
		"a temporary one":  plantFile(func(w *traces) string { return w.tmp + "/planted" }),
		"half of a report": plantFile(func(w *traces) string { return w.dir + "/.warder-report-planted" }),
	}},
}

// processes lists those that run, or wait for somebody to bury them.
func (w *traces) processes() []string {
	testutil.Reap()
	below := testutil.Descendants()
	var found []string
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		var st unix.Stat_t
		env, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		its := unix.Stat("/proc/"+e.Name(), &st) == nil && w.ids.Contains(st.Uid)
		if its || slices.Contains(below, pid) || bytes.Contains(env, []byte(markedBy+"="+w.mark+"\x00")) {
			stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
			found = append(found, fmt.Sprintf("process of user %d: %.60s", st.Uid, stat))
		}
	}
	return found
}

// locks asks the file that ids are shared out by (tracer/idlock.go).
func (w *traces) locks() []string {
	f, err := os.Open(idFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []string{err.Error()}
	}
	defer f.Close()
	l := unix.Flock_t{Type: unix.F_WRLCK, Start: int64(w.ids.First), Len: int64(w.ids.Count)}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &l); err != nil {
		return []string{err.Error()}
	}
	if l.Type == unix.F_UNLCK {
		return nil
	}
	return []string{fmt.Sprintf("a lock on %d ids from %d of %s", l.Len, l.Start, idFile)}
}

// listed are the ids whose processes somebody has to end.
func (w *traces) listed() []string {
	page := make([]byte, 4096)
	f, err := os.Open(idFile)
	if err != nil {
		return []string{err.Error()}
	}
	defer f.Close()
	n, err := f.Read(page)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for entry := range slices.Chunk(page[:n], 4) {
		if id := binary.LittleEndian.Uint32(entry); w.ids.Contains(id) {
			found = append(found, fmt.Sprintf("%d is listed in %s", id, idFile))
		}
	}
	return found
}

// idFile is where it is, for root and for everybody.
const idFile = "/run/warder/ids"

func (w *traces) newMounts() []string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return []string{err.Error()}
	}
	return without(strings.Split(strings.TrimSpace(string(text)), "\n"), w.mounts)
}

// newGroups lists the control groups of these warders, in every tree, and
// empty directories that hold such.
func (w *traces) newGroups() []string {
	var found []string
	for _, tree := range groupTrees() {
		_ = filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil // a group may go meanwhile
			}
			in := filepath.Base(filepath.Dir(path))
			pid, _, _ := strings.Cut(d.Name(), "-")
			switch {
			case strings.HasPrefix(in, "warder") && slices.Contains(w.pids, pid):
				found = append(found, path)
			case d.Name() == "warder" && len(subdirectories(path)) == 0:
				found = append(found, path)
			}
			return nil
		})
	}
	return without(found, w.groups)
}

// groupTrees are where the trees of control groups are mounted.
func groupTrees() []string {
	var trees []string
	for _, line := range (&traces{}).newMounts() {
		before, after, _ := strings.Cut(line, " - ")
		if at := strings.Fields(before); strings.HasPrefix(after, "cgroup") && len(at) >= 5 {
			trees = append(trees, at[4])
		}
	}
	return trees
}

func subdirectories(dir string) []string {
	var found []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			found = append(found, e.Name())
		}
	}
	return found
}

// newFiles lists what is in the places of temporary files: in the warders' own
// everything but a complete report, in the machine's what bears their name.
func (w *traces) newFiles() []string {
	var found []string
	for _, pattern := range []string{"/dev/shm/warder-root-*", "/run/warder-root-*", "/tmp/warder-root-*", "/tmp/.warder-report-*", "/run/warder/*"} {
		names, _ := filepath.Glob(pattern) // the pattern is good
		found = append(found, names...)
	}
	for _, dir := range []string{w.dir, w.tmp} {
		entries, err := os.ReadDir(dir)
		if err != nil && dir != "" {
			found = append(found, err.Error())
		}
		for _, e := range entries {
			if e.Name() != reportName {
				found = append(found, filepath.Join(dir, e.Name()))
			}
		}
	}
	return without(found, w.files)
}

const reportName = "report.json"

// without gives those of list that are not in old.
func without(list, old []string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return slices.Contains(old, s) })
}

// plantProcess starts one that is no child of the test's: its parent is gone.
func plantProcess(t *testing.T, env []string, as *syscall.Credential) func() {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `"$0" >/dev/null 2>&1 & echo $!`, testprog.Program(t, "sleeper-static"))
	cmd.Env, cmd.Dir = env, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	out, err := cmd.Output()
	pid, perr := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || perr != nil {
		t.Fatalf("plant a process: %v, %q", err, out)
	}
	return func() { _ = unix.Kill(pid, unix.SIGKILL) }
}

func plantLock(t *testing.T, w *traces) func() {
	t.Helper()
	f, err := os.OpenFile(idFile, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := unix.Flock_t{Type: unix.F_WRLCK, Start: int64(w.ids.Last()), Len: 1}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &l); err != nil {
		t.Fatal(err)
	}
	return func() { _ = f.Close() }
}

func plantEntry(t *testing.T, w *traces) func() {
	t.Helper()
	f, err := os.OpenFile(idFile, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	set := func(id uint32) {
		if _, err := f.WriteAt(binary.LittleEndian.AppendUint32(nil, id), 4092); err != nil {
			t.Error(err)
		}
	}
	set(w.ids.Last())
	return func() { set(0); _ = f.Close() }
}

func plantMount(t *testing.T, _ *traces) func() {
	t.Helper()
	dir := testprog.Scratch(t)
	if err := unix.Mount("held", dir, "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }
}

// plantGroup leaves what a warder does in the first tree where it can be made,
// in a group of its own: others may be at work in this process's.
func plantGroup(name string) func(*testing.T, *traces) func() {
	return func(t *testing.T, w *traces) func() {
		t.Helper()
		w.pids = append(w.pids, "1")
		for _, tree := range groupTrees() {
			top := filepath.Join(tree, fmt.Sprintf("leftovers-%d", os.Getpid()))
			if os.MkdirAll(filepath.Join(top, name), 0o700) != nil {
				continue
			}
			return func() {
				for dir := filepath.Join(top, name); len(dir) >= len(top); dir = filepath.Dir(dir) {
					_ = unix.Rmdir(dir)
				}
			}
		}
		t.Fatal("no control group can be made")
		return nil
	}
}

func plantFile(name func(*traces) string) func(*testing.T, *traces) func() {
	return func(t *testing.T, w *traces) func() {
		t.Helper()
		path := name(w)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return func() { _ = os.Remove(path) }
	}
}

// left gives what is found again and again for two seconds: the kernel may
// still be at work on what a process leaves.
func (l *leftover) left(w *traces) []string {
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		found := l.find(w)
		if len(found) == 0 || time.Now().After(deadline) {
			return found
		}
	}
}

// victim is a command line whose warder is killed.
type victim struct {
	name string
	need []testutil.Need
	args []string
	ends bool // by itself
	// stays: what it started may run on until warder's next start.
	stays bool
}

// start starts its warder.
func (v *victim) start(t *testing.T, w *traces) *exec.Cmd {
	t.Helper()
	ids := fmt.Sprintf("%d-%d", w.ids.First, w.ids.Last())
	args := []string{"run", "-q", "--ids", ids, "-E", markedBy + "=" + w.mark, "--report", reportName}
	cmd := command(t, append(args, v.args...)...)
	cmd.Dir, cmd.Env = w.dir, append(cmd.Env, "TMPDIR="+w.tmp)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.pids = append(w.pids, strconv.Itoa(cmd.Process.Pid))
	return cmd
}

// spans are how long after its start the victim's warder holds its program,
// and how long until it has done all that there is to interrupt: until its end
// or, of one that does not end, for as long again.
func (v *victim) spans(t *testing.T, w *traces) (launch, life time.Duration) {
	t.Helper()
	first := time.Now()
again:
	begun := time.Now()
	cmd := v.start(t, w)
	ended := make(chan error, 1)
	if v.ends {
		go func() { ended <- cmd.Wait() }()
	}
	for len(w.held()) == 0 {
		if time.Since(first) > hung {
			t.Fatal("no program is held")
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			goto again // it was over before it was seen: the machine is busy
		default:
		}
	}
	launch = time.Since(begun)
	if v.ends {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		return launch, time.Since(begun) * 5 / 4
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	w.next(t)
	return launch, 2 * launch
}

// held lists the programs that are there, by their user.
func (w *traces) held() []int {
	var pids []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		var st unix.Stat_t
		if pid, err := strconv.Atoi(e.Name()); err == nil && unix.Stat("/proc/"+e.Name(), &st) == nil && w.ids.Contains(st.Uid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killed starts the victim's warder and kills it after a time, and says when
// that was in its life.
func (v *victim) killed(t *testing.T, w *traces, after time.Duration) (when string) {
	t.Helper()
	cmd := v.start(t, w)
	time.Sleep(after)
	running := len(w.held()) > 0
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // its state says what became of it
	switch ws, _ := cmd.ProcessState.Sys().(syscall.WaitStatus); {
	case ws.Exited():
		return "over"
	case running:
		return "running"
	}
	return "launching"
}

// TestLiveNothingLeft kills warder with SIGKILL at 120 random moments, before,
// while and after it launches its program. Of what it held and made nothing may
// outlive it but what its next start takes away.
func TestLiveNothingLeft(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("WARDER_TEST_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("WARDER_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	warder(t, "run", "true").want(t, 0, "") // makes the file of ids, once for the machine
	w := newTraces(t)

	t.Run("what is left is seen", func(t *testing.T) {
		for _, l := range leftovers {
			t.Run(l.name, func(t *testing.T) { l.seen(t, w) })
		}
	})
	const each = 20
	open := filepath.Join(testprog.Scratch(t), "open.yaml")
	if err := os.WriteFile(open, []byte(openPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	storm, spin, sleeper := testprog.Program(t, "forkstorm"), testprog.Program(t, "spin"), testprog.Program(t, "sleeper-static")
	when := map[string]int{}
	tried := 0
	for _, v := range []victim{
		{name: "forks", args: []string{"-p", open, "--", storm, "1000000"}},
		{name: "sleeps", args: []string{"--", sleeper}},
		{name: "ends, files granted", args: []string{"-p", "runtime", "--read", "/etc/passwd", "--", spin, "15"}, ends: true},
		{name: "filter alone", args: []string{"-p", "runtime", "--engine", "seccomp", "--", sleeper, "4"}},
		{name: "forks, filter alone", args: []string{"-p", open, "--engine", "seccomp", "--", storm, "1000000"}, stays: true},
		{name: "control group", need: []testutil.Need{testutil.CgroupMemory}, args: []string{"-p", open, "--require", "cgroup", "--", storm, "1000000"}},
	} {
		t.Run(v.name, func(t *testing.T) {
			testutil.Require(t, v.need...)
			tried++
			v.spans(t, w) // the first is slower: files are read from the disk
			launch, life := v.spans(t, w)
			for i := range each {
				after := time.Duration(random.Int64N(int64([]time.Duration{launch, life}[i%2])))
				when[v.killed(t, w, after)]++
				for _, l := range leftovers {
					if !l.atOnce || v.stays && l.name == "processes" {
						continue
					}
					if left := l.left(w); len(left) > 0 {
						t.Fatalf("%s: killed after %v of %v:\n\t%s", l.name, after, life, strings.Join(left, "\n\t"))
					}
				}
				if v.stays || i%10 == 9 {
					w.next(t)
				}
			}
		})
	}
	t.Logf("killed: %v", when)
	// Were none of them at work, the test would show nothing.
	if least := tried * each / 10; when["launching"] < least || when["running"] < least {
		t.Errorf("of %d killed only %d were launching their program and %d held one", tried*each, when["launching"], when["running"])
	}
}

// next starts warder once more, and finds nothing left.
func (w *traces) next(t *testing.T) {
	t.Helper()
	// Killed between the two calls that make an empty root, which is rare.
	plantFile(func(*traces) string { return "/dev/shm/warder-root-planted" })(t, w)
	cmd := command(t, "run", "-q", "--", "true")
	cmd.Env = append(cmd.Env, "TMPDIR="+w.tmp)
	finish(t, cmd).want(t, 0, "")
	for _, l := range leftovers {
		if left := l.left(w); len(left) > 0 {
			t.Fatalf("%s: after warder's next start:\n\t%s", l.name, strings.Join(left, "\n\t"))
		}
	}
}

// seen shows that the look finds what is there, and nothing when it is not.
func (l *leftover) seen(t *testing.T, w *traces) {
	if l.need != "" {
		testutil.Require(t, l.need)
	}
	for name, plant := range l.plants {
		if found := l.left(w); len(found) > 0 {
			t.Fatalf("before anything is left: %q", found)
		}
		undo := plant(t, w)
		found := l.find(w)
		undo()
		if len(found) == 0 {
			t.Errorf("%s: it is not found", name)
		}
		if found := l.left(w); len(found) > 0 {
			t.Errorf("found when it is gone: %q", found)
		}
	}
}
