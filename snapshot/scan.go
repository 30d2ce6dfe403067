package snapshot

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// scanEnd is where a scan of everything ends. The last page below maxAddress
// is not the program's to map (TASK_SIZE_MAX), and a range with it is EFAULT.
var scanEnd = maxAddress - uint64(pageSize)

// guards says whether the kernel knows pageGuard: an unknown category is
// EINVAL, so the first scan finds out.
var guards atomic.Int32 // 0 not known yet, 1 yes, -1 no

// errNoScan says that the kernel has no PAGEMAP_SCAN (before 6.7).
var errNoScan = errors.New("the kernel has no PAGEMAP_SCAN")

// Regions that one call can report.
const (
	manyInCall = 4096
	fewRegions = 64
)

// pagemap is /proc/<pid>/pagemap of one address space.
type pagemap struct {
	fd  int
	vec []region
}

func openPagemap(pid int) (*pagemap, error) {
	fd, err := procfs.Open(pid, "pagemap", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	p := &pagemap{fd, make([]region, manyInCall)}
	if guards.Load() == 0 {
		_ = p.probe() // a kernel without PAGEMAP_SCAN: the first scan says so
	}
	return p, nil
}

func (p *pagemap) Close() { _ = unix.Close(p.fd) }

// scan calls found for every region that query selects, in ascending order.
// Regions may span mappings that touch.
//
// The kernel stops where vec is full. Where it has got then is walkEnd, but
// only then: it collects 512 regions at a time, and at the end of a complete
// walk walkEnd is where the last 512 were full (do_pagemap_scan,
// fs/proc/task_mmu.c, Linux 6.18).
func (p *pagemap) scan(query scanArg, found func(region)) error {
	vec := p.vec
	if pages := (query.end - query.start) / uint64(pageSize); pages <= fewRegions {
		vec = vec[:fewRegions] // the kernel allocates as many
	}
	for query.start < query.end {
		n, err := pagemapScan(p.fd, &query, vec)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.ENOTTY:
			return errNoScan
		case err != nil:
			return err
		}
		for _, r := range vec[:n] {
			found(r)
		}
		if n < len(vec) {
			return nil
		}
		query.start = max(query.walkEnd, vec[n-1].end)
	}
	return nil
}

// present lists what has pages of its own: categories pageFile and pageGuard
// say what they are. The kernel's page of zeros is left out.
func (p *pagemap) present(start, end uint64, found func(region)) error {
	query := scanArg{
		start: start, end: end,
		inverted: pageZero, mask: pageZero,
		any:  pagePresent | pageSwapped,
		want: pagePresent | pageSwapped | pageFile,
	}
	if guards.Load() > 0 {
		query.any |= pageGuard
		query.want |= pageGuard
	}
	return p.scan(query, found)
}

// probe asks once for what older kernels do not know.
func (p *pagemap) probe() error {
	query := scanArg{end: uint64(pageSize), any: pagePresent, want: pageGuard}
	err := p.scan(query, func(region) {})
	switch err {
	case nil:
		guards.CompareAndSwap(0, 1)
	case unix.EINVAL:
		guards.CompareAndSwap(0, -1)
		query.want = pagePresent
		err = p.scan(query, func(region) {})
	}
	return err
}

// Bits of an entry of /proc/<pid>/pagemap (Documentation/admin-guide/mm/pagemap.rst).
const (
	entryPresent = 1 << 63
	entrySwapped = 1 << 62
	entryFile    = 1 << 61 // a file's or shared
	entryGuard   = 1 << 58
)

// entries is present for kernels before 6.7 and one mapping: eight bytes a
// page, pages that are not there included. It cannot tell the page of zeros.
func (p *pagemap) entries(start, end uint64, found func(region)) error {
	page := uint64(pageSize)
	buf := make([]byte, 512<<10)
	for at := start; at < end; {
		want := min(uint64(len(buf)), (end-at)/page*8)
		n, err := unix.Pread(p.fd, buf[:want], int64(at/page*8))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return err
		case n < 8:
			return unix.ESRCH // the address space has no user left
		}
		for i, w := range words(buf[:n]) {
			var c uint64
			if w&entryPresent != 0 {
				c |= pagePresent
			}
			if w&entrySwapped != 0 {
				c |= pageSwapped
			}
			if w&entryGuard != 0 {
				c = pageGuard // a guard's entry looks swapped, too
			}
			if c != 0 && w&entryFile != 0 {
				c |= pageFile
			}
			if c != 0 {
				a := at + uint64(i)*page
				found(region{a, a + page, c})
			}
		}
		at += uint64(n) / 8 * page
	}
	return nil
}
