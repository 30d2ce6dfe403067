package tracer

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/memory"
)

// sharedMemory is how many bytes of shared memory a process keeps alive: what
// MAP_SHARED mappings and, with fds, its descriptors refer to. The resident
// set does not tell: MADV_DONTNEED takes pages out of it and leaves them in
// the object. An object's blocks do (shmem_getattr, mm/shmem.c); asking for
// them takes the right to follow /proc/PID/map_files, and where warder has it
// not, a mapping counts with its whole size.
func sharedMemory(pid int, fds int64) int64 {
	total := int64(0)
	seen := make(map[uint64]bool)
	count := func(name string) bool {
		fd, err := procfs.Open(pid, name, unix.O_PATH)
		if err != nil {
			return false
		}
		defer unix.Close(fd)
		var fs unix.Statfs_t
		var st unix.Stat_t
		if unix.Fstatfs(fd, &fs) != nil || unix.Fstat(fd, &st) != nil {
			return false
		}
		if fs.Type == unix.TMPFS_MAGIC && !seen[st.Ino] {
			seen[st.Ino] = true
			total += st.Blocks * 512
		}
		return true
	}
	maps, err := memory.Of(pid).Maps()
	if err != nil {
		return 0
	}
	for _, m := range maps {
		if m.Perms.Shared && isShmem(m.Path) && !count(fmt.Sprintf("map_files/%x-%x", m.Start, m.End)) {
			total += int64(m.End - m.Start)
		}
	}
	for fd := range fds {
		count(fmt.Sprintf("fd/%d", fd))
	}
	return total
}

// isShmem tells memory from files by what the kernel calls it.
func isShmem(path string) bool {
	for _, prefix := range [...]string{"/dev/zero", "/memfd:", "/SYSV", "/dev/shm/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
