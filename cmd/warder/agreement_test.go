package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// agreement is how far two transcripts of a command are the same.
type agreement struct {
	lines, equal int // of the longer one of each thread; of these equal, in order
	differences  []difference
}

// difference is one place. Either side may have nothing there.
type difference struct {
	thread       string
	theirs, ours string
}

func (d difference) String() string {
	const none = "(nothing)"
	theirs, ours := d.theirs, d.ours
	if theirs == "" {
		theirs = none
	}
	if ours == "" {
		ours = none
	}
	return fmt.Sprintf("thread %s\n    strace: %s\n    warder: %s", d.thread, theirs, ours)
}

// percent is 100 where there is nothing to compare.
func (a *agreement) percent() float64 {
	if a.lines == 0 {
		return 100
	}
	return 100 * float64(a.equal) / float64(a.lines)
}

func (a *agreement) add(b *agreement) {
	a.lines, a.equal = a.lines+b.lines, a.equal+b.equal
}

// compareTranscripts aligns the lines of each thread: their longest common
// part, in which addresses are taken for equal, is looked at once more with
// them. An address of one stands for one of the other, the same every time
// until it is told of anew.
func compareTranscripts(theirs, ours *transcript) *agreement {
	a := new(agreement)
	var names []string
	for name := range theirs.threads {
		names = append(names, name)
	}
	for name := range ours.threads {
		if _, both := theirs.threads[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a.thread(name, theirs.threads[name], ours.threads[name])
	}
	return a
}

func (a *agreement) thread(name string, theirs, ours []string) {
	a.lines += max(len(theirs), len(ours))
	known := map[string]string{}
	i, j := 0, 0
	for _, pair := range append(align(shapes(theirs), shapes(ours)), [2]int{len(theirs), len(ours)}) {
		a.differ(name, theirs[i:pair[0]], ours[j:pair[1]])
		i, j = pair[0], pair[1]
		if i == len(theirs) {
			break
		}
		if sameAddresses(theirs[i], ours[j], known) {
			a.equal++
		} else {
			a.differ(name, theirs[i:i+1], ours[j:j+1])
		}
		i, j = i+1, j+1
	}
}

// differ pairs what is in one place: lines of the same call are told of
// together.
func (a *agreement) differ(thread string, theirs, ours []string) {
	for len(theirs) > 0 || len(ours) > 0 {
		d := difference{thread: thread}
		switch {
		case len(theirs) == 0:
			d.ours, ours = ours[0], ours[1:]
		case len(ours) == 0:
			d.theirs, theirs = theirs[0], theirs[1:]
		case callOf(theirs[0]) == callOf(ours[0]):
			d.theirs, d.ours, theirs, ours = theirs[0], ours[0], theirs[1:], ours[1:]
		case slices.ContainsFunc(ours, func(s string) bool { return callOf(s) == callOf(theirs[0]) }):
			d.ours, ours = ours[0], ours[1:]
		default:
			d.theirs, theirs = theirs[0], theirs[1:]
		}
		a.differences = append(a.differences, d)
	}
}

func callOf(line string) string {
	if end := strings.IndexAny(line, "({"); end > 0 {
		return line[:end]
	}
	return line
}

func shapes(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = bigAddress.ReplaceAllString(line, "ADDRESS")
	}
	return out
}

func sameAddresses(theirs, ours string, known map[string]string) bool {
	a, b := bigAddress.FindAllString(theirs, -1), bigAddress.FindAllString(ours, -1)
	same := len(a) == len(b)
	for i := range min(len(a), len(b)) {
		was, met := known[a[i]]
		if met && was != b[i] && a[i] != b[i] {
			same = false
		}
		known[a[i]] = b[i]
	}
	return same
}

// align finds a longest common subsequence of two lists, as pairs of indexes:
// Myers' way, by the fewest lines to leave out.
func align(a, b []string) [][2]int {
	first := 0
	for first < len(a) && first < len(b) && a[first] == b[first] {
		first++
	}
	size := len(a) + len(b)
	// reach[k] is how far along a a path on the diagonal k comes; rounds keeps
	// them for the way back.
	reach := make([]int, 2*size+3)
	at := func(k int) int { return k + size + 1 }
	var rounds [][]int
	for cost := 0; cost <= size; cost++ {
		rounds = append(rounds, slices.Clone(reach[at(-cost-1):at(cost+1)+1]))
		for k := -cost; k <= cost; k += 2 {
			x := 0
			switch {
			case cost == 0:
				x = first
			case k == -cost || k != cost && reach[at(k-1)] < reach[at(k+1)]:
				x = reach[at(k+1)]
			default:
				x = reach[at(k-1)] + 1
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reach[at(k)] = x
			if x >= len(a) && x-k >= len(b) {
				return trail(rounds, len(a), len(b))
			}
		}
	}
	return nil
}

// trail walks back what align has found.
func trail(rounds [][]int, x, y int) [][2]int {
	var pairs [][2]int
	for cost := len(rounds) - 1; cost >= 0; cost-- {
		before, k := rounds[cost], x-y
		at := func(k int) int { return before[k+cost+1] }
		px, py := 0, 0
		if cost > 0 {
			prev := k - 1
			if k == -cost || k != cost && at(k-1) < at(k+1) {
				prev = k + 1
			}
			px = at(prev)
			py = px - prev
		}
		for x > px && y > py {
			x, y = x-1, y-1
			pairs = append(pairs, [2]int{x, y})
		}
		x, y = px, py
	}
	slices.Reverse(pairs)
	return pairs
}

// structured is the beginning of what strace takes apart.
var structured = regexp.MustCompile(`[{\["]`)

// undecoded reports whether all that a line of ours has less than strace's is
// a structure, which is an address in ours.
func (d difference) undecoded() bool {
	if d.theirs == "" || d.ours == "" || callOf(d.theirs) != callOf(d.ours) {
		return false
	}
	start := 0
	for start < min(len(d.theirs), len(d.ours)) && d.theirs[start] == d.ours[start] {
		start++
	}
	start = strings.LastIndexAny(d.ours[:start], " (") + 1
	end := strings.IndexAny(d.ours[start:], ",)")
	if end < 0 {
		return false
	}
	return bigAddress.MatchString(d.ours[start:start+end]) && structured.MatchString(d.theirs[start:start+1]) &&
		strings.HasSuffix(d.theirs, d.ours[start+end:])
}

// TestTranscript: what is made equal, and what is not.
func TestTranscript(t *testing.T) {
	read := func(text string) *transcript {
		t.Helper()
		r, err := newTranscript(text, map[string]string{"7000": "TRACER"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one := read(`100   getppid() = 7000
100   clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
101   getpid() = 101
100   <... clone resumed>) = 101
100   read(3,  <unfinished ...>
101   mmap(NULL, 4096) = 0x7f0000001000
101   munmap(0x7f0000001000, 4096) = 0
101   exit_group(0) = ?
101   +++ exited with 0 +++
100   <... read resumed>"a\101b", 10)   = 2
100   --- SIGCHLD {si_pid=101, si_utime=3} ---
`)
	two := read(`4711  getppid()   = 7000
4711  clone(child_stack=NULL, flags=SIGCHLD) = 4712
4711  read(3, "a\101b", 10) = 2
4712  getpid( <unfinished ...>
4711  --- SIGCHLD {si_pid=4712, si_utime=0} ---
4712  <... getpid resumed>) = 4712
4712  mmap(NULL, 4096) = 0x7f0000002000
4712  munmap(0x7f0000002000, 4096) = 0
4712  exit_group(0) = ?
4712  +++ exited with 0 +++
`)
	if a := compareTranscripts(one, two); a.percent() != 100 || a.lines != 9 {
		t.Errorf("%+v", a)
	}
	three := read(`4711  getppid()   = 7001
4711  clone(child_stack=NULL, flags=SIGCHLD) = 4712
4711  read(3, 0x7f0000002000, 10) = 2
4711  --- SIGCHLD {si_pid=4711, si_utime=0} ---
4712  getpid() = 4712
4712  gettid() = 4712
4712  mmap(NULL, 4096) = 0x7f0000002000
4712  munmap(0x7f0000003000, 4096) = 0
4712  exit_group(0) = ?
4712  +++ exited with 0 +++
`)
	a := compareTranscripts(one, three)
	var told []string
	for _, d := range a.differences {
		told = append(told, fmt.Sprintf("%s|%s|%s|%v", d.thread, d.theirs, d.ours, d.undecoded()))
	}
	want := []string{
		`0|getppid() = TRACER|getppid() = 7001|false`,
		`0|read(3, "a\101b", 10) = 2|read(3, 0x7f0000002000, 10) = 2|true`,
		`0|--- SIGCHLD {si_pid=T0.1, si_utime=N} ---|--- SIGCHLD {si_pid=T0, si_utime=N} ---|false`,
		`0.1||gettid() = T0.1|false`,
		`0.1|munmap(0x7f0000001000, 4096) = 0|munmap(0x7f0000003000, 4096) = 0|false`,
	}
	if !slices.Equal(told, want) || a.lines != 10 || a.equal != 5 {
		t.Errorf("%d of %d equal:\n%s", a.equal, a.lines, strings.Join(told, "\n"))
	}
	for _, bad := range []string{"nothing\n", "100 <... read resumed>) = 0\n"} {
		if _, err := newTranscript(bad, nil); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestAlign(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 3}, {"abcabba", "cbabac", 4}, {"abc", "", 0}, {"", "abc", 0}, {"xabcy", "abc", 3}, {"abc", "def", 0}, {"aab", "abb", 2}} {
		pairs := align(strings.Split(c.a, ""), strings.Split(c.b, ""))
		if len(pairs) != c.want {
			t.Errorf("%s and %s have %v in common, want %d", c.a, c.b, pairs, c.want)
		}
		for i, p := range pairs {
			if c.a[p[0]] != c.b[p[1]] || i > 0 && (p[0] <= pairs[i-1][0] || p[1] <= pairs[i-1][1]) {
				t.Errorf("%s and %s: pair %v", c.a, c.b, p)
			}
		}
	}
}
