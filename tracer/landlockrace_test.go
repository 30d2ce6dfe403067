package tracer_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/rules"
	"warder/tracer"
)

// raceRounds is how often a race is run.
const raceRounds = 100_000

// raced is what the program landlockrace says.
type raced struct{ opened, refused, leaked, lost, unsure int }

// race holds the program while meanwhile runs, again and again.
func race(t *testing.T, policy *rules.Policy, dir string, argv []string, meanwhile func() error) raced {
	t.Helper()
	begin, end, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		select {
		case <-begin:
		case <-end:
		}
		for {
			select {
			case <-end:
				failed <- nil
				return
			default:
			}
			if err := meanwhile(); err != nil {
				failed <- err
				return
			}
		}
	}()
	r, out, err := tryHold(t, tracer.Config{
		Path: testprog.Program(t, "landlockrace"), Args: argv, Policy: policy, Dir: dir, Without: besideLandlock,
		Limits: tracer.Limits{CPU: tracer.Unlimited, Wall: tracer.Unlimited},
		Hooks:  tracer.Hooks{Entry: func(*tracer.Tracee) { close(begin) }}, // its files were found where they were
	})
	close(end)
	if err := errors.Join(err, <-failed); err != nil {
		t.Fatal(err)
	}
	var n raced
	if _, err := fmt.Sscanf(out, "opened %d refused %d leaked %d lost %d unsure %d", &n.opened, &n.refused, &n.leaked, &n.lost, &n.unsure); err != nil {
		t.Fatalf("%s %v: %q: %v", fate(r), r.Violation, out, err)
	}
	t.Logf("%+v", n)
	return n
}

const raceRules = "syscalls:\n  - {calls: [open, openat], when: {flags: {mask: O_ACCMODE, eq: O_RDONLY}}, action: allow}\n"

// TestLiveLandlockLinkRace swaps a symbolic link between a granted and a
// forbidden file. The kernel judges the file that it found, not the name.
func TestLiveLandlockLinkRace(t *testing.T) {
	needABI(t, 1)
	noStrays(t)
	top := playground(t, "in", "out")
	link, spare := filepath.Join(top, "in/link"), filepath.Join(top, "in/spare")
	for name, text := range map[string]string{"in/f": "granted", "out/f": "forbidden"} {
		if err := os.WriteFile(filepath.Join(top, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{link: "../in/f", spare: "../out/f"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	swap := func() error {
		if err := unix.Renameat2(unix.AT_FDCWD, link, unix.AT_FDCWD, spare, unix.RENAME_EXCHANGE); err != nil {
			return fmt.Errorf("exchange of links: %w", err)
		}
		return nil
	}
	argv := args("link", link, strconv.Itoa(raceRounds))
	bare := race(t, onTopOf(t, "compute", "paths: unrestricted\n"+raceRules), "", argv, swap)
	if bare.leaked == 0 || bare.opened == 0 {
		t.Errorf("without Landlock the race was never won: %+v", bare)
	}
	if n := race(t, onTopOf(t, "compute", "read: ["+top+"/in]\n"+raceRules), "", argv, swap); n.leaked > 0 || n.opened == 0 || n.refused == 0 {
		t.Errorf("%+v", n)
	}
}

// TestLiveLandlockMoveRace moves a directory, in which the program works, out
// of a granted tree and back. The kernel looks for the grant from the file
// upwards, at each open.
func TestLiveLandlockMoveRace(t *testing.T) {
	needABI(t, 1)
	noStrays(t)
	top := playground(t, "in", "out", "phases")
	inside, outside := filepath.Join(top, "in/sub"), filepath.Join(top, "out/moved")
	if err := os.WriteFile(filepath.Join(inside, "f"), []byte("content"), 0o666); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(top, "phases/f")
	f, err := os.OpenFile(shared, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(8); err != nil {
		t.Fatal(err)
	}
	phase, err := unix.Mmap(int(f.Fd()), 0, 8, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(phase) }()
	now := uint64(0)
	var dwell atomic.Uint32
	next := func() { // an even phase is one of moving
		now++
		binary.NativeEndian.PutUint64(phase, now)
	}
	stay := func() { // long enough for some opens, and for none
		for range rand.Uint32N(12000) {
			dwell.Add(1)
		}
	}
	move := func() error {
		next()
		if err := unix.Rename(inside, outside); err != nil {
			return fmt.Errorf("move out: %w", err)
		}
		next()
		stay()
		next()
		if err := unix.Rename(outside, inside); err != nil {
			return fmt.Errorf("move back: %w", err)
		}
		next()
		stay()
		return nil
	}
	argv := args("move", "f", strconv.Itoa(raceRounds), shared)
	for _, tt := range []struct {
		keys  string
		leaks bool
	}{
		{"paths: unrestricted\n", true},
		{"read: [" + top + "/in, " + top + "/phases]\n", false},
	} {
		now = 2 // phases go by 4, and it begins inside
		next()
		n := race(t, onTopOf(t, "compute", tt.keys+raceRules), inside, argv, move)
		if (n.leaked > 0) != tt.leaks || n.lost > 0 || n.opened < raceRounds/100 || n.leaked+n.refused < raceRounds/100 {
			t.Errorf("%q: %+v", tt.keys, n)
		}
	}
}
