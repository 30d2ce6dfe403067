package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"warder/internal/guess"
	"warder/record"
	"warder/tracer"
)

// reportFlags say where the report goes and in which format.
type reportFlags struct {
	file, format string
	fd           int
}

func (f *reportFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.file, "report", "", "write a report to `FILE`, or with - to standard error")
	fs.IntVar(&f.fd, "report-fd", -1, "write the report to descriptor `N`")
	fs.StringVar(&f.format, "report-format", "json", "json, isolate (meta file), go-judge or prometheus (text format, for the textfile collector)")
}

// report is a place that was opened before the program started, so that a bad
// one fails with nothing run.
type report struct {
	file   *os.File // nil: no report
	name   string   // that the complete file gets; empty where it is written in place
	temp   string   // that it has until then, where it cannot be without one
	cut    bool     // cut what an older, longer report left in place
	format string
}

func (f *reportFlags) open() (*report, error) {
	switch f.format {
	case "json", "isolate", "go-judge", "prometheus":
	default:
		words := []string{"json", "isolate", "go-judge", "prometheus"}
		return nil, fmt.Errorf("--report-format %q: want %s%s", f.format, strings.Join(words, ", "), guess.Hint(f.format, words))
	}
	r := &report{format: f.format}
	var err error
	switch {
	case f.file != "" && f.fd >= 0:
		return nil, errors.New("--report and --report-fd: give one of them")
	case f.file == "-":
		r.file = os.Stderr
	case f.file != "":
		err = r.openFile(f.file)
	case f.fd >= 0:
		r.file, err = openDescriptor(f.fd)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r, nil
}

// openFile prepares a new file in the directory of name, which takes its place
// when it is complete: a reader never sees half a report. Until then it has no
// name (O_TMPFILE, open(2)), so that nothing is left of it however warder ends;
// file systems that have no such files, NFS among them, give it one. What is no
// regular file (a pipe, /dev/stdout), or lies where no file can be made, is
// written in place.
func (r *report) openFile(name string) error {
	if fd := descriptorOf(name); fd >= 0 {
		var err error
		r.file, err = openDescriptor(fd)
		return err
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target // replace what a link points to, not the link
	}
	st, err := os.Lstat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	exists := err == nil
	if exists && !st.Mode().IsRegular() {
		r.file, err = os.OpenFile(name, os.O_WRONLY, 0)
		return err
	}
	if exists {
		// Replacing a file takes a right to its directory only: keep to those
		// that may be written.
		if err := unix.Access(name, unix.W_OK); err != nil {
			return &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	r.file, err = os.OpenFile(filepath.Dir(name), unix.O_TMPFILE|os.O_WRONLY, 0o666)
	temp := ""
	if err == nil {
		_ = unix.Flock(int(r.file.Fd()), unix.LOCK_EX) // nobody else has it; see removeAbandoned
	}
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) {
		temp = filepath.Join(filepath.Dir(name), ".warder-report-"+rand.Text())
		r.file, err = os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	switch {
	case err == nil:
		r.name, r.temp = name, temp
		return nil
	case exists && errors.Is(err, fs.ErrPermission):
		r.cut = true
		r.file, err = os.OpenFile(name, os.O_WRONLY, 0)
		return err
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		pe.Path = name // the one that the operator knows
	}
	return err
}

// descriptorOf is the number in a name of one of warder's own descriptors, or
// -1. To open such a name anew would write over what is in the file already.
func descriptorOf(name string) int {
	switch name {
	case "/dev/stdout":
		return 1
	case "/dev/stderr":
		return 2
	}
	for _, dir := range [...]string{"/dev/fd/", "/proc/self/fd/"} {
		if digits, ok := strings.CutPrefix(name, dir); ok {
			if fd, err := strconv.ParseUint(digits, 10, 31); err == nil {
				return int(fd)
			}
		}
	}
	return -1
}

func openDescriptor(fd int) (*os.File, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY {
		err = errors.New("it is open for reading only")
	}
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", fd, err)
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), fmt.Sprintf("descriptor %d", fd)), nil
}

// write writes the report in its format and puts it in its place.
func (r *report) write(res *tracer.Result, program string) error {
	if r.file == nil {
		return nil
	}
	if err := r.fill(func(w io.Writer) error { return r.encode(w, res, program) }); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// fill writes a file with what f writes, and puts it in its place.
func (r *report) fill(f func(io.Writer) error) error {
	err := f(r.file)
	if err == nil && r.cut {
		r.truncate()
	}
	if err == nil && r.name != "" && r.temp == "" {
		err = r.publish()
	}
	if r.file != os.Stderr {
		if cerr := r.file.Close(); err == nil {
			err = cerr
		}
	}
	if r.temp != "" {
		if err == nil {
			err = os.Rename(r.temp, r.name)
		}
		if err != nil {
			_ = os.Remove(r.temp) // the first error is the one to tell
		}
	}
	return err
}

// publish gives a file without a name the report's. Where an old report has
// it, that takes two steps: no call of Linux's links over a file. Of a warder
// that is killed between them a second name is left, which the next report of
// the name takes away.
func (r *report) publish() error {
	link := func(name string) error {
		err := unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", r.file.Fd()), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
		if err != nil {
			return &fs.PathError{Op: "link", Path: name, Err: err}
		}
		return nil
	}
	second := secondName(r.name)
	removeAbandoned(second)
	if err := link(r.name); !errors.Is(err, fs.ErrExist) {
		return err
	}
	err := link(second)
	if errors.Is(err, fs.ErrExist) { // another warder, which lives, is at the same name
		second += rand.Text()
		err = link(second)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(second, r.name); err != nil {
		_ = unix.Unlink(second) // the first error is the one to tell
		return err
	}
	return nil
}

// secondName is next to a report's, and the same for all reports of that name.
func secondName(name string) string {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(filepath.Base(name)))
	return filepath.Join(filepath.Dir(name), fmt.Sprintf(".warder-report-%x", sum.Sum64()))
}

// removeAbandoned removes a file that no warder has locked, if it is there.
// Whoever has the lock is the only one to remove or rename it.
func removeAbandoned(name string) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	var held, named unix.Stat_t
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil && unix.Fstat(fd, &held) == nil &&
		unix.Lstat(name, &named) == nil && held.Ino == named.Ino && held.Dev == named.Dev {
		_ = unix.Unlink(name) // at worst the report gets another second name
	}
}

func (r *report) encode(w io.Writer, res *tracer.Result, program string) error {
	switch r.format {
	case "isolate":
		return record.Isolate(w, res)
	case "go-judge":
		return record.GoJudge(w, res)
	case "prometheus":
		return record.Prometheus(w, res)
	}
	return record.NewReport(res, program).WriteJSON(w)
}

// truncate cuts the file behind the report.
func (r *report) truncate() {
	if at, err := r.file.Seek(0, io.SeekCurrent); err == nil {
		_ = r.file.Truncate(at) // at worst the old tail stays
	}
}

// discard removes what was prepared.
func (r *report) discard() {
	if r.name != "" {
		_ = r.file.Close()
	}
	if r.temp != "" {
		_ = os.Remove(r.temp)
	}
}
