package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/jail"
)

// launchTries is how often a launch is made where somebody, the kernel short
// of memory say, killed the stub or the child before the program was there.
const launchTries = 3

func meddled(err error) bool {
	var death *jail.DeathError
	return errors.As(err, &death) && death.Signal == unix.SIGKILL || errors.Is(err, unix.ESRCH)
}

// stubAndLaunch launches from the worker's stub, or a new one where it has
// none with this policy's filter.
func (s *session) stubAndLaunch(io *stdio) (err error) {
	w := s.worker
	key, spec := s.plan()
	if w.key != key {
		w.closeStub()
	}
	w.pin()
	for {
		if w.stub == nil {
			if w.stub, err = w.start(spec, slices.Contains(s.walls, WallCgroup)); err == nil {
				w.key = key
			}
		}
		if err == nil {
			err = s.limitGroup()
		}
		if err == nil {
			break
		}
		switch {
		case s.notified && listenerRefused(err):
			s.notified = false
			if err = s.chooseFilters(); err != nil {
				return err
			}
		case !withdraw(err):
			return err
		}
		w.closeStub()
		key, spec = s.plan() // without the wall that was refused
		err = nil
	}
	return s.launch(io, spec)
}

// openRoot opens Config.Root where it is a directory.
func (s *session) openRoot() (err error) {
	s.newRoot = -1
	if s.cfg.Root == "" || s.cfg.Root == EmptyRoot {
		return nil
	}
	if s.newRoot, err = unix.Open(s.cfg.Root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return &fs.PathError{Op: "root directory", Path: s.cfg.Root, Err: err}
	}
	return nil
}

func (s *session) closeRoot() {
	if s.newRoot >= 0 {
		unix.Close(s.newRoot)
	}
}

// openDir opens the working directory on the caller's thread, whose own it may
// be; the worker's is another.
func (s *session) openDir() (err error) {
	dir := s.cfg.Dir
	if dir == "" {
		dir = "."
	}
	if s.dir, err = openIn(s.newRoot, dir, unix.O_PATH|unix.O_DIRECTORY); err != nil {
		return &fs.PathError{Op: "working directory", Path: dir, Err: err}
	}
	return nil
}

// dirName is the working directory's name without symbolic links, or "".
func (s *session) dirName() string {
	name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", s.dir))
	if err != nil {
		return ""
	}
	return name
}

// launch starts the program, stopped before its first instruction.
func (s *session) launch(io *stdio, stub *jail.StubSpec) error {
	root := stub.Root
	spec := jail.Spec{
		Stdio: io.child, Exec: s.prog.fd, Dir: -1,
		Argv: s.cfg.Args, Env: s.cfg.Env, UID: -1, GID: -1, Ruleset: -1, Root: -1,
		Limits: s.rlimits(), NoTSC: s.policy.noTSC(),
	}
	if len(spec.Argv) == 0 {
		spec.Argv = []string{s.cfg.Path}
	}
	if sc := s.prog.script; sc != nil {
		spec.Argv = slices.Concat(sc.argv, spec.Argv[1:])
	}
	for _, text := range slices.Concat(spec.Argv, spec.Env) {
		if strings.IndexByte(text, 0) >= 0 {
			return fmt.Errorf("argument or environment %q: %w: it holds a NUL byte", text, unix.EINVAL)
		}
	}
	switch {
	case root && s.newRoot >= 0:
		spec.Root, spec.Dir = s.newRoot, s.dir
	case s.newRoot >= 0:
		return &RequireError{[]string{"root " + s.cfg.Root + " (" + s.whyNot(WallRoot) + ")"}}
	case root && s.static():
		spec.EmptyRoot = true
	default:
		s.rootWaits, spec.Dir = root, s.dir
		if stub.View != nil {
			spec.DirName = s.dirName()
		}
	}
	release, err := s.identify(&spec)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			release()
		} else {
			s.budget.release = release
		}
	}()
	if spec.Ruleset, err = s.ruleset(); err != nil {
		return err
	}
	if spec.Ruleset >= 0 {
		defer unix.Close(spec.Ruleset)
	}
	spec.Filter = s.childFilter()
	later, err := s.laterRuleset()
	if err != nil {
		return err
	}
	last := s.lastDescriptor()
	if later >= 0 {
		defer unix.Close(later)
		s.laterFD = last
		spec.Kept = append(spec.Kept, jail.Kept{FD: later, As: last})
		last--
	}
	if s.cfg.Keep != nil {
		s.keptFD = last
		spec.Kept = append(spec.Kept, jail.Kept{FD: int(s.cfg.Keep.Fd()), As: last})
	}
	s.standing(&spec)
	if err = s.required(); err != nil {
		return err
	}
	s.root, err = s.worker.stub.Launch(&spec)
	if err != nil {
		return s.launchError(err)
	}
	s.ctx.Self = uint32(s.worker.stub.Inner())
	s.adopt(s.root, s.root)
	return nil
}

// launchError tells the program's faults from the supervisor's.
func (s *session) launchError(err error) error {
	var death *jail.DeathError
	if errors.As(err, &death) && death.Signal != 0 && death.Signal != unix.SIGKILL {
		return &LaunchError{
			Path: s.cfg.Path, Err: unix.ENOEXEC,
			Hint: "the kernel could not load it and killed it by " + unix.SignalName(death.Signal),
		}
	}
	var setup *jail.SetupError
	if !errors.As(err, &setup) || setup.Step != "execve" {
		return err
	}
	hint := ""
	switch {
	case errors.Is(err, unix.ENOENT) && s.prog.dynamic:
		hint = fmt.Sprintf("its interpreter %q is not there", s.prog.interp)
	case errors.Is(err, unix.EACCES) && s.prog.dynamic:
		hint = fmt.Sprintf("it, or its interpreter %q, may not be executed by the held user under this policy", s.prog.interp)
	case errors.Is(err, unix.EACCES):
		hint = "the held user may not execute it"
	}
	return &LaunchError{Path: s.cfg.Path, Err: setup.Err, Hint: hint}
}

// othersOfUser counts the tasks that share the child's user where it gets no
// user of its own: RLIMIT_NPROC counts them all.
func (s *session) othersOfUser() int64 {
	switch {
	case s.sharesID() == "":
		return 0
	case s.cfg.UID != 0:
		return countTasks(int(s.cfg.UID))
	case slices.Contains(s.walls, WallUserNS):
		return 1 // the stub: a user namespace counts its own (ucounts, kernel/ucount.c)
	}
	return countTasks(os.Getuid())
}
