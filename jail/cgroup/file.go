package cgroup

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// directory is a group's directory in one tree, held open and locked.
type directory struct {
	path    string
	version int
	offers  role
	fd      int
}

func (d *directory) open(name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(d.fd, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err == nil {
			return fd, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return -1, &os.PathError{Op: "open", Path: d.path + "/" + name, Err: err}
		}
	}
}

// read gives all of a file.
func (d *directory) read(name string) (string, error) {
	fd, err := d.open(name, unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	text, err := readAll(fd)
	if err != nil {
		return "", &os.PathError{Op: "read", Path: d.path + "/" + name, Err: err}
	}
	return text, nil
}

// readAll reads a file from its beginning, wherever its offset is.
func readAll(fd int) (string, error) {
	buf := make([]byte, 1024)
	for n := 0; ; {
		got, err := unix.Pread(fd, buf[n:], int64(n))
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return "", err
		case got == 0:
			return string(buf[:n]), nil
		default:
			n += got
			if n == len(buf) {
				buf = append(buf, make([]byte, len(buf))...)
			}
		}
	}
}

// write hands the kernel a value in one write. EINTR is tried again: the
// runtime's own signals interrupt a memory limit that is being lowered.
func (d *directory) write(name, value string) error {
	fd, err := d.open(name, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := writeAll(fd, value); err != nil {
		return &os.PathError{Op: "write " + value + " to", Path: d.path + "/" + name, Err: err}
	}
	return nil
}

func writeAll(fd int, value string) error {
	for {
		_, err := unix.Write(fd, []byte(value))
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// number reads a file that holds one number, and -1 where there is no such file.
func (d *directory) number(name string) (int64, error) {
	text, err := d.read(name)
	if errors.Is(err, unix.ENOENT) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	n, err := parseNumber(text)
	if err != nil {
		return -1, &os.PathError{Op: "parse", Path: d.path + "/" + name, Err: err}
	}
	return n, nil
}

// parseNumber reads a number of at least 0. More than an int64 holds, which
// version 1 counters of no limit may show, is its largest.
func parseNumber(text string) (int64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return -1, err
	}
	return int64(min(n, 1<<63-1)), nil
}

// valueOf gives the value of a line "key value", and -1 where there is none.
func valueOf(text, key string) int64 {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, " ")
		if name != key {
			continue
		}
		if n, err := parseNumber(value); err == nil {
			return n
		}
	}
	return -1
}

// keyed reads one value of a file of such lines, and -1 where there is no
// such file or line.
func (d *directory) keyed(name, key string) (int64, error) {
	text, err := d.read(name)
	if errors.Is(err, unix.ENOENT) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	return valueOf(text, key), nil
}

// pids lists the processes of this directory: none where it was removed. One
// that this process's pid namespace does not have is 0.
func (d *directory) pids() ([]int, error) {
	text, err := d.read("cgroup.procs")
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []int
	for line := range strings.Lines(text) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			list = append(list, pid)
		}
	}
	return list, nil
}

// words are those of a file of a group that is not held open; none where it
// cannot be read.
func words(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

// put writes to a file of a group that is not held open.
func put(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// writable asks for this process's effective ids.
func writable(file string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, file, unix.W_OK, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "access", Path: file, Err: err}
	}
	return nil
}
