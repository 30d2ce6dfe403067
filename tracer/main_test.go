package tracer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/rules"
	"warder/tracer"
)

// roleVariable makes the test binary, run once more, play another part: a
// supervisor to be killed, or one that was started in an odd state.
const roleVariable = "WARDER_TRACER_ROLE"

var roles = map[string]func() int{
	"supervisor": superviseForEver,
	"holder":     holdStandard,
	"starved":    holdStarved,
}

// TestMain checks that all tests together leave nothing behind.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(roles[role]())
	}
	if err := joinKeyring(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	tracer.CloseIdle()
	if left := stillThere(func() []int { return testutil.Descendants() }); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// joinKeyring gives this process a session keyring of its own, as a login does:
// without one a user's sessions of all kinds share another, and what attacks
// put there stays. A thread joins for itself, and is the process after execve.
func joinKeyring() error {
	const name = "warder-tracer-test"
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if text, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, unix.KEY_SPEC_SESSION_KEYRING); err == nil && strings.HasSuffix(text, ";"+name) {
		return nil
	}
	if _, err := unix.KeyctlJoinSessionKeyring(name); err != nil {
		return nil // not permitted here: testutil.Keys says so
	}
	return fmt.Errorf("execute the tests anew: %w", unix.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// stillThere gives what is found again and again for two seconds.
func stillThere(find func() []int) []int {
	deadline := time.Now().Add(2 * time.Second)
	for {
		left := find()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// tooLong is when a session that has not ended is taken to hang.
const tooLong = time.Minute + 15*time.Second

// hold runs a session to its end and returns its output as well. Without
// Stdout, both outputs are collected.
func hold(t testing.TB, cfg tracer.Config) (*tracer.Result, string) {
	t.Helper()
	r, out, err := tryHold(t, cfg)
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(cfg.Path), err, out)
	}
	return r, out
}

// tryHold is hold for sessions that may fail.
func tryHold(t testing.TB, cfg tracer.Config) (*tracer.Result, string, error) {
	t.Helper()
	return tryHoldContext(t, t.Context(), cfg)
}

func tryHoldContext(t testing.TB, ctx context.Context, cfg tracer.Config) (*tracer.Result, string, error) {
	t.Helper()
	var out bytes.Buffer
	if cfg.Stdout == nil {
		cfg.Stdout, cfg.Stderr = &out, &out
	}
	if len(cfg.Args) == 0 {
		cfg.Args = []string{filepath.Base(cfg.Path)}
	}
	type end struct {
		result *tracer.Result
		err    error
	}
	ended := make(chan end, 1)
	go func() {
		r, err := tracer.Run(ctx, &cfg)
		ended <- end{r, err}
	}()
	select {
	case e := <-ended:
		return e.result, out.String(), e.err
	case <-time.After(tooLong):
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
		t.Fatalf("the session of %s hangs", cfg.Path)
		return nil, "", nil
	}
}

// args puts a name before arguments.
func args(list ...string) []string { return append([]string{"program"}, list...) }

// policies of the tests, by name: what they allow beyond a profile.
const (
	forkRules = `syscalls:
  - call: clone
    when: {clone_flags: {mask: CLONE_UNTRACED|CLONE_PTRACE|CLONE_PARENT, eq: 0}}
    action: allow
  - calls: [fork, vfork, wait4, waitid, setsid, setpgid, getpgid, kill]
    action: allow
`
	memfdRules = `syscalls:
  - calls: [memfd_create, ftruncate]
    action: allow
`
	allowAll = `name: allow-all
default: allow
paths: unrestricted
syscalls:
  - call: clone3
    action: errno(ENOSYS)
    why: its flags are in memory
  - call: clone
    when: {clone_flags: {mask: CLONE_UNTRACED, eq: CLONE_UNTRACED}}
    action: kill
`
)

// parsed gives the policy of a text; the same text gives the same policy,
// which is compiled once.
func parsed(t testing.TB, text string) *rules.Policy {
	t.Helper()
	p, err := rules.Parse("test.yaml", []byte(text), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// profile gives a built-in policy.
func profile(t testing.TB, name string) *rules.Policy {
	t.Helper()
	p, err := rules.Profile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onTopOf is a profile with more rules before its own.
func onTopOf(t testing.TB, base, more string) *rules.Policy {
	t.Helper()
	return parsed(t, "name: test\nbase: "+base+"\n"+more)
}

// Held ids: warder gives the sessions of a process user ids of a place of its
// own first (tracer/idlock.go), so what one left behind can be told by its
// owner.
const heldSlots = 512

func heldBase(pid int) uint32 {
	ids := tracer.DefaultIDs
	return ids.First + uint32(pid)%(ids.Count/heldSlots)*heldSlots
}

// held lists the processes that belong to sessions of process pid. Orphans
// that are dead and were waited for by their tracer are left out: they are
// zombies until their new parent, init, has waited for them as well. So are
// those in state X, which nobody has to wait for: a dead parent's last steps in
// the kernel, after its own death was reported, are to release them.
func held(pid int) []int {
	first := heldBase(pid)
	return processes(func(id int) bool {
		var st unix.Stat_t
		err := unix.Stat(fmt.Sprintf("/proc/%d", id), &st)
		return err == nil && st.Uid >= first && st.Uid < first+heldSlots && !initsZombie(id)
	})
}

// processes lists those that match, of all there are.
func processes(match func(pid int) bool) []int {
	var found []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && match(pid) {
			found = append(found, pid)
		}
	}
	return found
}

func initsZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true // gone meanwhile
	}
	// pid (name) state parent ...; the name may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return len(fields) > 1 && (fields[0] == "X" || fields[0] == "Z" && fields[1] == "1")
}

// nothingHeld fails the test where a process of a session is left. No session
// may be running.
func nothingHeld(t testing.TB) {
	t.Helper()
	if testutil.Missing(testutil.Root) != nil {
		return // held programs have our own user id; NoStrays is left
	}
	for _, pid := range held(os.Getpid()) {
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		t.Errorf("process left behind: %.60s", stat)
	}
}

// noStrays checks at the test's end that it left no process, descriptor or
// goroutine.
func noStrays(t *testing.T) {
	t.Helper()
	// A first session opens what the process keeps: the stub's image, /proc,
	// /dev/null for reading and for writing.
	spin := testprog.Program(t, "spin")
	if _, err := tracer.Run(t.Context(), &tracer.Config{
		Path: spin, Args: []string{"spin", "30"}, Limits: tracer.Limits{Memory: 8 << 20},
	}); err != nil {
		t.Fatal(err)
	}
	tracer.CloseIdle()
	before := testutil.TakeSnapshot()
	t.Cleanup(func() {
		nothingHeld(t)
		tracer.CloseIdle()
		testutil.NoStrays(t, before)
	})
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

func sockets(t *testing.T) (a, b *os.File) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(pair[0]), "socket"), os.NewFile(uintptr(pair[1]), "socket")
}

// terminal makes a pseudo-terminal that is nobody's controlling one.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "terminal"), slave
}

func closeAll(t *testing.T, files ...*os.File) {
	t.Helper()
	for _, f := range files {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func put(t *testing.T, f *os.File, text string) {
	t.Helper()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
