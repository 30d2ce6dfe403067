package page_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"warder/abi"
	"warder/record/page"
	"warder/record/trace"
)

var began = time.Date(2026, 7, 27, 9, 41, 7, 250_000_000, time.UTC)

// made is a recording that is made up: of python3 with threads that fetch, a
// gzip that it starts, and a call that its policy does not allow.
type made struct {
	random *rand.Rand
	events []trace.Event
	now    map[int]time.Duration // where each thread is, from began
	pid    map[int]int
}

func newMade() *made {
	return &made{random: rand.New(rand.NewPCG(3, 8)), now: map[int]time.Duration{}, pid: map[int]int{}}
}

// some is a time around the one given, seldom much longer.
func (m *made) some(d time.Duration) time.Duration {
	f := 0.4 + m.random.ExpFloat64()*0.6
	if m.random.IntN(40) == 0 {
		f *= 8
	}
	return time.Duration(float64(d) * f)
}

// call adds one that begins after a pause: "openat(dfd=AT_FDCWD, …)".
func (m *made) call(tid int, pause, took time.Duration, name, result string, args ...string) *trace.Event {
	m.now[tid] += m.some(pause)
	e := trace.Event{Kind: trace.CallKind, PID: m.pid[tid], TID: tid, Time: began.Add(m.now[tid]), Duration: took, Arch: "x86_64", Name: name, Result: result}
	m.now[tid] += took
	e.Number, _ = abi.X86_64.Number(name)
	for i, arg := range args {
		key, text, _ := strings.Cut(arg, "=")
		a := trace.Arg{Name: key, Text: text, Raw: fmt.Sprintf("0x%x", 0x7ffd_2000_0000+len(text)*16)}
		switch {
		case strings.HasPrefix(text, "0x"):
			a.Raw = text
		case text == "AT_FDCWD":
			a.Raw = "0xffffff9c"
		case strings.HasPrefix(text, `"/`):
			a.Path = strings.Trim(text, `"`)
		case len(text) < 5 && text[0] >= '0' && text[0] <= '9':
			a.Raw = fmt.Sprintf("0x%s", text)
		case strings.Contains(text, "_"):
			a.Raw = fmt.Sprintf("0x%x", len(args)*i+0x80)
		}
		e.Args = append(e.Args, a)
	}
	if _, rest, failed := strings.Cut(result, "-1 "); failed {
		e.Errno, _, _ = strings.Cut(rest, " ")
		e.Value = "0xfffffffffffffffe"
	} else if result != "?" {
		e.Value = "0x" + strings.TrimPrefix(result, "0x")
	}
	m.events = append(m.events, e)
	return &m.events[len(m.events)-1]
}

func (m *made) event(tid int, e trace.Event) {
	e.PID, e.TID, e.Time = m.pid[tid], tid, began.Add(m.now[tid])
	m.events = append(m.events, e)
}

func (m *made) birth(tid, pid, parent int) {
	m.pid[tid], m.now[tid] = pid, m.now[parent]
	m.event(tid, trace.Event{Kind: trace.BirthKind, Parent: parent})
}

const us, ms = time.Microsecond, time.Millisecond

// load is what a loader does.
func (m *made) load(tid int, program string, libraries ...string) {
	m.call(tid, 5*us, m.some(400*us), "execve", "0", `pathname="/usr/bin/`+program+`"`, `argv=["`+program+`", ...]`, "envp=0x7ffd1c3b9a58 /* 22 vars */")
	m.call(tid, 90*us, m.some(2*us), "brk", "0x5581c0a51000", "addr=NULL")
	m.call(tid, 30*us, m.some(6*us), "access", "-1 ENOENT (No such file or directory)", `pathname="/etc/ld.so.preload"`, "mode=R_OK")
	for _, library := range libraries {
		m.call(tid, 8*us, m.some(9*us), "openat", "3", "dfd=AT_FDCWD", `filename="/lib/x86_64-linux-gnu/`+library+`"`, "flags=O_RDONLY|O_CLOEXEC")
		m.call(tid, 3*us, m.some(3*us), "read", "832", "fd=3", `buf="\177ELF\2\1\1\3\0\0\0\0\0\0\0\0"...`, "count=832")
		m.call(tid, 3*us, m.some(2*us), "fstat", "0", "fd=3", "statbuf={st_mode=S_IFREG|0755, st_size=1922136, ...}")
		for range 4 {
			m.call(tid, 6*us, m.some(7*us), "mmap", "0x7f42c1e00000", "addr=NULL", "length=1970000", "prot=PROT_READ|PROT_EXEC", "flags=MAP_PRIVATE|MAP_DENYWRITE", "fd=3", "offset=0x26000")
		}
		m.call(tid, 2*us, m.some(1*us), "close", "0", "fd=3")
	}
	m.call(tid, 20*us, m.some(5*us), "mprotect", "0", "addr=0x7f42c1fd0000", "len=16384", "prot=PROT_READ")
	m.call(tid, 20*us, m.some(11*us), "munmap", "0", "addr=0x7f42c2010000", "len=27483")
	m.call(tid, 9*us, m.some(1*us), "rt_sigaction", "0", "signum=SIGINT", "act={sa_handler=0x55d0c04b1d30, sa_mask=[], sa_flags=SA_RESTORER|SA_ONSTACK, sa_restorer=0x7f42c1e3c050}", "oldact={sa_handler=SIG_DFL}", "sigsetsize=8")
}

func (m *made) modules(tid, n int) {
	for i := range n {
		name := []string{"json", "socket", "ssl", "threading", "selectors", "email", "urllib", "hashlib", "gzip", "queue"}[i%10]
		m.call(tid, 25*us, m.some(4*us), "newfstatat", "-1 ENOENT (No such file or directory)", "dfd=AT_FDCWD", `filename="/usr/local/lib/python3.11/`+name+`.py"`, "statbuf=0x7ffd1c3b8e10", "flag=0")
		m.call(tid, 5*us, m.some(5*us), "newfstatat", "0", "dfd=AT_FDCWD", `filename="/usr/lib/python3.11/`+name+`.py"`, "statbuf={st_mode=S_IFREG|0644, st_size=13543, ...}", "flag=0")
		m.call(tid, 5*us, m.some(9*us), "openat", "3", "dfd=AT_FDCWD", `filename="/usr/lib/python3.11/__pycache__/`+name+`.cpython-311.pyc"`, "flags=O_RDONLY|O_CLOEXEC")
		m.call(tid, 3*us, m.some(14*us), "read", "13312", "fd=3", `buf="\247\r\r\n\0\0\0\0\322\220\36g\1\342\0\0"...`, "count=13313")
		m.call(tid, 2*us, m.some(1*us), "close", "0", "fd=3")
		if i%4 == 3 {
			m.call(tid, 60*us, m.some(9*us), "mmap", "0x7f42c0900000", "addr=NULL", "length=1048576", "prot=PROT_READ|PROT_WRITE", "flags=MAP_PRIVATE|MAP_ANONYMOUS", "fd=-1", "offset=0")
		}
	}
}

func (m *made) fetch(tid, rounds int) {
	for i := range rounds {
		m.call(tid, 40*us, m.some(12*us), "socket", "5", "family=AF_INET", "type=SOCK_STREAM|SOCK_CLOEXEC", "protocol=IPPROTO_TCP")
		m.call(tid, 10*us, m.some(900*us), "connect", "0", "fd=5", `uservaddr={sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}`, "addrlen=16")
		m.call(tid, 15*us, m.some(18*us), "sendto", "118", "fd=5", `buff="GET /part/`+fmt.Sprint(i)+` HTTP/1.1\r\nHost: lo"...`, "len=118", "flags=MSG_NOSIGNAL", "addr=NULL", "addr_len=0")
		for range 2 + m.random.IntN(4) {
			m.call(tid, 6*us, m.some(1200*us), "poll", "1", "ufds=[{fd=5, events=POLLIN}]", "nfds=1", "timeout=5000")
			m.call(tid, 4*us, m.some(11*us), "recvfrom", "16384", "fd=5", `ubuf="\37\213\10\0\0\0\0\0\2\377\354\275"...`, "size=16384", "flags=0", "addr=NULL", "addr_len=NULL")
		}
		m.call(tid, 30*us, m.some(2*us), "clock_gettime", "0", "which_clock=CLOCK_MONOTONIC", "tp={tv_sec=81273, tv_nsec=404211873}")
		m.call(tid, 5*us, m.some(14*us), "write", "16384", "fd=6", `buf="\0\0\0\34ftypisom"...`, "count=16384")
		m.call(tid, 3*us, m.some(9*us), "close", "0", "fd=5")
		m.call(tid, 10*us, m.some(1600*us), "futex", "0", "uaddr=0x55d0c2a1e9a0", "op=FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME", "val=0", "timeout=NULL", "uaddr2=NULL", "val3=FUTEX_BITSET_MATCH_ANY")
	}
}

// recording makes it.
func recording() []trace.Event {
	m := newMade()
	const python, gzip = 4120, 4126
	m.pid[python] = python
	m.load(python, "python3", "libm.so.6", "libz.so.1", "libexpat.so.1", "libc.so.6")
	m.modules(python, 60)
	workers := []int{4121, 4122, 4123, 4124}
	for _, tid := range workers {
		m.call(python, 150*us, m.some(40*us), "clone3", fmt.Sprint(tid), "uargs={flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS, ...}", "size=88")
		m.birth(tid, python, python)
		m.call(tid, 20*us, m.some(2*us), "set_robust_list", "0", "head=0x7f42be7fc9a0", "len=24")
		m.fetch(tid, 9)
	}
	m.call(python, 50*us, 31*ms, "futex", "0", "uaddr=0x55d0c2a1e9a0", "op=FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME", "val=0", "timeout=NULL", "uaddr2=NULL", "val3=FUTEX_BITSET_MATCH_ANY")
	m.call(python, 300*us, m.some(90*us), "vfork", fmt.Sprint(gzip))
	m.birth(gzip, gzip, python)
	m.load(gzip, "gzip", "libc.so.6")
	for range 130 {
		m.call(gzip, 40*us, m.some(12*us), "read", "32768", "fd=0", `buf="\0\0\0\34ftypisom\0\0\2\0"...`, "count=32768")
		m.call(gzip, 90*us, m.some(16*us), "write", "16384", "fd=1", `buf="\37\213\10\0\0\0\0\0\0\3"...`, "count=16384")
	}
	m.call(gzip, 10*us, 0, "exit_group", "?", "error_code=0")
	zero := 0
	m.event(gzip, trace.Event{Kind: trace.EndKind, Exit: &zero})
	m.call(python, 20*us, m.now[gzip]-m.now[python], "wait4", fmt.Sprint(gzip), "upid="+fmt.Sprint(gzip), "stat_addr=[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]", "options=0", "ru=NULL")
	m.event(python, trace.Event{Kind: trace.SignalKind, Signal: "SIGCHLD", Text: "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4126, si_uid=1000, si_status=0, si_utime=1 /* 0.01 s */, si_stime=0}"})
	m.modules(python, 14)
	m.call(python, 200*us, 2*ms, "clock_nanosleep", "0", "which_clock=CLOCK_REALTIME", "flags=0", "rqtp={tv_sec=0, tv_nsec=2000000}", "rmtp=NULL")
	bad := m.call(python, 90*us, 0, "openat", "?", "dfd=AT_FDCWD", `filename="/etc/shadow"`, "flags=O_RDONLY|O_CLOEXEC")
	bad.Verdict = &trace.Verdict{Action: "kill", Rule: "fetch.yaml:31: kill (nothing outside of /usr and /srv may be opened)"}
	bad.Stack = []string{
		"__open64_nocancel+0x45 (/usr/lib/x86_64-linux-gnu/libc.so.6) open64_nocancel.c:39",
		"_io_FileIO___init__+0x4f1 (/usr/bin/python3.11) fileio.c:386", "_PyObject_MakeTpCall+0x25b (/usr/bin/python3.11)",
		"_PyEval_EvalFrameDefault+0x5f3c (/usr/bin/python3.11)", "main+0x22 (/usr/bin/python3.11) python.c:15",
	}
	// All die of it; what a thread was in does not return.
	died := began.Add(m.now[python] + 160*us)
	m.events = slices.DeleteFunc(m.events, func(e trace.Event) bool { return e.Time.After(died) })
	for i := range m.events {
		if e := &m.events[i]; e.Time.Add(e.Duration).After(died) {
			e.Duration, e.Result, e.Value = died.Sub(e.Time), "?", ""
		}
	}
	for _, tid := range append(workers, python) {
		m.now[tid] = died.Sub(began)
		m.event(tid, trace.Event{Kind: trace.EndKind, Signal: "SIGKILL"})
	}
	// Told of when they have returned.
	slices.SortStableFunc(m.events, func(a, b trace.Event) int { return a.Time.Add(a.Duration).Compare(b.Time.Add(b.Duration)) })
	return m.events
}

var recordingOptions = page.Options{
	Command: []string{"python3", "fetch.py", "--jobs", "4", "--out", "parts of it"},
	Policy:  "fetch.yaml", Version: "1.0",
}

// written gives the page of events.
func written(t testing.TB, opt page.Options, outcome string, events []trace.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := page.New(&b, opt)
	for i := range events {
		if err := w.Add(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	w.Outcome(outcome)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// many is a recording of n calls by 16 threads.
func many(n int) []trace.Event {
	events := make([]trace.Event, 0, n)
	for i := range n {
		tid := 700 + i%16
		e := trace.Event{Kind: trace.CallKind, PID: 700, TID: tid, Time: began.Add(time.Duration(i) * 3 * us), Duration: time.Duration(1+i%37) * us, Arch: "x86_64", Value: "0x1"}
		switch i % 5 {
		case 0:
			e.Name, e.Number, e.Result = "openat", 257, "3"
			e.Args = []trace.Arg{{Name: "dfd", Raw: "0xffffff9c", Text: "AT_FDCWD"}, {Name: "filename", Raw: "0x7f0000001000", Text: fmt.Sprintf(`"/srv/data/%d"`, i), Path: fmt.Sprintf("/srv/data/%d", i)}, {Name: "flags", Raw: "0x0", Text: "O_RDONLY"}}
		case 1:
			e.Name, e.Number, e.Result, e.Errno = "newfstatat", 262, "-1 ENOENT (No such file or directory)", "ENOENT"
			e.Args = []trace.Arg{{Name: "dfd", Raw: "0xffffff9c", Text: "AT_FDCWD"}, {Name: "filename", Raw: "0x7f0000002000", Text: `"/srv/none"`, Path: "/srv/none"}}
		default:
			e.Name, e.Number, e.Result = []string{"read", "write", "futex"}[i%3], uint32(i%3), "0"
			e.Args = []trace.Arg{{Name: "fd", Raw: "0x3", Text: "3"}, {Name: "buf", Raw: fmt.Sprintf("0x7f00%08x", i*64), Text: fmt.Sprintf("0x7f00%08x", i*64)}, {Name: "count", Raw: "0x40", Text: "64"}}
		}
		events = append(events, e)
	}
	return events
}
