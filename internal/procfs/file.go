package procfs

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// ReadFile reads /proc/<pid>/<name> up to max bytes: EFBIG when it is longer.
// name may lead into a directory ("task/7/stat").
func ReadFile(pid int, name string, max int) ([]byte, error) {
	fd, err := Open(pid, name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	b := make([]byte, 0, min(4096, max+1))
	for {
		if len(b) > max {
			return nil, &Error{"read", pid, name, unix.EFBIG}
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := read(fd, b[len(b):cap(b)])
		if err != nil {
			return nil, &Error{"read", pid, name, err}
		}
		if n == 0 {
			return b, nil
		}
		b = b[:len(b)+n]
	}
}

// Statx is statx(2) of what /proc/<pid>/<name> leads to, as the kernel has it
// in memory: a file system that a process serves (FUSE) is not asked, so the
// call cannot be made to hang. Following map_files/* takes
// CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN.
func Statx(pid int, name string) (*unix.Statx_t, error) {
	dir, err := Root()
	if err != nil {
		return nil, err
	}
	var st unix.Statx_t
	const mask = unix.STATX_BASIC_STATS
	if err := unix.Statx(dir, strconv.Itoa(pid)+"/"+name, unix.AT_STATX_DONT_SYNC, mask, &st); err != nil {
		return nil, &Error{"statx", pid, name, err}
	}
	return &st, nil
}
