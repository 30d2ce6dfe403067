package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/jail"
	"warder/tracer"
)

// wallCheck is how one wall is seen.
type wallCheck struct {
	// stands looks at a program and says what of the wall is not there.
	stands func(*inspected, *way) error
	policy string   // of the tests' own; open with an empty root is the default
	apart  []string // other walls, which would answer in this one's place
	need   testutil.Need
}

var wallChecks = map[tracer.Wall]wallCheck{
	tracer.WallUID:       {stands: ownIDs},
	tracer.WallCaps:      {stands: noCaps},
	tracer.WallNoNewPriv: {stands: statusIs("NoNewPrivs", "1")},
	tracer.WallSeccomp:   {stands: statusIs("Seccomp", "2")},
	tracer.WallTracer:    {stands: traced},
	tracer.WallRlimits:   {stands: limitsSet},
	tracer.WallLandlock:  {stands: landlocked, policy: "closed", apart: []string{"root", "netns"}},
	tracer.WallRoot:      {stands: emptyRoot},
	tracer.WallUserNS:    {stands: namespace("user", nil)},
	tracer.WallNetNS:     {stands: namespace("net", map[string]string{"connect": "ECONNREFUSED ENETUNREACH", "abstract": "ECONNREFUSED"}), apart: []string{"landlock"}},
	tracer.WallIPCNS:     {stands: namespace("ipc", map[string]string{"shm": "EINVAL"})},
	tracer.WallUTSNS:     {stands: namespace("uts", map[string]string{"host": "held"})},
	tracer.WallCgroupNS:  {stands: namespace("cgroup", nil)},
	tracer.WallPIDNS:     {stands: namespace("pid", map[string]string{"pid": "2"})},
	tracer.WallMountNS:   {stands: grantedRoot, policy: "granting"},
	tracer.WallCgroup:    {stands: ownGroup},
	tracer.WallKeyring:   {stands: ownKeyring, need: testutil.Keys},
}

func ownIDs(p *inspected, _ *way) error {
	uid, gid := p.status("Uid"), p.status("Gid")
	for _, ids := range [][]string{uid, gid} {
		if len(ids) != 4 || len(slices.Compact(slices.Clone(ids))) != 1 {
			return fmt.Errorf("ids %v", ids)
		}
		if id, err := strconv.ParseUint(ids[0], 10, 32); err != nil || !tracer.DefaultIDs.Contains(uint32(id)) {
			return fmt.Errorf("id %s is no held one", ids[0])
		}
	}
	if groups := p.status("Groups"); len(groups) > 0 || uid[0] != gid[0] {
		return fmt.Errorf("user %s, group %s, groups %v", uid[0], gid[0], groups)
	}
	return nil
}

// noCaps: a plain user's warder has no right to empty the bounding set and to
// lock the securebits; with no-new-privs nothing comes of either.
func noCaps(p *inspected, w *way) error {
	sets := []string{"CapInh", "CapPrm", "CapEff", "CapAmb"}
	if w.Name != asPlain {
		sets = append(sets, "CapBnd")
	}
	var errs []error
	for _, set := range sets {
		if v := p.status(set); len(v) != 1 || strings.Trim(v[0], "0") != "" {
			errs = append(errs, fmt.Errorf("%s %v", set, v))
		}
	}
	// Its stub and, where they are the binary's, its supervisor have kept what
	// they still use.
	stub, _ := strconv.Atoi(p.status("PPid")[0])
	errs = append(errs, keeps(stub, 1<<unix.CAP_SETUID|1<<unix.CAP_SETGID|1<<unix.CAP_SETPCAP|1<<unix.CAP_SYS_CHROOT))
	if w.Name == asFileCaps && !cgo {
		errs = append(errs, keeps(p.supervisor, lateCaps))
	}
	// NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, all locked.
	if w.Name != asPlain && p.answers["securebits"] != "0xef" {
		errs = append(errs, fmt.Errorf("securebits %s", p.answers["securebits"]))
	}
	return errors.Join(errs...)
}

// A build with cgo cannot change all of its threads, and says so. The product
// has no cgo; the race detector does.
const cgoKeeps = "warder: keeps its capabilities: capset: operation not supported\n"

var cgo = func() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "CGO_ENABLED", Value: "1"})
}()

// keeps checks that a process has no capability beyond those in most.
func keeps(pid int, most uint64) error {
	var errs []error
	for _, set := range []string{"CapPrm", "CapEff"} {
		text := strings.Join((&inspected{pid: pid}).status(set), "")
		if caps, err := strconv.ParseUint(text, 16, 64); err != nil || caps&^most != 0 {
			errs = append(errs, fmt.Errorf("process %d: %s %s", pid, set, text))
		}
	}
	return errors.Join(errs...)
}

func statusIs(key, value string) func(*inspected, *way) error {
	return func(p *inspected, _ *way) error {
		if v := p.status(key); !slices.Equal(v, []string{value}) {
			return fmt.Errorf("%s is %v", key, v)
		}
		return nil
	}
}

// traced: by a thread of its own supervisor.
func traced(p *inspected, _ *way) error {
	tid := p.status("TracerPid")
	if len(tid) != 1 || tid[0] == "0" {
		return fmt.Errorf("traced by %v", tid)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%s", p.supervisor, tid[0])); err != nil {
		return fmt.Errorf("traced by another: %w", err)
	}
	return nil
}

func limitsSet(p *inspected, _ *way) error {
	limits := make(map[string][]string)
	for line := range strings.Lines(p.proc("limits")) {
		if len(line) > 26 {
			limits[strings.TrimSpace(line[:26])] = strings.Fields(line[26:])
		}
	}
	var errs []error
	for name, want := range map[string]string{
		"Max core file size": "0", "Max locked memory": "0", "Max msgqueue size": "0", "Max pending signals": "256",
		"Max open files": "64", "Max cpu time": "12", "Max stack size": "67108864", "Max file size": "67108864",
	} {
		if v := limits[name]; len(v) < 2 || v[0] != want || v[1] != want {
			errs = append(errs, fmt.Errorf("%s: %v", name, v))
		}
	}
	return errors.Join(errs...)
}

func landlocked(p *inspected, _ *way) error {
	want := map[string]string{"open": "EACCES", "mkdir": "EACCES", "creat": "EACCES"}
	abi := jail.LandlockABI()
	if abi >= 4 {
		want["connect"] = "EACCES"
	}
	if abi >= 6 {
		want["abstract"] = "EPERM"
	}
	return p.answered(want)
}

// emptyRoot: root and working directory are one, which is empty and in which
// nobody can make anything.
func emptyRoot(p *inspected, _ *way) error {
	root := fmt.Sprintf("/proc/%d/root", p.pid)
	var a, b unix.Stat_t
	if err := errors.Join(unix.Stat(root, &a), unix.Stat(fmt.Sprintf("/proc/%d/cwd", p.pid), &b)); err != nil {
		return err
	}
	if a.Dev != b.Dev || a.Ino != b.Ino {
		return errors.New("root and working directory differ")
	}
	// A removed directory cannot even be listed.
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(entries) > 0 {
		return fmt.Errorf("the root holds %d entries, %v", len(entries), err)
	}
	if err := os.Mkdir(filepath.Join(root, "made"), 0o755); err == nil {
		_ = os.Remove(filepath.Join(root, "made")) // it is told
		return errors.New("a directory was made in the root")
	}
	return p.answered(map[string]string{"open": "ENOENT", "stat": "ENOENT", "mkdir": "ENOENT", "creat": "ENOENT"})
}

// namespace: not the supervisor's, and what shows that from inside.
func namespace(name string, answers map[string]string) func(*inspected, *way) error {
	return func(p *inspected, _ *way) error {
		return errors.Join(p.apart(name), p.answered(answers))
	}
}

func ownKeyring(p *inspected, _ *way) error {
	if id := p.answers["keyring"]; id == strconv.Itoa(p.keyring) || id == "" || strings.HasPrefix(id, "-") {
		return fmt.Errorf("session keyring %s, the supervisor's %d", id, p.keyring)
	}
	return nil
}

// ownGroup: in one hierarchy at least it is in another group than its
// supervisor.
func ownGroup(p *inspected, _ *way) error {
	if own := (&inspected{pid: p.supervisor}).proc("cgroup"); own == p.proc("cgroup") {
		return fmt.Errorf("the supervisor's own control groups: %q", own)
	}
	return nil
}

// grantedRoot: a mount namespace, and a root with what the policy grants alone.
func grantedRoot(p *inspected, _ *way) error {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/root", p.pid))
	if err != nil || len(entries) > 2 { // the bait's directory, and that of the program
		err = errors.Join(err, fmt.Errorf("the root holds %v", entries))
	}
	return errors.Join(err, p.apart("mnt"), p.answered(map[string]string{"open": "ok", "mkdir": "EROFS EACCES"}))
}
