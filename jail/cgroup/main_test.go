package cgroup_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/jail/cgroup"
)

// roleVariable makes the test binary, run once more, play another part. It
// does so when it has read a line from its standard input, and says what came
// of it in one line.
const roleVariable = "WARDER_CGROUP_ROLE"

var roles = map[string]func(arg string) string{
	"idle":  func(string) string { return "idle" },
	"eat":   eat,
	"fork":  forkUntilRefused,
	"bomb":  forkForEver,
	"spin":  spin,
	"owner": own,
	"sweep": sweep,
}

func TestMain(m *testing.M) {
	if role, arg, _ := strings.Cut(os.Getenv(roleVariable), " "); role != "" {
		in := bufio.NewReader(os.Stdin)
		_, _ = in.ReadString('\n')
		said := []byte(roles[role](arg) + "\n")
		_, _ = syscall.Write(1, said) // not by the runtime, which may want a new thread to wait in
		_, _ = in.ReadString('\n')
		os.Exit(0)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	for _, home := range cgroup.Homes() {
		left, _ := os.ReadDir(home)
		for _, e := range left {
			if strings.HasPrefix(e.Name(), strconv.Itoa(os.Getpid())+"-") {
				fmt.Fprintln(os.Stderr, "group left behind:", home+"/"+e.Name())
				code = 1
			}
		}
	}
	if left := testutil.Descendants(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// reap waits for orphans, whose parent this process became: zombies are tasks
// of their group until then. No child of its own may be unwaited for.
func reap() {
	for _, pid := range testutil.Descendants() {
		_, _ = unix.Wait4(pid, nil, 0, nil)
	}
}

// eat touches so many MiB, not of the heap: the race detector would add its own.
func eat(arg string) string {
	mib, _ := strconv.Atoi(arg)
	eaten, err := unix.Mmap(-1, 0, mib<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err.Error()
	}
	for i := 0; i < len(eaten); i += 4096 {
		eaten[i] = 1
	}
	return "ate"
}

func fork() (uintptr, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	return pid, errno
}

// forkUntilRefused has children that do nothing. The children have only one
// of the runtime's threads and stay away from the runtime.
func forkUntilRefused(string) string {
	for n := 0; ; n++ {
		pid, errno := fork()
		if errno != 0 {
			return fmt.Sprintf("%d children, then %s", n, unix.ErrnoName(errno))
		}
		for pid == 0 {
			_, _, _ = syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
}

func forkForEver(string) string {
	for {
		_, _ = fork()
	}
}

// spin uses so many milliseconds of a processor.
func spin(arg string) string {
	millis, _ := strconv.Atoi(arg)
	used := func() time.Duration {
		var now unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
		return time.Duration(now.Nano())
	}
	start, before := time.Now(), used()
	for used()-before < time.Duration(millis)*time.Millisecond {
	}
	return strconv.FormatInt(time.Since(start).Milliseconds(), 10)
}

// own makes a group with one process in it, and waits to be killed.
func own(arg string) string {
	if err := ownProc(arg); err != nil {
		return err.Error()
	}
	g, err := cgroup.New()
	if err != nil {
		return err.Error()
	}
	cmd := exec.Command("/bin/sleep", "1000")
	if err := cmd.Start(); err != nil {
		return err.Error()
	}
	if err := g.Add(cmd.Process.Pid); err != nil {
		return err.Error()
	}
	return g.Name()
}

func sweep(arg string) string {
	if err := ownProc(arg); err != nil {
		return err.Error()
	}
	n, err := cgroup.Sweep()
	return fmt.Sprint(n, err)
}

// ownProc mounts a /proc of this process's pid namespace, if told to.
func ownProc(arg string) error {
	if arg != "namespace" {
		return nil
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return unix.Mount("proc", "/proc", "proc", 0, "")
}

// actor is a process that plays a role.
type actor struct {
	*exec.Cmd
	in  *os.File
	out *bufio.Reader
}

// stage starts an actor, which waits. In a group it is from its birth, or
// else before it does anything.
func stage(t testing.TB, g *cgroup.Group, role string, attr *syscall.SysProcAttr) *actor {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	theirs, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	a := &actor{Cmd: exec.Command(exe), in: in}
	a.Env = append(os.Environ(), roleVariable+"="+role, "GOMAXPROCS=1", "GOTRACEBACK=none")
	a.Stdin = theirs
	a.Stderr = os.Stderr
	a.SysProcAttr = attr
	if g != nil && g.FD() >= 0 {
		a.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD()}
	}
	out, err := a.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	a.out = bufio.NewReader(out)
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.end)
	_ = theirs.Close()
	if g != nil && g.FD() < 0 {
		if err := g.Add(a.Process.Pid); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// play lets the actor act, and gives what it says; "" if it died of it.
func (a *actor) play(t testing.TB) string {
	t.Helper()
	a.cue(t)
	said, _ := a.out.ReadString('\n')
	return strings.TrimSuffix(said, "\n")
}

func (a *actor) cue(t testing.TB) {
	t.Helper()
	if _, err := a.in.WriteString("go\n"); err != nil {
		t.Fatal(err)
	}
}

// end kills the actor and waits for it.
func (a *actor) end() {
	if a.ProcessState == nil {
		_ = a.Process.Kill()
		_ = a.Wait()
	}
	_ = a.in.Close()
}

// leave lets the actor end by itself.
func (a *actor) leave(t testing.TB) {
	t.Helper()
	_ = a.in.Close()
	if err := a.Wait(); err != nil {
		t.Error(err)
	}
}
