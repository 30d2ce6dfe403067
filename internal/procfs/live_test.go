package procfs

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
)

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) && errors.Is(err, unix.ESRCH)
}

func TestLiveStatusOfSelf(t *testing.T) {
	var s Status
	if err := ReadStatus(os.Getpid(), &s); err != nil {
		t.Fatal(err)
	}
	if s.TGID != os.Getpid() || s.PPID != os.Getppid() {
		t.Errorf("ids %d, %d; want %d, %d", s.TGID, s.PPID, os.Getpid(), os.Getppid())
	}
	if s.Threads < 1 || s.VMRSS == 0 || s.VMSize < s.VMRSS || s.VMHWM == 0 || s.VMPTE == 0 || s.VMExe == 0 {
		t.Errorf("implausible: %+v", s)
	}
	if s.RSSAnon+s.RSSFile+s.RSSShmem != s.VMRSS {
		t.Errorf("parts of VMRSS do not add up: %+v", s)
	}
	if !strings.ContainsRune("RSD", rune(s.State)) {
		t.Errorf("state %q", s.State)
	}
}

func TestLiveStatusOfChildAndZombie(t *testing.T) {
	var r Reader
	var s Status
	pid := start(t, "/bin/sleep", "100")
	if err := r.Status(pid, &s); err != nil {
		t.Fatal(err)
	}
	if s.PPID != os.Getpid() || s.Threads != 1 || s.VMRSS == 0 {
		t.Errorf("child: %+v", s)
	}

	z := zombie(t, "/bin/true")
	if err := r.Status(z, &s); err != nil {
		t.Fatal(err)
	}
	// What the call before left must not shine through.
	want := Status{TGID: z, PPID: os.Getpid(), Threads: s.Threads, State: 'Z'}
	if s != want {
		t.Errorf("zombie: %+v, want %+v", s, want)
	}
	var st Stat
	if err := ReadStat(z, &st); err != nil || st.State != 'Z' || st.PPID != os.Getpid() {
		t.Errorf("stat of a zombie: %+v, %v", st, err)
	}
	if _, err := Auxv(z); !isGone(err) && (os.Geteuid() == 0 || !errors.Is(err, fs.ErrPermission)) {
		t.Errorf("auxv of a zombie: %v", err)
	}
}

func TestLiveGone(t *testing.T) {
	pid := gone(t)
	var s Status
	var st Stat
	_, errTGID := TGID(pid)
	_, errAuxv := Auxv(pid)
	_, errThreads := ThreadIDs(pid)
	_, errTime := CPUTime(pid)
	_, _, errTimes := CPUTimes(pid)
	for name, err := range map[string]error{
		"status": ReadStatus(pid, &s), "stat": ReadStat(pid, &st), "tgid": errTGID, "auxv": errAuxv,
		"threads": errThreads, "cpu": errTime, "cpus": errTimes,
	} {
		if !isGone(err) {
			t.Errorf("%s: %v", name, err)
		}
		if errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v passes for a refusal", name, err)
		}
	}
	for _, bad := range []int{0, -1, -1 << 40, 1 << 40} {
		if err := ReadStatus(bad, &s); err == nil {
			t.Errorf("pid %d: no error", bad)
		}
		if _, err := CPUTime(bad); !isGone(err) {
			t.Errorf("clock of pid %d: %v", bad, err)
		}
	}
	// The descriptor outlives the process: the read says ESRCH.
	child := start(t, "/bin/sleep", "100")
	fd, err := Open(child, "status", unix.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	reap(child)
	if _, err := read(fd, make([]byte, 10)); !isGone(&Error{"read", child, "status", err}) {
		t.Errorf("read after the end: %v", err)
	}
}

func TestLiveName(t *testing.T) {
	// A name made to be read as fields.
	runtime.LockOSThread() // never unlocked: the thread and its name end here
	name := "a) R 1\n2 Z (\n"
	tid := unix.Gettid()
	// A write to comm sets the name as PR_SET_NAME does.
	if err := os.WriteFile("/proc/thread-self/comm", []byte(name), 0); err != nil {
		t.Fatal(err)
	}
	var st Stat
	if err := ReadStat(tid, &st); err != nil {
		t.Fatal(err)
	}
	pgrp, _ := unix.Getpgid(0)
	sid, _ := unix.Getsid(0)
	if st.PPID != os.Getppid() || st.PGRP != pgrp || st.Session != sid || st.Threads < 2 || st.StartTicks == 0 {
		t.Errorf("stat %+v; want parent %d group %d session %d", st, os.Getppid(), pgrp, sid)
	}
	var s Status
	if err := ReadStatus(tid, &s); err != nil || s.TGID != os.Getpid() || s.PPID != os.Getppid() {
		t.Errorf("status %+v, %v", s, err)
	}
	if got, err := TGID(tid); got != os.Getpid() || err != nil {
		t.Errorf("TGID(%d) = %d, %v", tid, got, err)
	}
	// Asked from another thread: for its own id the kernel makes an exception.
	answer := make(chan error)
	go func() {
		_, err := CPUTime(tid)
		answer <- err
	}()
	if err := <-answer; tid != os.Getpid() && !isGone(err) {
		t.Errorf("process clock of a thread: %v", err)
	}
}

func TestLiveThreads(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ids, err := ThreadIDs(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(ids, os.Getpid()) || !slices.Contains(ids, unix.Gettid()) {
		t.Errorf("%v lacks %d or %d", ids, os.Getpid(), unix.Gettid())
	}
	z := zombie(t, "/bin/true")
	if ids, err := ThreadIDs(z); err != nil || !slices.Equal(ids, []int{z}) {
		t.Errorf("threads of a zombie: %v, %v", ids, err)
	}
	prefix := []int{7}
	if ids, err := AppendThreadIDs(prefix, z); err != nil || !slices.Equal(ids, []int{7, z}) {
		t.Errorf("append: %v, %v", ids, err)
	}
}

func TestLiveAuxv(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	entries, err := Auxv(pid)
	for errors.Is(err, unix.EAGAIN) { // still in its execve
		time.Sleep(time.Millisecond)
		entries, err = Auxv(pid)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []uint64{AtEntry, AtPhdr, AtPhnum, AtBase, AtRandom} {
		if v, ok := AuxValue(entries, key); !ok || v == 0 {
			t.Errorf("key %d: %#x, %v", key, v, ok)
		}
	}
	if v, _ := AuxValue(entries, 6); v != uint64(os.Getpagesize()) { // AT_PAGESZ
		t.Errorf("page size %d", v)
	}
	if _, ok := AuxValue(entries, 1<<40); ok {
		t.Error("a key that is not there was found")
	}
}

func TestLiveCPUTime(t *testing.T) {
	pid := start(t, "/bin/sh", "-c", "ulimit -t 30; while :; do :; done")
	deadline := time.Now().Add(20 * time.Second)
	for {
		d, err := CPUTime(pid)
		if err != nil {
			t.Fatal(err)
		}
		if d > 50*time.Millisecond {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a busy child used %v", d)
		}
		time.Sleep(time.Millisecond)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	var info unix.Siginfo
	for unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	zombie, err := CPUTime(pid)
	if err != nil || zombie < 50*time.Millisecond {
		t.Fatalf("zombie: %v, %v", zombie, err)
	}
	again, err := CPUTime(pid)
	if err != nil || again != zombie {
		t.Errorf("a zombie's time moved from %v to %v (%v)", zombie, again, err)
	}
	user, system, err := CPUTimes(pid)
	if err != nil {
		t.Fatal(err)
	}
	if sum := user + system; sum < zombie/4 || sum > 4*zombie {
		t.Errorf("user %v and system %v of %v", user, system, zombie)
	}
	var ru syscall.Rusage
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, 0, &ru); err != nil {
		t.Fatal(err)
	}
	t.Logf("clock %v, user %v, system %v; rusage %v, %v", zombie, user, system,
		time.Duration(ru.Utime.Nano()), time.Duration(ru.Stime.Nano()))
}

func TestLiveNoAllocation(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	var r Reader
	var s Status
	ids := make([]int, 0, 16)
	for name, f := range map[string]func(){
		"Status":  func() { r.Status(pid, &s) },
		"CPUTime": func() { CPUTime(pid) },
		"Threads": func() { ids, _ = AppendThreadIDs(ids[:0], pid) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestLiveDescriptors(t *testing.T) {
	pid := start(t, "/bin/sleep", "100")
	var s Status
	ReadStatus(pid, &s)
	before, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		ReadStatus(pid, &s)
		ThreadIDs(pid)
		Auxv(pid)
	}
	after, _ := os.ReadDir("/proc/self/fd")
	if len(after) > len(before) {
		t.Errorf("%d descriptors, %d before", len(after), len(before))
	}
}

func BenchmarkStatus(b *testing.B) {
	pid := start(b, "/bin/sleep", "100")
	var r Reader
	var s Status
	for b.Loop() {
		if err := r.Status(pid, &s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCPUTime(b *testing.B) {
	for b.Loop() {
		if _, err := CPUTime(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}

// The Groups line can be longer than the reader's buffer, and than any
// sensible one; the memory lines follow it.
func TestLiveManyGroups(t *testing.T) {
	testutil.Require(t, testutil.Root)
	// One group, again and again: of others Root does not say that they exist
	// in our user namespace.
	groups := slices.Repeat([]uint32{65534}, 65536)
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "100"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: groups}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reap(pid) })
	var s Status
	if err := ReadStatus(pid, &s); err != nil {
		t.Fatal(err)
	}
	if s.TGID != pid || s.VMRSS == 0 || s.Threads != 1 {
		t.Errorf("%+v", s)
	}
}
