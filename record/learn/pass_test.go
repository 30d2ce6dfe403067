package learn_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/record/cases"
	"warder/record/learn"
	"warder/record/trace"
	"warder/rules"
)

// decide gives a policy's verdict for an event.
func decide(t testing.TB, m *rules.Matcher, e *trace.Event, self uint32) rules.Verdict {
	t.Helper()
	c, err := cases.CallOf(e)
	if err != nil {
		t.Fatal(err)
	}
	return m.Decide(&c.Call, &rules.Context{Stage: rules.Main, Self: self})
}

// random makes an event of bytes: a call that does not need other things to be
// known, with values that are near each other.
func random(rng *rand.Rand, pid int) trace.Event {
	arch := abi.Native()
	names := []string{"openat", "read", "write", "close", "fcntl", "ioctl", "mmap", "prctl", "kill", "tgkill", "socket", "clone", "faccessat", "mkdirat", "lseek", "dup3", "execve", "clock_gettime"}
	e := trace.Event{Kind: trace.CallKind, PID: pid, TID: pid, Arch: arch.String(), Name: names[rng.IntN(len(names))], Value: fmt.Sprintf("%#x", rng.IntN(8))}
	if rng.IntN(6) == 0 {
		e.TID++
	}
	e.Number, _ = arch.Number(e.Name)
	sig, _ := arch.Lookup(e.Name)
	for _, a := range sig.Args {
		v := uint64(rng.IntN(5)) << []int{0, 0, 0, 6, 16}[rng.IntN(5)]
		switch rng.IntN(12) {
		case 0:
			v = ^uint64(0)
		case 1:
			v = rng.Uint64() &^ 0x00800000
		case 2:
			v = uint64(pid)
		}
		if a.Kind == abi.DirFD && rng.IntN(2) == 0 {
			v = 0xffffff9c // AT_FDCWD
		}
		if e.Name == "clone" {
			v &^= 0x00800000
		}
		arg := trace.Arg{Name: a.Name, Raw: fmt.Sprintf("%#x", v), Text: fmt.Sprint(v)}
		if a.Kind == abi.Path {
			arg.Path = []string{"/a", "/a/b", "/a/b/c", "/a/b/d", "/tmp/x", "/dev/null", "/proc/self/maps", "rel", "/q w", "/\u00e9"}[rng.IntN(10)]
		}
		e.Args = append(e.Args, arg)
	}
	if rng.IntN(4) == 0 {
		e.Errno, e.Value = []string{"ENOENT", "EACCES", "EINVAL", "ENOTTY"}[rng.IntN(4)], "0xffffffffffffffff"
	}
	return e
}

// passes holds a policy against what it was learned from.
func passes(t testing.TB, text string, events []trace.Event, dir string) {
	t.Helper()
	p := parsed(t, text)
	m := rules.NewMatcher(p, abi.Native())
	for i := range events {
		e := &events[i]
		if i == 0 && e.Name == "execve" && e.Errno == "" {
			continue // the launch
		}
		if v := decide(t, m, e, 100); v.Action.Kind != rules.Allow {
			t.Fatalf("%+v was seen, and it is %v\n%s", e, v.Action, text)
		}
		if e.Errno != "" || slices.ContainsFunc(events[:i], func(e trace.Event) bool { return e.Name == "dup3" || e.Name == "openat" }) {
			continue // paths below descriptors are the learner's own to follow
		}
		c, err := cases.CallOf(e)
		if err != nil {
			t.Fatal(err)
		}
		for j, name := range c.Paths {
			if name != "" && !strings.HasPrefix(name, "/") {
				if at := rules.DirArg(e.Name, j); at >= 0 && uint32(c.Call.Args[at]) != 0xffffff9c {
					c.Paths[j] = "" // below a descriptor that nobody knows: the learner says so
					continue
				}
				c.Paths[j] = dir + "/" + name
			}
			if strings.HasPrefix(name, "/proc/self") {
				c.Paths[j] = "/proc/1"
			}
		}
		for _, a := range p.Advise(e.Name, &c.Call.Args, rules.Main, func(i int) (string, bool) { return c.Paths[i], true }) {
			made := a.Missing && (strings.HasPrefix(a.Path, "/dev/") || strings.HasPrefix(a.Path, "/proc/"))
			if a.Path != "" && (!a.Granted || a.Missing && !made) {
				t.Fatalf("%+v was seen, and %+v\n%s", e, a, text)
			}
		}
	}
}

func learnTwice(t testing.TB, seed uint64, threshold int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	opt := learn.Options{Dir: "/w", Interpreters: func(string) []string { return nil }, Generalise: threshold}
	run := func() []trace.Event {
		var events []trace.Event
		for range 1 + rng.IntN(30) {
			events = append(events, random(rng, 100))
		}
		return events
	}
	first, second := run(), run()
	text, _ := learned(t, opt, "", first)
	passes(t, text, first, "/w")
	both, _ := learned(t, opt, text, second)
	passes(t, both, first, "/w")
	passes(t, both, second, "/w")
	if again, _ := learned(t, opt, both, nil); again != both {
		t.Fatalf("merged with nothing:\n%s\nit was\n%s", again, both)
	}
	// A merge is no narrower and no wider than both at once, but for what
	// depends on the number of runs.
	if other, _ := learned(t, opt, text, second); other != both {
		t.Fatalf("the same twice is not the same:\n%s\nand\n%s", both, other)
	}
}

// TestPasses: what was seen passes, in this run and the next ones.
func TestPasses(t *testing.T) {
	rounds := uint64(100)
	if testing.Short() {
		rounds = 20
	}
	for seed := range rounds {
		learnTwice(t, seed, int(seed%4)*2)
	}
}

func FuzzLearn(f *testing.F) {
	f.Add(uint64(1), 0)
	f.Add(uint64(2), 3)
	f.Fuzz(func(t *testing.T, seed uint64, threshold int) {
		if threshold == 1 {
			threshold = 2
		}
		learnTwice(t, seed, threshold)
	})
}

// FuzzTrace: a trace can make no panic, and no policy that is none.
func FuzzTrace(f *testing.F) {
	s := &script{f, 100, 100}
	_ = s
	f.Add([]byte(`{"event":"call","pid":100,"tid":100,"arch":"x86_64","number":257,"syscall":"openat","args":[{"name":"dfd","raw":"0xffffff9c","text":"AT_FDCWD"},{"name":"filename","raw":"0x1","text":"\"/x\"","path":"/x"},{"name":"flags","raw":"0x241","text":"O_WRONLY"}],"return":"0x3"}`))
	f.Add([]byte(`{"event":"call","pid":100,"tid":100,"arch":"x86_64","number":435,"syscall":"clone3","args":[{"name":"uargs","raw":"0x1","text":"{flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}"},{"name":"size","raw":"0x58","text":"88"}],"return":"0x65"}` + "\n" +
		`{"event":"birth","pid":101,"tid":101,"parent":100}` + "\n" + `{"event":"end","pid":101,"tid":101,"exit":0}`))
	f.Add([]byte(`{"event":"call","pid":1,"tid":1,"arch":"x86_64","number":42,"syscall":"connect","args":[{"name":"uservaddr","raw":"0x1","text":"{sa_family=AF_UNIX, sun_path=@\"\\0x\"}"}],"verdict":{"action":"errno(EPERM)","rule":"x:1"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := cases.NewReader("t", strings.NewReader(string(data)))
		l := learn.New(learn.Options{})
		for {
			line, err := r.Next()
			if err != nil || l.Add(&line.Event) != nil {
				break
			}
		}
		l.End()
		text, err := l.Policy("", nil)
		if err != nil {
			return
		}
		if strings.Count(string(text), "\n") > 100+20*strings.Count(string(data), "\n")+len(data) {
			t.Fatal("a policy that is longer than its trace")
		}
		parsed(t, string(text))
	})
}
