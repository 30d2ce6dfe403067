package tracer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/jail"
	"warder/tracer"
)

// The matrix of walls: attacks of the corpus with seccomp switched off and a
// policy that allows every call, held by one wall at a time. So it is shown
// that no wall leans on the filter, and what each is worth alone.

// Columns beside those of single walls.
const (
	baseline = "baseline" // what always stands: no capabilities, no new privileges, rlimits, budgets, a tracer
	allWalls = "all"
)

// onlyFilter, for the walls that hold an attack, says that none does.
const onlyFilter = "filter"

// everyCall allows all that a policy can. Files are granted by Landlock and by
// a root with what is granted in it: where one of them stands, one tree is.
const (
	everyCall = "name: every-call\ndefault: allow\npaths: unrestricted\n"
	oneTree   = "name: every-call-one-tree\ndefault: allow\nread: [/usr/lib]\n"
)

// wallRow is one attack of the matrix.
type wallRow struct {
	attack string
	target string // what argv[2] says, see targets: "" is the attack's own default
	by     string // the walls of which each alone holds it; baseline: none is needed
}

// wallClass is a line of the printed matrix.
type wallClass struct {
	name string
	rows []wallRow
}

// on makes rows of attacks that share a target and the walls that hold them.
func on(target, by, attacks string) []wallRow {
	var rows []wallRow
	for _, a := range strings.Fields(attacks) {
		rows = append(rows, wallRow{a, target, by})
	}
	return rows
}

// wallMatrix is what is expected.
var wallMatrix = []wallClass{
	{"files: their owner's", slices.Concat(
		on("", "uid landlock root", "open-shadow open-write"),
		on("", "uid root", "fs-chmod fs-utimensat proc-fd"),
	)},
	{"files: open to everyone, read", on("", "landlock root", "open-open open-openat open-openat2 open-junk-dirfd string-page-end proc-root proc-cwd-up")},
	{"files: open to everyone, changed", slices.Concat(
		on("", "landlock root", "open-creat open-create open-tmpfile open-trunc fs-mkdir fs-mknod fs-symlink fs-unlink fs-unlinkat fs-truncate fs-link fs-rename"),
		on("", "root", "fs-setxattr"),
	)},
	{"files: names and sizes", on("", "root", "stat-shadow stat-at stat-statx access-shadow access-errno readlink-exe handle-name fs-chdir inotify-watch")},
	{"signals: to the supervisor and init", on("", "uid landlock", "kill-parent kill-junk kill-init tgkill-parent tgkill-preempt tkill-parent sigqueue-parent pidfd-kill")},
	{"signals: to another session", on("sibling", "uid landlock pidns", "kill-other kill-parent tgkill-parent tgkill-preempt tkill-parent sigqueue-parent pidfd-kill fcntl-sigio")},
	{"inspection: of the supervisor", on("", "baseline", "ptrace-seize ptrace-junk vm-readv vm-writev kcmp-parent pidfd-getfd robust-list-parent proc-parent proc-mem-other proc-fd-other process-madvise")},
	{"inspection: of another session", slices.Concat(
		on("sibling", "uid landlock pidns", "vm-readv vm-writev kcmp-parent pidfd-getfd robust-list-parent"),
		on("sibling", "uid landlock root", "proc-parent proc-mem-other proc-fd-other"),
		on("sibling", "baseline", "ptrace-seize process-madvise"),
	)},
	{"sockets", slices.Concat(
		on("tcp", "landlock netns", "net-connect-tcp"),
		on("abstract", "landlock netns", "net-connect-unix"),
		on("path", "root", "net-connect-unix"),
		on("", "landlock netns", "net-tcp"),
		on("", "netns", "net-udp"),
		on("", "baseline", "net-packet"),
		// A known hole: sockets to the hypervisor belong to no network
		// namespace (tried on Linux 6.18), and Landlock knows nothing of them.
		on("", onlyFilter, "net-vsock"),
	)},
	{"IPC of the host", slices.Concat(
		on("shm-owner", "uid ipcns", "ipc-shm-host"),
		on("shm-open", "ipcns", "ipc-shm-host"),
		on("shm-left", "ipcns", "ipc-shm"),
		on("sem-left", "ipcns", "ipc-sem"),
		on("msg-left", "ipcns", "ipc-msg"),
		on("", "baseline", "ipc-mq"),
	)},
	{"memory", slices.Concat(
		on("", "baseline", "memory-private memory-shared memory-shared-dropped memory-page-tables memory-populate memory-threads memory-brk memory-mremap memory-mlock memory-mlockall memory-map-locked memfd-store memory-pipes"),
		on("shm-store", "cgroup", "ipc-shm-store"), // the budget sees what a process has, which this is not
	)},
	{"processes, files, limits", slices.Concat(
		on("", "uid cgroup", "fork-many thread-many"),
		on("", "baseline", "descriptor-flood disk-file rlimit-raise setpriority-self sched-fifo sched-attr thread-churn"),
		on("", "landlock root", "disk-files"),
		on("", "baseline", "setpriority-parent"),
		on("", "uid", "rlimit-parent rlimit-junk"),
		on("sibling", "uid pidns", "rlimit-parent setpriority-parent"),
	)},
	{"keys of another session", slices.Concat(
		on("key-session", "keyring", "key-other"),
		on("key-user", "uid", "key-other"),
		on("key-persistent", "uid", "key-other"),
	)},
	{"privileges", slices.Concat(
		on("", "baseline", "setresuid-other setgroups-other capset-keep unshare-mount mount-tmpfs mount-api chroot-away setns-self sethostname-same handle-open fanotify-watch fs-chown"),
		on("", "uid", "setuid-root"),
		on("", "root", "unshare-user clone-newuser"),
		on("", "landlock root", "unshare-mount-own"),
	)},
}

// besideWalls are the attacks of those classes that are not in the matrix, and why.
var besideWalls = []struct{ why, attacks string }{
	{"on the judge of a path or of its string, and here nobody judges", "path-flip path-flip-dirfd stat-flip string-wild"},
	{"on the descriptors that it was given, which no wall takes back", "fcntl-lock fd-scan fd-sendfile fd-splice fd-stdin-write fd-stdout-read fd-tee " +
		"fs-fchdir fs-fchmod getdents-stdin net-stdin"},
	{"O_PATH of /, whichever root that is", "open-path"},
	{"on the verdict", "forge-alarm forge-exit forge-kill forge-sys forge-sysgood forge-trap forge-trap-event forge-vtalrm forge-xcpu forge-xfsz"},
	{"on itself: its own signals, memory and states", "handler-violation restart-syscall signal-storm signal-storm-handler signal-timer-storm " +
		"sigsys-handler single-step stop-cont-storm stop-self stop-tty memory-null memory-null-loop memory-stack mmap-exec-fixed " +
		"proc-mem ptrace-traceme prctl-dumpable prctl-pdeathsig sched-affinity ioprio-set"},
	{"the call answers the same whoever may be signalled: kill(-1, 0) counts no refusal, F_SETOWN asks only when the " +
		"signal is due (fcntl-sigio), process_mrelease first looks whether the process is dying", "kill-all ioctl-async process-mrelease"},
	{"on the kernel's surface, which the filter alone makes smaller; nobody else is reached", "net-netlink net-socketpair net-unix " +
		"memfd-secret userfaultfd-stall fcntl-pipe-size fd-vmsplice memory-huge vma-flood"},
	{"raises a soft limit to a hard one, which here are the same (rlimit-raise)", "rlimit-set rlimit-prlimit"},
	{"against the clock (thread-many)", "thread-bomb"},
}

// TestWallMatrixWhole accounts for each attack of the matrix' classes, and
// holds docs/walls-alone.md to the matrix. WARDER_WRITE_DOCS=1 writes it there.
func TestWallMatrixWhole(t *testing.T) {
	where := map[string]string{}
	for _, class := range wallMatrix {
		for _, row := range class.rows {
			where[row.attack] = "the matrix"
		}
	}
	for _, b := range besideWalls {
		for _, a := range strings.Fields(b.attacks) {
			if other := where[a]; other != "" {
				t.Errorf("%s is in %s, and left out: %s", a, other, b.why)
			}
			where[a] = "what is left out: " + b.why
		}
	}
	for _, a := range testprog.Attacks(t) {
		if where[a.Name] == "" && slices.Contains([]string{"files", "signals", "ptrace", "net", "memory", "resource"}, a.Class) {
			t.Errorf("%s (%s: %s) is not in the matrix, and nothing says why", a.Name, a.Class, a.Claim)
		}
		delete(where, a.Name)
	}
	for a, in := range where {
		t.Errorf("no attack %s, in %s", a, in)
	}
	for _, w := range tracer.Walls() {
		has := func(c wallColumn) bool { return slices.Contains(c.walls, w) }
		if w.Optional() && !slices.Contains(noColumn, w) && !slices.ContainsFunc(wallColumns, has) {
			t.Errorf("the wall %s is in no column", w)
		}
	}
	wallPage(t, wallTable(wallMatrix, func(class wallClass, column string) (n int) {
		for _, row := range class.rows {
			if row.holds(column) {
				n++
			}
		}
		return n
	}))
}

func wallPage(t *testing.T, table string) {
	t.Helper()
	const page, begin, end = "../docs/walls-alone.md", "<!-- walls:begin -->\n", "<!-- walls:end -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(text), begin)
	now, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no markers %s and %s", page, begin, end)
	}
	if now == table {
		return
	}
	if os.Getenv("WARDER_WRITE_DOCS") != "1" {
		t.Fatalf("%s has another matrix than this, which WARDER_WRITE_DOCS=1 writes there:\n%s", page, table)
	}
	if err := os.WriteFile(page, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wallColumn is a set of walls beside those that always stand.
type wallColumn struct {
	name  string
	walls []tracer.Wall
}

// noColumn are the optional walls without one: root has no use for a user
// namespace.
var noColumn = []tracer.Wall{tracer.WallUserNS}

// wallColumns are each optional wall alone, and all together; a mount namespace is
// what a root directory with something in it is made of.
var wallColumns = []wallColumn{
	{name: baseline},
	{"uid", []tracer.Wall{tracer.WallUID}},
	{"landlock", []tracer.Wall{tracer.WallLandlock}},
	{"root", []tracer.Wall{tracer.WallRoot}},
	{"root+mountns", []tracer.Wall{tracer.WallRoot, tracer.WallMountNS}},
	{"netns", []tracer.Wall{tracer.WallNetNS}},
	{"ipcns", []tracer.Wall{tracer.WallIPCNS}},
	{"utsns", []tracer.Wall{tracer.WallUTSNS}},
	{"cgroupns", []tracer.Wall{tracer.WallCgroupNS}},
	{"pidns", []tracer.Wall{tracer.WallPIDNS}},
	{"keyring", []tracer.Wall{tracer.WallKeyring}},
	{"cgroup", []tracer.Wall{tracer.WallCgroup}},
	{allWalls, []tracer.Wall{
		tracer.WallUID, tracer.WallLandlock, tracer.WallRoot, tracer.WallMountNS, tracer.WallNetNS, tracer.WallIPCNS,
		tracer.WallUTSNS, tracer.WallCgroupNS, tracer.WallPIDNS, tracer.WallKeyring, tracer.WallCgroup,
	}},
}

// groupNeeds are what a control group takes.
var groupNeeds = []testutil.Need{testutil.CgroupMemory, testutil.CgroupPids}

func missingGroups() error {
	var errs []error
	for _, need := range groupNeeds {
		errs = append(errs, testutil.Missing(need))
	}
	return errors.Join(errs...)
}

func without(walls []tracer.Wall, w tracer.Wall) []tracer.Wall {
	return slices.DeleteFunc(slices.Clone(walls), func(v tracer.Wall) bool { return v == w })
}

// holds reports whether a column is expected to hold the attack.
func (r wallRow) holds(column string) bool {
	by := strings.Fields(r.by)
	if column == "root+mountns" {
		column = string(tracer.WallRoot) // of another make
	}
	return column == allWalls && r.by != onlyFilter || slices.Contains(by, baseline) || slices.Contains(by, column)
}

// config is a session with the walls of a column, and without a filter.
func (c wallColumn) config(t *testing.T) tracer.Config {
	t.Helper()
	cfg := tracer.Config{Engine: tracer.Ptrace, Policy: parsed(t, everyCall)}
	cfg.Limits = tracer.Limits{
		CPU: 400 * ms, Wall: 20 * time.Second, Memory: 64 << 20, Output: 64 << 10,
		FileSize: 1 << 20, Processes: 16, OpenFiles: 64,
	}
	for _, w := range tracer.Walls() {
		if w.Optional() && !slices.Contains(c.walls, w) {
			cfg.Without = append(cfg.Without, w)
		}
	}
	for _, w := range []tracer.Wall{tracer.WallCgroup, tracer.WallPIDNS} { // there is none unasked
		if slices.Contains(c.walls, w) {
			cfg.Require = append(cfg.Require, w)
		}
	}
	switch {
	case slices.Contains(c.walls, tracer.WallMountNS), slices.Contains(c.walls, tracer.WallLandlock):
		cfg.Policy = parsed(t, oneTree)
	case slices.Contains(c.walls, tracer.WallRoot):
		cfg.Root = tracer.EmptyRoot
	}
	return cfg
}

// check holds the walls of a column's session against the column: it has the
// optional ones that it names and no other, and never the filter.
func (c wallColumn) check(t *testing.T, r *tracer.Result) {
	t.Helper()
	var up []tracer.Wall
	for _, w := range tracer.Walls() {
		if w.Optional() && slices.Contains(r.Walls, w) {
			up = append(up, w)
		}
	}
	if !slices.Equal(up, c.walls) || slices.Contains(r.Walls, tracer.WallSeccomp) {
		t.Fatalf("the walls %v stand, want of the optional ones %v, and no filter; %v", r.Walls, c.walls, r.Unavailable)
	}
}

// escapedStatus is how an attack says that it worked (testdata/attacks/attack.h).
const escapedStatus = "exited 1"

// plainEnds are the ways in which an attack that is held may end: by its own
// account, or by a limit. Anything else has to be looked at.
var plainEnds = []string{"exited 0", "memory-limit", "cpu-time-limit", "wall-time-limit", "signaled SIGXFSZ"}

// TestLiveWallMatrix holds each attack with each wall alone, and with all.
func TestLiveWallMatrix(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Root, testutil.Landlock)
	if abi := jail.LandlockABI(); abi < 6 {
		t.Skipf("Landlock %d does not hold signals and abstract sockets; 6 does", abi)
	}
	noStrays(t)
	matrix := possible(t)
	counts := map[string]map[string]int{} // how many were held, by class and column
	for _, class := range matrix {
		counts[class.name] = map[string]int{}
	}
	tried := 0
	for _, column := range wallColumns {
		t.Run(column.name, func(t *testing.T) {
			if column.name == string(tracer.WallCgroup) {
				testutil.Require(t, groupNeeds...)
			} else if missingGroups() != nil { // all the others, then
				column.walls = without(column.walls, tracer.WallCgroup)
			}
			tried++
			for _, class := range matrix {
				for _, row := range class.rows {
					if row.held(t, column) {
						counts[class.name][column.name]++
					}
				}
			}
		})
	}
	if tried < len(wallColumns) {
		return // -run names some: no matrix
	}
	t.Log("\n" + wallTable(matrix, func(class wallClass, column string) int { return counts[class.name][column] }))
}

// held runs the attack of a row, holds what comes of it against the row, and
// gives it.
func (r wallRow) held(t *testing.T, column wallColumn) (held bool) {
	t.Run(strings.TrimSuffix(r.attack+"-"+r.target, "-"), func(t *testing.T) {
		scratch := testprog.Scratch(t)
		cfg := column.config(t)
		to := targets[r.target](t, cfg, scratch)
		cfg.Path, cfg.Args = testprog.Attack(t, r.attack), []string{r.attack, scratch}
		if to.arg != "" {
			cfg.Args = append(cfg.Args, to.arg)
		}
		var said bytes.Buffer // of standard error; a buffer takes one output at a time
		cfg.Stdout, cfg.Stderr = io.Discard, &said
		result, _ := hold(t, cfg)
		column.check(t, result)
		end := fate(result)
		if end != escapedStatus && !slices.Contains(plainEnds, end) {
			t.Errorf("ended with %s: neither held nor escaped\n%.300s", end, said.Bytes())
		}
		held = !to.escaped(end == escapedStatus)
		if want := r.holds(column.name); held != want {
			t.Errorf("held: %t, want %t: %s\n%.300s", held, want, end, said.Bytes())
		}
	})
	return held
}

// possible leaves out what this machine cannot try.
func possible(t *testing.T) []wallClass {
	t.Helper()
	infos := map[string]testprog.AttackInfo{}
	for _, a := range testprog.Attacks(t) {
		infos[a.Name] = a
	}
	yama, _ := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope") // absent: 0
	var matrix []wallClass
	for _, class := range wallMatrix {
		var rows []wallRow
		for _, row := range class.rows {
			info, known := infos[row.attack]
			if !known {
				t.Fatalf("no attack %q", row.attack)
			}
			why := ""
			for _, need := range info.Needs {
				if err := testutil.Missing(need); err != nil {
					why = fmt.Sprintf("needs %s: %v", need, err)
				}
			}
			if info.Class == "ptrace" && row.target == "sibling" && !strings.HasPrefix(string(yama)+"0", "0") {
				why = "Yama holds it here"
			}
			if err := missingGroups(); err != nil && row.by == string(tracer.WallCgroup) {
				why = fmt.Sprintf("held by a control group alone: %v", err)
			}
			if why != "" {
				t.Logf("left out: %s: %s", row.attack, why)
				continue
			}
			rows = append(rows, row)
		}
		matrix = append(matrix, wallClass{class.name, rows})
	}
	return matrix
}

// wallTable is the matrix as it is printed and published.
func wallTable(matrix []wallClass, held func(wallClass, string) int) string {
	var names []string
	for _, column := range wallColumns {
		names = append(names, column.name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| attacks | %s |\n|---%s|\n", strings.Join(names, " | "), strings.Repeat("|---", len(wallColumns)))
	for _, class := range matrix {
		fmt.Fprintf(&b, "| %s", class.name)
		for _, column := range wallColumns {
			fmt.Fprintf(&b, " | %d/%d", held(class, column.name), len(class.rows))
		}
		b.WriteString(" |\n")
	}
	return b.String()
}
