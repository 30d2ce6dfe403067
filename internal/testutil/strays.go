package testutil

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// strayGrace is how long what was left may take to go by itself.
const strayGrace = 2 * time.Second

// Snapshot is what this process owns at one moment: its descendants (zombies
// included), its open descriptors and the goroutines that keep a thread to
// themselves. Other threads are not counted: the runtime starts one for every
// call that blocks while another goroutine could run, and keeps it.
type Snapshot struct {
	children    map[int]string
	descriptors map[int]string
	locked      map[string]string // goroutines' stacks by their numbers
}

// TakeSnapshot looks at this process.
func TakeSnapshot() Snapshot {
	// The runtime's poller opens descriptors with the first pipe and keeps them.
	if r, w, err := os.Pipe(); err == nil {
		_, _ = r.Close(), w.Close()
	}
	return look()
}

func look() Snapshot {
	return Snapshot{children: descendants(os.Getpid()), descriptors: descriptors(), locked: lockedGoroutines()}
}

// NoStrays fails the test if, after a short grace, this process has
// descendants, open descriptors or goroutines locked to a thread that it had not
// at the snapshot. It judges the whole process, so nothing may run in parallel.
func NoStrays(t testing.TB, before Snapshot) {
	t.Helper()
	deadline := time.Now().Add(strayGrace)
	for {
		strays := before.strays(look())
		if len(strays) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left behind:\n\t%s", strings.Join(strays, "\n\t"))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s Snapshot) strays(now Snapshot) []string {
	var found []string
	for pid, what := range now.children {
		if s.children[pid] == "" {
			found = append(found, fmt.Sprintf("process %d: %s", pid, what))
		}
	}
	for fd, what := range now.descriptors {
		if s.descriptors[fd] != what {
			found = append(found, fmt.Sprintf("descriptor %d: %s", fd, what))
		}
	}
	for id, stack := range now.locked {
		if s.locked[id] == "" {
			found = append(found, "goroutine with a thread to itself: "+stack)
		}
	}
	slices.Sort(found)
	return found
}

// lockedGoroutines lists the goroutines that called runtime.LockOSThread, by
// number, but for the caller's own.
func lockedGoroutines() map[string]string {
	stacks := make([]byte, 1<<16)
	for {
		n := runtime.Stack(stacks, true)
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	locked := map[string]string{}
	for i, stack := range strings.Split(string(stacks), "\n\n") {
		// goroutine 18 [chan receive, locked to thread]:
		head, _, _ := strings.Cut(stack, "\n")
		if i > 0 && strings.Contains(head, "locked to thread") {
			id, _, _ := strings.Cut(head, " [")
			locked[id] = stack
		}
	}
	return locked
}

func descriptors() map[int]string {
	open := map[int]string{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// The descriptor that listed the directory is closed by now.
		if to, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name())); err == nil {
			open[fd] = to
		}
	}
	return open
}

// Reap waits for this process's children that are dead. It looks for them
// first: a wait4(2) for any child would also take the stops of what a thread of
// this process traces just then, whose tracer would wait for them for ever.
func Reap() {
	for pid, what := range descendants(os.Getpid()) {
		if strings.HasSuffix(what, fmt.Sprintf(", state Z, parent %d", os.Getpid())) {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG|unix.WALL, nil) // ECHILD: somebody else has
		}
	}
}

// descendants are the processes below root, by pid, each with its name, state
// and parent. Zombies count: they are what somebody forgot to wait for.
func descendants(root int) map[int]string {
	type process struct {
		parent int
		what   string
	}
	all := map[int]process{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state parent ...; the name may hold anything.
		text := string(stat)
		open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
		if open < 0 || end < open {
			continue
		}
		fields := strings.Fields(text[end+1:])
		if len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			continue
		}
		all[pid] = process{parent, fmt.Sprintf("%s, state %s, parent %d", text[open+1:end], fields[0], parent)}
	}
	below := map[int]string{}
	for pid, p := range all {
		for up, steps := p.parent, 0; up != 0 && steps < len(all); up, steps = all[up].parent, steps+1 {
			if up == root {
				below[pid] = p.what
				break
			}
		}
	}
	return below
}

// Descendants are the pids of the processes below this one, zombies included.
func Descendants() []int {
	below := descendants(os.Getpid())
	pids := make([]int, 0, len(below))
	for pid := range below {
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids
}
