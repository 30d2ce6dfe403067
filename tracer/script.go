package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// script is a file that begins with "#!". Its interpreter is the program that
// runs, with the file for an argument, and opens it by its name: the policy
// must let that be.
type script struct {
	fd   int
	name string // absolute, in the program's root
	// argv comes before the program's arguments: the interpreter, what its
	// line says behind it, the file (execve(2), "Interpreter scripts").
	argv []string
}

func (s *script) close() {
	if s != nil {
		unix.Close(s.fd)
	}
}

// scriptLine is how much of a script the kernel looks at (BINPRM_BUF_SIZE).
const scriptLine = 256

// parseScript takes the first line apart as fs/binfmt_script.c does: the
// interpreter, and all that follows as one argument.
func parseScript(head []byte) (interp, arg string, err error) {
	line, whole := head[2:min(len(head), scriptLine)], true
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else {
		whole = len(head) < scriptLine
	}
	text := strings.TrimLeft(string(line), " \t")
	end := strings.IndexAny(text, " \t\x00")
	if end < 0 {
		if !whole {
			return "", "", errors.New("the line of its interpreter is too long")
		}
		end = len(text)
	}
	interp = text[:end]
	arg, _, _ = strings.Cut(strings.Trim(text[end:], " \t"), "\x00")
	switch {
	case interp == "":
		err = errors.New("its first line names no interpreter")
	case !filepath.IsAbs(interp):
		err = fmt.Errorf("its interpreter %q is not an absolute path", interp)
	}
	return interp, arg, err
}

// openScript opens the interpreter of the script p, which takes its place.
func (s *session) openScript(p *program) (*program, error) {
	fail := func(err error, hint string) (*program, error) {
		p.close()
		return nil, &LaunchError{Path: s.cfg.Path, Err: err, Hint: hint}
	}
	interp, arg, err := parseScript(p.head)
	if err != nil {
		return fail(unix.ENOEXEC, err.Error())
	}
	if !s.policy.opens || s.cfg.Engine == Strict {
		return fail(unix.ENOEXEC, fmt.Sprintf("it is a script for %q, which must open it, and policy %s lets no file be opened: see profile runtime",
			interp, s.policy.Policy.Name))
	}
	if s.cfg.Root == EmptyRoot {
		return fail(unix.ENOEXEC, fmt.Sprintf("it is a script for %q, which could not open it in an empty root directory", interp))
	}
	sc := &script{fd: p.fd, name: s.cfg.Path}
	if s.newRoot < 0 {
		if sc.name, err = filepath.Abs(sc.name); err != nil {
			return fail(err, "")
		}
	} else {
		sc.name = filepath.Join("/", sc.name)
	}
	sc.argv = []string{interp}
	if arg != "" {
		sc.argv = append(sc.argv, arg)
	}
	if named := s.envNames(interp, arg); named != "" {
		// env(1) would only execute it.
		interp, sc.argv = named, []string{arg}
	}
	sc.argv = append(sc.argv, sc.name)
	q, err := openProgram(s.newRoot, interp)
	if err != nil {
		var launch *LaunchError
		if errors.As(err, &launch) {
			return fail(launch.Err, strings.TrimSuffix(fmt.Sprintf("its interpreter %q: %s", interp, launch.Hint), ": "))
		}
		return fail(err, "")
	}
	if q.head != nil {
		q.close()
		return fail(unix.ENOEXEC, fmt.Sprintf("its interpreter %q is a script itself", interp))
	}
	q.script = sc
	return q, nil
}

// envNames is the program that "#!/usr/bin/env NAME" stands for, where the
// policy lets env itself execute nothing; or "".
func (s *session) envNames(interp, arg string) string {
	if filepath.Base(interp) != "env" || arg == "" || strings.ContainsAny(arg, "=/ \t") || arg[0] == '-' || s.policy.executes {
		return ""
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, v := range s.cfg.Env {
		if value, ok := strings.CutPrefix(v, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		name := filepath.Join(dir, arg)
		if !filepath.IsAbs(name) {
			continue
		}
		if p, err := openProgram(s.newRoot, name); err == nil {
			p.close()
			return name
		}
	}
	return ""
}
