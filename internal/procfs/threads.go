package procfs

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// ThreadIDs returns the ids of the threads of a process, in the kernel's
// order, which is that of their creation. The list is only complete when the
// threads are stopped: running ones may start others behind the reader's back.
func ThreadIDs(pid int) ([]int, error) {
	return AppendThreadIDs(nil, pid)
}

// AppendThreadIDs appends the ids of the threads of a process to dst; it
// allocates only where dst has no room. On error dst comes back as it was.
func AppendThreadIDs(dst []int, pid int) ([]int, error) {
	out, err := appendNumbers(dst, pid, "task")
	if err == nil && len(out) == len(dst) {
		// The directory outlived the process.
		return dst, &Error{"read", pid, "task", unix.ESRCH}
	}
	return out, err
}

// Descriptors returns the numbers of a process's open descriptors; none where
// it is dead and not reaped. It is subject to the same race as ThreadIDs.
func Descriptors(pid int) ([]int, error) { return appendNumbers(nil, pid, "fd") }

// appendNumbers appends what numbers name entries of /proc/<pid>/<name>.
func appendNumbers(dst []int, pid int, name string) ([]int, error) {
	fd, err := Open(pid, name, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return dst, err
	}
	defer unix.Close(fd)
	var buf [4096]byte
	out := dst
	for {
		n, err := unix.Getdents(fd, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return dst, &Error{"read", pid, name, err}
		}
		if n == 0 {
			return out, nil
		}
		out = appendEntries(out, buf[:n])
		if len(out)-len(dst) > pidMax {
			return dst, &Error{"read", pid, name, unix.EFBIG}
		}
	}
}

// appendEntries takes the numbers among the names of a getdents64(2) buffer:
// struct linux_dirent64 is inode 8, offset 8, record length 2, type 1, name.
func appendEntries(dst []int, b []byte) []int {
	const header = 19
	for len(b) > header {
		size := int(binary.LittleEndian.Uint16(b[16:]))
		if size <= header || size > len(b) {
			break
		}
		name := b[header:size]
		b = b[size:]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		if len(name) > 0 && name[0] >= '0' && name[0] <= '9' {
			dst = append(dst, leadingInt(name))
		}
	}
	return dst
}
