package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// Policies of the tests of walls: no rule refuses anything, and what Landlock
// would refuse first is left to the wall that is looked at, or is not.
const (
	openPolicy = `name: open
default: allow
paths: unrestricted
syscalls:
  - {call: clone3, action: errno(ENOSYS)}
`
	grantingPolicy = `name: granting
default: allow
read: [%s]
syscalls:
  - {call: clone3, action: errno(ENOSYS)}
`
	closedPolicy = `name: closed
default: allow
syscalls:
  - {call: clone3, action: errno(ENOSYS)}
`
)

// baits are what the host has that a held program is to be kept from.
type baits struct {
	program string
	dir     string // of the policies, by name, and of the bait
	args    []string
}

// policies of the tests, by name.
func policies(dir string) map[string]string {
	return map[string]string{"open": openPolicy, "closed": closedPolicy, "granting": fmt.Sprintf(grantingPolicy, dir)}
}

// setBaits makes them.
func setBaits(t *testing.T) *baits {
	t.Helper()
	dir := testprog.Scratch(t)
	b := &baits{program: testprog.Program(t, "wallprobe"), dir: dir}
	for name, text := range policies(dir) {
		if err := os.WriteFile(b.policy(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("warder-walls-%d", os.Getpid())
	abstract, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	shm, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := unix.SysvShmCtl(shm, unix.IPC_RMID, nil)
		if err := errors.Join(err, tcp.Close(), abstract.Close()); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := net.SplitHostPort(tcp.Addr().String())
	b.args = []string{port, strconv.Itoa(shm), filepath.Join(dir, "victim"), name}
	return b
}

func (b *baits) policy(name string) string { return filepath.Join(b.dir, name+".yaml") }

// inspected is a program that stays where it is, held or bare.
type inspected struct {
	pid, supervisor int
	answers         map[string]string
	keyring         int // the supervisor's session keyring
}

func (p *inspected) proc(file string) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.pid, file))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// status gives a line of /proc/PID/status, in fields.
func (p *inspected) status(key string) []string {
	for line := range strings.Lines(p.proc("status")) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.Fields(value)
		}
	}
	return nil
}

// answered says which of the program's attempts did not end as they should.
func (p *inspected) answered(want map[string]string) error {
	var errs []error
	for what, how := range want {
		if got := p.answers[what]; !slices.Contains(strings.Fields(how), got) {
			errs = append(errs, fmt.Errorf("%s: %s, want %s", what, got, how))
		}
	}
	return errors.Join(errs...)
}

// apart checks that a namespace is not the supervisor's.
func (p *inspected) apart(name string) error {
	link := func(pid int) string {
		l, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, name))
		if err != nil {
			return err.Error()
		}
		return l
	}
	if own, its := link(p.supervisor), link(p.pid); own == its || !strings.HasPrefix(its, name+":[") {
		return fmt.Errorf("%s namespace: %s, the supervisor's %s", name, its, own)
	}
	return nil
}

func cleanEnv() []string {
	env := []string{beWarder + "=1"}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "WARDER_") {
			env = append(env, v)
		}
	}
	return env
}

// inWay prepares a command line of warder in a way.
func inWay(t *testing.T, w *way, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), hung)
	t.Cleanup(cancel)
	cmd, err := w.command(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env, cmd.WaitDelay = cleanEnv(), time.Second
	return cmd
}

// inspect starts a program and looks at it while it stays. It must not end
// before; what is wrong with the warder of a held one is in the error.
func (b *baits) inspect(t *testing.T, cmd *exec.Cmd, look func(*inspected) error) error {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// A keyring is the thread's: it is never unlocked, and ends with the test.
	runtime.LockOSThread()
	p := &inspected{answers: make(map[string]string)}
	if p.keyring, err = unix.KeyctlJoinSessionKeyring(fmt.Sprintf("warder-walls-%d", os.Getpid())); err != nil {
		p.keyring = -1 // its wall is not looked at
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.supervisor = cmd.Process.Pid
	said := bufio.NewScanner(out)
	for said.Scan() && said.Text() != "ready" {
		what, how, _ := strings.Cut(said.Text(), " ")
		p.answers[what] = how
	}
	if ready := said.Text() == "ready"; !ready {
		err = errors.New("it did not get ready")
	} else if p.pid = b.find(cmd.Process.Pid); p.pid == 0 {
		err = errors.New("the held program is not to be found")
	} else {
		err = look(p)
	}
	_ = in.Close() // the program ends
	_, _ = io.Copy(io.Discard, out)
	if werr := cmd.Wait(); werr != nil {
		t.Errorf("%q: %v\n%s", cmd.Args, werr, stderr.String())
	}
	return err
}

// find gives the process that runs the program itself, wherever below parent.
func (b *baits) find(parent int) int {
	line := strings.Join(append([]string{b.program}, b.args...), "\x00") + "\x00"
	for _, pid := range append(testutil.Descendants(), parent) {
		if got, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); string(got) == line && below(pid, parent) {
			return pid
		}
	}
	return 0
}

// below reports whether a process is another, or a descendant of it.
func below(pid, ancestor int) bool {
	for ; pid > 1 && pid != ancestor; pid = parentOf(pid) {
	}
	return pid == ancestor
}

func parentOf(pid int) int {
	parent, _ := strconv.Atoi(strings.Join((&inspected{pid: pid}).status("PPid"), ""))
	return parent
}

// bare starts the program without warder, as the user of a way.
func (b *baits) bare(w *way) *exec.Cmd {
	cmd := exec.Command(b.program, b.args...)
	cmd.Dir = "/"
	if w.Name != asRoot {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: ordinaryUser, Gid: ordinaryUser}}
	}
	return cmd
}

// TestLiveWalls holds a program in every way and looks, from outside and from
// inside, whether the walls stand that doctor --walls says. Without a wall the
// same look must find it missing.
func TestLiveWalls(t *testing.T) {
	needs(t)
	testutil.Require(t, testutil.Root)
	b := setBaits(t)
	table := seenWalls(t)
	for _, w := range ways() {
		t.Run(w.Name, func(t *testing.T) {
			for _, row := range table.Walls {
				t.Run(string(row.Wall), func(t *testing.T) {
					switch c := row.Cells[w.Name]; c.State {
					case "yes":
						b.standing(t, &w, row.Wall, strings.HasPrefix(c.Reason, ifAsked))
					case "no":
						b.missing(t, &w, row.Wall, c.Reason)
					default:
						if testutil.CI() {
							t.Fatalf("root cannot try this way: %s", c.Reason)
						}
						t.Skip(c.Reason)
					}
				})
			}
		})
	}
}

// seenWalls is what doctor --walls --json says.
func seenWalls(t *testing.T) *wallTable {
	t.Helper()
	o := warder(t, "doctor", "--walls", "--json")
	o.want(t, 0, "")
	var table wallTable
	if err := json.Unmarshal([]byte(o.stdout), &table); err != nil {
		t.Fatal(err)
	}
	return &table
}

// under gives the flags of the policy that a wall is looked at under.
func (b *baits) under(check wallCheck) []string {
	if check.policy == "" {
		return []string{"--policy", b.policy("open"), "--root", "empty"}
	}
	return []string{"--policy", b.policy(check.policy)}
}

// standing is a cell that says yes.
func (b *baits) standing(t *testing.T, w *way, wall tracer.Wall, asked bool) {
	check, ok := wallChecks[wall]
	if !ok {
		t.Fatalf("nothing looks at the wall %s yet: give it a row in wallChecks", wall)
	}
	if check.need != "" {
		testutil.Require(t, check.need)
	}
	run := func(without ...string) *exec.Cmd {
		args := append([]string{"run", "-q"}, b.under(check)...)
		if asked && !slices.Contains(without, string(wall)) {
			args = append(args, "--require", string(wall))
		}
		if len(without) > 0 {
			args = append(args, "--without", strings.Join(without, ","))
		}
		args = append(args, "--", b.program)
		return inWay(t, w, append(args, b.args...)...)
	}
	look := func(p *inspected) error { return check.stands(p, w) }
	if err := b.inspect(t, run(check.apart...), look); err != nil {
		t.Errorf("the wall does not stand: %v", err)
	}
	if !wall.Optional() {
		if w.Name == asPlain && wall == tracer.WallCaps {
			return // he has none anyway
		}
		if err := b.inspect(t, b.bare(w), look); err == nil {
			t.Error("the wall is found around a program that nothing holds")
		}
		return
	}
	if err := b.inspect(t, run(append(slices.Clone(check.apart), string(wall))...), look); err == nil {
		t.Errorf("the wall is found though it was not put up (--without %s)", wall)
	}
}

// missing is a cell that says no: the report says why, and where the wall is
// required nothing runs.
func (b *baits) missing(t *testing.T, w *way, wall tracer.Wall, reason string) {
	reason, broken := strings.CutPrefix(reason, "nothing runs: ")
	// Doctor's own words, or those about a wall that nobody has asked for.
	general := strings.HasPrefix(reason, "not needed: ") || wall == tracer.WallPIDNS
	args := append(append(b.under(wallChecks[wall]), "--", b.program), b.args...)
	if !broken {
		o := finish(t, inWay(t, w, append([]string{"run", "-q", "--report-fd", "2"}, args...)...))
		if cgo {
			o.stderr = strings.TrimPrefix(o.stderr, cgoKeeps)
		}
		r := readReport(t, []byte(o.stderr))
		if slices.Contains(r.Walls, string(wall)) || !general && !slices.Contains(r.Unavailable, string(wall)+": "+reason) {
			t.Errorf("walls %q, unavailable %q, want %s: %s", r.Walls, r.Unavailable, wall, reason)
		}
	}
	if strings.Contains(reason, "--require") {
		t.Errorf("the advice does not help: %s", reason)
	}
	o := finish(t, inWay(t, w, append([]string{"run", "--require", string(wall)}, args...)...))
	if broken {
		o.want(t, 125, reason)
	} else {
		o.want(t, 125, "warder: required: "+string(wall)+" (")
	}
	if o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("it printed %q and said %q", o.stdout, o.stderr)
	}
}
