package snapshot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/snapshot"
)

// inCall waits until a thread is inside a call.
func inCall(t *testing.T, tid, nr int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", tid))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(text), strconv.Itoa(nr)+" ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("thread %d is not in call %d: %q", tid, nr, text)
		}
	}
}

// TestLiveFacts compares the state with what a program says of itself.
func TestLiveFacts(t *testing.T) {
	testutil.Require(t, testutil.Ptrace)
	program := compile(t, "facts.c")
	tr := launch(t, program, "an argument", "")
	said := map[string]uint64{}
	for {
		line, err := tr.stdout.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		name, value, more := strings.Cut(strings.TrimSpace(line), " ")
		if !more {
			break
		}
		base := 16
		if strings.HasSuffix(name, "tid") {
			base = 10
		}
		if said[name], err = strconv.ParseUint(value, base, 64); err != nil {
			t.Fatal(err)
		}
	}
	inCall(t, tr.pid, unix.SYS_CLOCK_NANOSLEEP)
	inCall(t, int(said["other.tid"]), pauseCall)
	path := filepath.Join(t.TempDir(), "core")
	if _, err := snapshot.Capture(context.Background(), tr, path, nil); err != nil {
		t.Fatal(err)
	}
	s := open(t, path).State()

	p := s.Process
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	check("pid", p.PID, tr.pid)
	check("ppid", p.PPID, os.Getpid())
	check("name", p.Name, "program")
	check("arguments", strings.Join(p.Args, "|"), program+"|an argument|")
	check("uid", p.UIDs, [4]int{os.Getuid(), os.Geteuid(), os.Geteuid(), os.Geteuid()})
	check("umask", p.Facts["umask"], "0027")
	check("children", p.Facts["children"], "")
	check("brk", p.Layout.Brk, said["brk"])
	check("brk is exact", p.Layout.BrkRounded, false)
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if p.Exe.Path != program || p.Exe.Size == nil || *p.Exe.Size != info.Size() || p.Exe.MTime == nil || *p.Exe.MTime != info.ModTime().UnixNano() {
		t.Errorf("executable %+v", p.Exe)
	}

	check("caught signals", p.Signals.Caught&^(3<<31), bit(unix.SIGUSR1))   // but for the C library's own
	check("ignored signals", p.Signals.Ignored&^(3<<31), bit(unix.SIGPIPE)) // likewise, inherited
	if len(p.Signals.Actions) < 2 {
		t.Fatalf("actions %+v", p.Signals.Actions)
	}
	a := p.Signals.Actions[0]
	check("handler", a.Handler, said["handler"])
	check("mask of the handler", a.Mask, bit(unix.SIGHUP))
	check("flags of the handler", a.Flags&^0x04000000, uint64(0x10000000)) // SA_RESTART, without SA_RESTORER
	check("action of SIGPIPE", p.Signals.Actions[1], snapshot.SigAction{Signal: int(unix.SIGPIPE), Handler: 1, Flags: p.Signals.Actions[1].Flags, Restorer: p.Signals.Actions[1].Restorer, Mask: p.Signals.Actions[1].Mask})
	check("signals for the process", pending(p.Signals.Pending), int(unix.SIGTERM))

	i := slices.IndexFunc(p.Descriptors, func(d snapshot.Descriptor) bool { return d.FD == 7 })
	if i < 0 {
		t.Fatalf("descriptors %+v", p.Descriptors)
	}
	d := p.Descriptors[i]
	var st unix.Stat_t
	if err := unix.Stat(program, &st); err != nil {
		t.Fatal(err)
	}
	check("device of descriptor 7", d.Dev, fmt.Sprintf("%02x:%02x", unix.Major(st.Dev), unix.Minor(st.Dev)))
	check("inode of descriptor 7", d.Inode, st.Ino)
	d.Dev, d.Inode = "", 0
	d.Flags &= unix.O_ACCMODE // O_LARGEFILE differs between architectures
	check("descriptor 7", d, snapshot.Descriptor{FD: 7, Path: program, Kind: "file", Flags: unix.O_RDONLY, Pos: 1234})
	check("standard input", p.Descriptors[0].Kind, "pipe")

	if len(s.Threads) != 2 || s.Threads[0].TID != tr.pid {
		t.Fatalf("threads %+v", s.Threads)
	}
	main, other := &s.Threads[0], &s.Threads[1]
	check("blocked signals", main.SigMask, bit(unix.SIGTERM))
	check("alternate stack", *main.AltStack, snapshot.AltStack{SP: said["stack"], Size: 8192})
	check("address to clear", *main.ClearChildTID, said["clear"])
	check("robust list", main.RobustList.Head, said["robust"])
	check("restart", *main.Restart, snapshot.Restart{Call: uint64(unix.SYS_CLOCK_NANOSLEEP), Errno: 516})
	if !strings.Contains(strings.Join(s.Notes, "\n"), "waits in call") {
		t.Errorf("nothing is said about the time that is left: %q", s.Notes)
	}
	check("thread", other.TID, int(said["other.tid"]))
	check("name of the thread", other.Name, "o) R (1\uFFFD")
	check("alternate stack of the thread", *other.AltStack, snapshot.AltStack{SP: said["other.stack"], Size: 16384})
	check("blocked signals of the thread", other.SigMask, bit(unix.SIGTERM)|bit(unix.SIGUSR2))
	check("signals for the thread", pending(other.Pending), int(unix.SIGUSR2))
	check("restart of the thread", *other.Restart, snapshot.Restart{Call: pauseCall, Errno: 514})
	if other.Rseq == nil {
		t.Error("no rseq configuration")
	} else if other.Rseq.Area != 0 && other.Rseq.Signature == 0 {
		t.Errorf("rseq %+v", *other.Rseq)
	}
	if s.Host.Release == "" || len(s.Host.VDSO) != 64 || len(s.Host.CPUFlags) == 0 || len(s.Host.XSave) == 0 || s.Host.BootID == "" {
		t.Errorf("host %+v", s.Host)
	}
	if n := len(main.Set(0x202)); n < 576 {
		t.Errorf("an XSAVE image of %d bytes", n)
	}
	text, err := json.Marshal(s)
	t.Logf("%d bytes of state, %v", len(text), err)

	// The program goes on as if nothing had been.
	if err := unix.Kill(tr.pid, unix.SIGUSR1); err != nil {
		t.Error(err)
	}

	if stop := tr.next(t); stop.Signal != int(unix.SIGUSR1) {
		t.Errorf("stopped by %+v", stop)
	}
	if line, err := tr.stdout.ReadString('\n'); line != "alive\n" {
		t.Errorf("the program says %q, %v", line, err)
	}
}

func bit(sig unix.Signal) uint64 { return 1 << (sig - 1) }

// pending is the signal of the only siginfo in a list.
func pending(list [][]byte) int {
	if len(list) != 1 {
		return -len(list)
	}
	return int(binary.LittleEndian.Uint32(list[0]))
}

// TestLiveWithoutInjection: what only injected calls tell is unknown, and the
// state says so.
func TestLiveWithoutInjection(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	path := filepath.Join(t.TempDir(), "core")
	r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{NoInject: true})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, path).State()
	if s.Threads[0].AltStack != nil || s.Threads[0].ClearChildTID != nil || s.Process.Signals.Actions != nil {
		t.Errorf("known in spite of that: %+v", s.Threads[0])
	}
	if !s.Process.Layout.BrkRounded || s.Process.Layout.Brk <= s.Process.Layout.StartBrk {
		t.Errorf("layout %+v", s.Process.Layout)
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "no calls were injected") {
		t.Errorf("notes %q", r.Notes)
	}
}

// TestLiveDeadLeader: a process goes on without the thread that it is named
// after.
func TestLiveDeadLeader(t *testing.T) {
	tr := launch(t, compile(t, "leaderless.c"))
	for { // until the leader is a zombie
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/stat", tr.pid))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(") Z ")) {
			break
		}
	}
	for _, method := range []snapshot.Method{snapshot.StopCopy, snapshot.PreCopy} {
		path := filepath.Join(t.TempDir(), "core")
		r, err := snapshot.Capture(context.Background(), tr, path, &snapshot.Config{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, path).State()
		if s.Process.PID != tr.pid || len(s.Threads) != 1 || s.Threads[0].TID == tr.pid || r.Pages == 0 {
			t.Errorf("%+v of process %d, %d threads", r, s.Process.PID, len(s.Threads))
		}
		if s.Process.Layout.StartCode == 0 || len(s.Process.Auxv) == 0 || len(s.Process.Descriptors) == 0 {
			t.Errorf("process %+v", s.Process)
		}
	}
}
