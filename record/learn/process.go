package learn

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"warder/record/trace"
	"warder/rules"
)

// process is what is known of a process: where its relative paths start.
type process struct {
	dir  string // "": not known
	open map[int]open
}

// open is an open descriptor.
type open struct {
	path string // absolute; "" for what has none
	tcp  bool
}

// process finds the process of an event, or makes it known.
func (l *Learner) process(e *trace.Event) (*process, error) {
	l.threads[e.TID] = e.PID
	if e.TID != e.PID {
		l.threaded = true
	}
	if p := l.processes[e.PID]; p != nil {
		return p, nil
	}
	if len(l.processes) == maxProcesses || len(l.threads) > 4*maxProcesses {
		return nil, errTasks
	}
	p := &process{dir: l.opt.Dir, open: map[int]open{}}
	if l.begun && e.PID != l.self {
		l.children = true
	}
	l.processes[e.PID] = p
	if len(l.everyone) < maxPaths {
		l.everyone[e.PID], l.everyone[e.TID] = true, true
	}
	return p, nil
}

// birth remembers a thread, or a process, which begins as its parent is.
func (l *Learner) birth(e *trace.Event) error {
	known := l.processes[e.PID] != nil
	parent := l.processes[l.threads[e.Parent]]
	p, err := l.process(e)
	if err != nil || known || e.PID != e.TID {
		return err
	}
	if parent != nil {
		p.dir, p.open = parent.dir, maps.Clone(parent.open)
	}
	return nil
}

// returned is what a call returned, where it succeeded.
func returned(e *trace.Event) (int, bool) {
	v, err := strconv.ParseUint(strings.TrimPrefix(e.Value, "0x"), 16, 64)
	return int(int32(v)), err == nil && e.Errno == ""
}

// follow keeps track of descriptors and of the working directory.
func (p *process) follow(l *Learner, e *trace.Event, c *rules.Case) {
	value, ok := returned(e)
	if !ok {
		return
	}
	a := &c.Call.Args
	switch e.Name {
	case "open", "openat", "openat2", "creat":
		arg := rules.PathArg(e.Name)
		name, _ := p.absolute(e, c, arg)
		p.put(value, open{path: name})
	case "socket":
		const stream, typeMask = 1, 0xf
		tcp := (a[0] == 2 || a[0] == 10) && a[1]&typeMask == stream && (uint32(a[2]) == 0 || uint32(a[2]) == 6)
		p.put(value, open{tcp: tcp})
	case "dup", "dup2", "dup3":
		p.put(value, p.open[int(int32(a[0]))])
	case "fcntl":
		if cmd := uint32(a[1]); cmd == 0 || cmd == 1030 { // F_DUPFD, F_DUPFD_CLOEXEC
			p.put(value, p.open[int(int32(a[0]))])
		}
	case "pipe", "pipe2", "socketpair", "accept", "accept4", "eventfd", "eventfd2", "epoll_create1", "memfd_create":
		delete(p.open, value)
	case "close":
		delete(p.open, int(int32(a[0])))
	case "chdir":
		p.dir, _ = p.absolute(e, c, 0)
	case "fchdir":
		p.dir = p.open[int(int32(a[0]))].path
	case "chroot", "pivot_root":
		l.note("%s: paths behind it are those of another root, and not understood", e.Name)
	}
}

func (p *process) put(fd int, o open) {
	if fd < 0 || len(p.open) >= maxOpen {
		return
	}
	p.open[fd] = o
}

// absolute gives a path argument's absolute name. It is false where the
// directory that it starts from is not known, or there is no name.
func (p *process) absolute(e *trace.Event, c *rules.Case, arg int) (string, bool) {
	if arg < 0 || c.Paths[arg] == "" {
		return "", false
	}
	name := c.Paths[arg]
	if strings.HasPrefix(name, "/") {
		return path.Clean(name), true
	}
	dir := p.dir
	if at := rules.DirArg(e.Name, arg); at >= 0 && int32(c.Call.Args[at]) != atFDCWD {
		dir = p.open[int(int32(c.Call.Args[at]))].path
		// A trace made with -y tells.
		for i := range e.Args {
			if _, file, ok := strings.Cut(e.Args[i].Text, "<"); ok && e.Args[i].Raw == "0x"+strconv.FormatUint(c.Call.Args[at], 16) {
				if file, ok = strings.CutSuffix(file, ">"); ok && strings.HasPrefix(file, "/") {
					dir = file
				}
			}
		}
	}
	if dir == "" {
		return "", false
	}
	return path.Join(dir, name), true
}

// inside reports whether a path is a tree's, or below it.
func inside(name, tree string) bool {
	return name == tree || tree == "/" || strings.HasPrefix(name, tree+"/")
}

// harmless are errors of calls that need no path granted: the kernel gives
// them before it asks Landlock, or Landlock gives the same.
var harmless = []string{
	"ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EEXIST", "EACCES", "EPERM", "EFAULT", "EINVAL", "EBADF", "EMFILE", "ENFILE",
	"EROFS", "EISDIR", "ENOSYS",
}

func needsNoPath(e *trace.Event) bool { return e.Errno != "" && slices.Contains(harmless, e.Errno) }
