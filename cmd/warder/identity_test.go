package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// heldWith inspects a program under run with flags, and gives its user and
// group ids as /proc has them.
func heldWith(t *testing.T, b *baits, w *way, flags ...string) (uid, gid []string) {
	t.Helper()
	args := slices.Concat([]string{"run", "-q", "--policy", b.policy("open")}, flags, []string{"--", b.program}, b.args)
	err := b.inspect(t, inWay(t, w, args...), func(p *inspected) error {
		uid, gid = p.status("Uid"), p.status("Gid")
		if groups := p.status("Groups"); len(groups) > 0 {
			return fmt.Errorf("supplementary groups %v", groups)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return uid, gid
}

// TestLiveIDs: --uid, --gid and --ids are what the program has.
func TestLiveIDs(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	b := setBaits(t)
	root := ways()[0]
	four := func(id uint32) string { return strings.Repeat(fmt.Sprintf("%d ", id), 4) }
	for _, c := range []struct {
		flags    string
		uid, gid string
	}{
		{"--uid 4242", four(4242), four(4242)},
		{"--uid 4242 --gid 4343", four(4242), four(4343)},
		{"--uid 1", four(1), four(1)},
		{"--ids 3000000000-3000000000", four(3000000000), four(3000000000)},
		{"--ids 3000000000-3000000000 --gid 77", four(3000000000), four(77)},
		{"--ids 70000-70000", four(70000), four(70000)},
	} {
		t.Run(c.flags, func(t *testing.T) {
			uid, gid := heldWith(t, b, &root, strings.Fields(c.flags)...)
			if got := strings.Join(uid, " ") + " "; got != c.uid {
				t.Errorf("user ids %s, want %s", got, c.uid)
			}
			if got := strings.Join(gid, " ") + " "; got != c.gid {
				t.Errorf("group ids %s, want %s", got, c.gid)
			}
		})
	}
	// Ranges share ids out: a second program in a range of two has the other.
	const first = 3000000100
	ids := fmt.Sprintf("%d-%d", first, first+1)
	var other []string
	args := slices.Concat([]string{"run", "-q", "--policy", b.policy("open"), "--ids", ids, "--", b.program}, b.args)
	err := b.inspect(t, inWay(t, &root, args...), func(p *inspected) error {
		uid := p.status("Uid")
		other, _ = heldWith(t, b, &root, "--ids", ids)
		if slices.Equal(uid, other) || !slices.Contains([]string{strconv.Itoa(first), strconv.Itoa(first + 1)}, other[0]) {
			return fmt.Errorf("users %v and %v of %s", uid, other, ids)
		}
		return b.inspect(t, inWay(t, &root, slices.Concat([]string{"run", "-q", "--policy", b.policy("open"), "--ids", ids, "--", b.program}, b.args)...), func(q *inspected) error {
			o := warder(t, "run", "--ids", ids, "--", b.program)
			o.want(t, 125, fmt.Sprintf("all 2 user ids from %d are in use", first))
			if strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("it said %q", o.stderr)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLiveBadIDs: one clear line, status 125, and nothing runs.
func TestLiveBadIDs(t *testing.T) {
	needs(t)
	hello := testprog.Program(t, "hello-static")
	ordinary := ways()[1]
	for _, c := range []struct {
		flags, stderr string
		user          bool // by an ordinary user, too
	}{
		{"--ids 5", `--ids "5": want FIRST-LAST`, true},
		{"--ids 9-5", `--ids "9-5": want FIRST-LAST`, true},
		{"--ids x-y", `--ids "x-y": want FIRST-LAST`, true},
		{"--ids -1-5", `--ids "-1-5": want FIRST-LAST`, true},
		{"--ids 0-4294967295", `--ids`, true},
		{"--ids 5000-99999999999", `--ids "5000-99999999999": want FIRST-LAST`, true},
		{"--ids 5-50", "user ids from 5: those below 65536 belong to people and services", false},
		{"--ids 4294967290-4294967294", "5 user ids from 4294967290: there are not so many", false},
		{"--ids 1000-2000", "--ids 1000-2000: want them among", true},
		{"--uid 4294967295", "--uid 4294967295: want one of", true},
		{"--gid 4294967295", "--gid 4294967295: want one of", true},
		{"--uid -1", `"-1"`, true},
		{"--uid 99999999999", `"99999999999"`, true},
		{"--uid root", `"root"`, true},
		{"--uid 1000", "--uid 1000: want one of", true},
		{fmt.Sprintf("--uid %d", tracer.DefaultIDs.First), "required: uid (needs CAP_SETUID and CAP_SETGID)", true},
	} {
		args := append(append([]string{"run"}, strings.Fields(c.flags)...), "--", hello)
		check := func(t *testing.T, o outcome) {
			t.Helper()
			o.want(t, 125, c.stderr)
			if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 || strings.Contains(o.stderr, "BUG") {
				t.Errorf("it printed %q and said %q", o.stdout, o.stderr)
			}
		}
		rootMay := strings.Contains(c.stderr, "among") || c.flags == "--uid 1000" || strings.Contains(c.stderr, "required")
		if testutil.Missing(testutil.Root) != nil {
			if c.user {
				check(t, warder(t, args...))
			}
			continue
		}
		if !rootMay {
			t.Run("root "+c.flags, func(t *testing.T) { check(t, warder(t, args...)) })
		}
		if c.user {
			t.Run("user "+c.flags, func(t *testing.T) { check(t, finish(t, inWay(t, &ordinary, args...))) })
		}
	}
}
