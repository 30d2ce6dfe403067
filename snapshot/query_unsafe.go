package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"unsafe"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// mapQuery asks /proc/<pid>/maps about single mappings (PROCMAP_QUERY, Linux
// 6.11): the kernel reads a file's build ID itself, and no file of the
// process's choice is opened.
type mapQuery struct{ fd int }

const (
	ioctlQuery     = 0xc0686611 // _IOWR('f', 17, struct procmap_query)
	maxBuildID     = 20         // BUILD_ID_SIZE_MAX
	queryFileBased = 0x20       // PROCMAP_QUERY_FILE_BACKED_VMA
)

// queryArg is struct procmap_query (include/uapi/linux/fs.h).
type queryArg struct {
	size, queryFlags, addr               uint64
	start, end, flags, pageSize          uint64
	offset, inode                        uint64
	devMajor, devMinor, nameSize, idSize uint32
	name                                 uint64
	id                                   *[maxBuildID]byte
}

func openQuery(pid int) *mapQuery {
	fd, err := procfs.Open(pid, "maps", unix.O_RDONLY)
	if err != nil {
		fd = -1
	}
	return &mapQuery{fd}
}

func (q *mapQuery) Close() {
	if q.fd >= 0 {
		_ = unix.Close(q.fd)
	}
}

// buildID returns the build ID of the ELF file mapped at addr, in hexadecimal,
// or nothing.
func (q *mapQuery) buildID(addr uint64) string {
	if q.fd < 0 {
		return ""
	}
	var id [maxBuildID]byte
	arg := &queryArg{queryFlags: queryFileBased, addr: addr, idSize: maxBuildID, id: &id}
	arg.size = uint64(unsafe.Sizeof(*arg))
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(q.fd), ioctlQuery, uintptr(unsafe.Pointer(arg)))
	if e != 0 || arg.idSize == 0 || arg.idSize > maxBuildID {
		return ""
	}
	return hex.EncodeToString(id[:arg.idSize])
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
