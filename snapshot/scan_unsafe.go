package snapshot

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Categories of pages and flags of PAGEMAP_SCAN (include/uapi/linux/fs.h).
const (
	pageTracked = 1 << 0 // PAGE_IS_WPALLOWED: the mapping is watched for writes
	pageWritten = 1 << 1 // written since it was write-protected, or never protected
	pageFile    = 1 << 2 // of a file or shared, not a private copy
	pagePresent = 1 << 3
	pageSwapped = 1 << 4
	pageZero    = 1 << 5 // the kernel's page of zeros
	pageGuard   = 1 << 8 // since Linux 6.15

	scanProtect = 1 << 0 // PM_SCAN_WP_MATCHING: write-protect what matches
	scanCheck   = 1 << 1 // PM_SCAN_CHECK_WPASYNC: EPERM where the mapping is not watched
)

const ioctlScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)

// scanArg is struct pm_scan_arg.
type scanArg struct {
	size, flags         uint64
	start, end, walkEnd uint64
	vec                 *region
	vecLen, maxPages    uint64
	inverted            uint64
	mask, any           uint64
	want                uint64
}

// region is struct page_region.
type region struct {
	start, end uint64
	categories uint64
}

// pagemapScan is one PAGEMAP_SCAN on a descriptor of /proc/<pid>/pagemap. It
// returns how many regions of vec it filled; arg.walkEnd is where it stopped.
// The call walks page tables under the other process's lock: it may sleep.
func pagemapScan(fd int, arg *scanArg, vec []region) (int, error) {
	arg.size = uint64(unsafe.Sizeof(*arg))
	arg.vec, arg.vecLen = unsafe.SliceData(vec), uint64(len(vec))
	n, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), ioctlScan, uintptr(unsafe.Pointer(arg)))
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// words sees page map entries in the bytes that pread(2) filled.
func words(b []byte) []uint64 {
	if len(b) < 8 {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/8)
}
