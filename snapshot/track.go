package snapshot

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// Tracker watches which pages of a process are written, by asynchronous write
// protection (userfaultfd(2), PAGEMAP_SCAN, Linux 6.7). It is set up from
// outside: the process makes one injected call, keeps no descriptor, and pays
// about a microsecond at the first write to each page after each snapshot.
// Huge pages are split for good when they are first written.
//
// Not watched, and so part of every snapshot in full, is what others can write
// as well: shared memory; also mappings that the process watches itself. A
// write by a device into a page that was pinned before the watch began is not
// seen (O_DIRECT, io_uring with fixed buffers).
//
// A Tracker is for one process image: after an execve(2) snapshots with it fail
// (unix.ESRCH), and it is to be closed.
type Tracker struct {
	pid  int
	uffd int
	last string // ID of the snapshot since which writes are counted; empty: none
	// areas are the last snapshot's: listing their details anew takes longer
	// than an increment.
	areas  []area
	freeze time.Duration // that setting it up took
	faults uint64        // that the process had had then
	slab   []byte        // where pages are kept while the process stands still
}

// Track begins to watch a process. It stops the process for some 0.1 ms.
// errors.ErrUnsupported is the cause where the kernel cannot.
func Track(src Injector) (*Tracker, error) {
	pid := src.PID()
	begin := time.Now()
	stops, err := src.Stop()
	if err == nil && len(stops) == 0 {
		err = unix.ESRCH
	}
	if err != nil {
		return nil, &Error{"stop", pid, err}
	}
	fd, err := fetchUffd(src, stops[0].TID)
	if startErr := src.Start(); err == nil && startErr != nil {
		err = &Error{"start", pid, startErr}
	}
	freeze := time.Since(begin)
	if err != nil {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		return nil, err
	}
	t := &Tracker{pid: pid, uffd: fd, freeze: freeze}
	if err := uffdAPI(fd); err != nil {
		_ = unix.Close(fd)
		if errors.Is(err, unix.EINVAL) {
			err = fmt.Errorf("no asynchronous write protection: %w", errors.ErrUnsupported)
		}
		return nil, &Error{"watch the memory", pid, err}
	}
	table, err := openPagemap(memoryThread(pid))
	if err == nil {
		err = table.probe() // the kernel may know the one call and not the other
		table.Close()
	}
	if err != nil {
		_ = t.Close()
		if errors.Is(err, errNoScan) {
			err = fmt.Errorf("%w: %w", err, errors.ErrUnsupported)
		}
		return nil, &Error{"watch the memory", pid, err}
	}
	return t, nil
}

// fetchUffd has a thread open a userfaultfd, which is bound to the memory of
// whoever opens it, and takes it over.
func fetchUffd(src Injector, tid int) (int, error) {
	call := []Call{{Nr: unix.SYS_USERFAULTFD, Args: [6]uint64{unix.O_CLOEXEC | unix.O_NONBLOCK | userModeOnly}}}
	if err := src.Inject(tid, call); err != nil {
		return -1, &Error{"inject userfaultfd", tid, err}
	}
	if call[0].Result < 0 {
		errno := unix.Errno(-call[0].Result)
		if errno == unix.ENOSYS {
			return -1, &Error{"inject userfaultfd", tid, fmt.Errorf("%w: %w", errno, errors.ErrUnsupported)}
		}
		return -1, &Error{"inject userfaultfd", tid, errno}
	}
	theirs := int(call[0].Result)
	fd, err := takeFD(src.PID(), tid, theirs)
	end := []Call{{Nr: unix.SYS_CLOSE, Args: [6]uint64{uint64(theirs)}}}
	if closeErr := src.Inject(tid, end); err == nil {
		err = closeErr
	}
	if err != nil {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
		return -1, &Error{"take the userfaultfd over", tid, err}
	}
	return fd, nil
}

// takeFD copies a descriptor of a process. A leader that has ended has none
// any more; a thread can be named since Linux 6.9.
func takeFD(pid, tid, theirs int) (int, error) {
	const thread = unix.O_EXCL // PIDFD_THREAD
	process, err := unix.PidfdOpen(pid, 0)
	if via := memoryThread(pid); via != pid {
		if err == nil {
			_ = unix.Close(process)
		}
		process, err = unix.PidfdOpen(tid, thread)
	}
	if err != nil {
		return -1, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, theirs, 0)
	if err != nil {
		return -1, fmt.Errorf("pidfd_getfd: %w", err)
	}
	unix.CloseOnExec(fd)
	return fd, nil
}

// Close ends the watch; the process's writes cost nothing any more.
func (t *Tracker) Close() error {
	if t.uffd < 0 {
		return nil
	}
	err := unix.Close(t.uffd)
	t.uffd = -1
	return err
}

// Last is the ID of the snapshot since which writes are counted, or empty:
// then the next snapshot is a full one.
func (t *Tracker) Last() string { return t.last }

// watched reports whether a mapping is to be watched: whoever else can write
// to a shared one would not be noticed.
func (a *area) watched() bool { return !a.kernels() && !a.vdso() && !a.Perms.Shared }

// register begins to watch mappings. One that the kernel refuses (it belongs
// to a userfaultfd of the process's own) stays as it is: scans show it as not
// watched, and all of it as written.
func (t *Tracker) register(areas []area) error {
	for i := range areas {
		a := &areas[i]
		if !a.watched() {
			continue
		}
		err := uffdRegister(t.uffd, a.Start, a.End)
		if err == unix.ENOMEM {
			// userfaultfd_register says so where the memory that the descriptor is
			// bound to has no user left.
			err = fmt.Errorf("the process has run another program: %w", unix.ESRCH)
		}
		if errors.Is(err, unix.ESRCH) || err == unix.EBADF {
			return &Error{"watch the memory", t.pid, err}
		}
	}
	return nil
}

// arm write-protects the pages of a range that were written since they were
// protected, or never were, and tells which: in one step, so that no write is
// missed. Pages that are not there are not protected: that would take page
// tables for all that a program reserves. When they come they count as written.
func (t *Tracker) arm(table *pagemap, start, end uint64, found func(region)) error {
	return t.failed(table.scan(wroteQuery(scanProtect, start, end), found))
}

func wroteQuery(flags, start, end uint64) scanArg {
	query := scanArg{
		flags: flags, start: start, end: end,
		mask: pageTracked | pageWritten,
		any:  pagePresent | pageSwapped,
		want: pagePresent | pageSwapped | pageFile | pageZero,
	}
	if guards.Load() > 0 { // their entries look like swapped pages
		query.mask |= pageGuard
		query.inverted = pageGuard
	}
	return query
}

// written finds candidates: what is not protected in watched mappings, and all
// that is not watched. The kernel has a way of its own to answer exactly this
// question, which takes a thirtieth of the time of others.
func (t *Tracker) written(table *pagemap) (list []region, err error) {
	query := scanArg{end: scanEnd, mask: pageWritten, want: pageWritten}
	err = table.scan(query, func(r region) { list = append(list, r) })
	return list, t.failed(err)
}

// take looks at candidates and, with protect, arms what is there of them. It
// asks once for candidates that are close to each other.
func (t *Tracker) take(table *pagemap, candidates []region, protect bool) (list []region, err error) {
	flags := uint64(0)
	if protect {
		flags = scanProtect
	}
	for _, s := range windows(candidates, 8*uint64(pageSize)) {
		query := wroteQuery(flags, s.start, s.end)
		if err := table.scan(query, func(r region) { list = append(list, r) }); err != nil {
			return nil, t.failed(err)
		}
	}
	return list, nil
}

// rearm arms regions of a stopped process again. Each call makes the CPU that
// the process ran on drop what it remembers of the page tables, some
// microseconds for as many as a thousand pages are passed over in; and a call
// that asks for nothing passes over them in the kernel's quick way, which also
// marks pages that are not there.
func (t *Tracker) rearm(table *pagemap, regions []region) error {
	for _, s := range windows(regions, 4<<20) {
		query := scanArg{flags: scanProtect, start: s.start, end: s.end, mask: pageTracked}
		for query.start < query.end {
			_, err := pagemapScan(table.fd, &query, nil)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return t.failed(err)
			}
			if query.walkEnd <= query.start {
				break
			}
			query.start = query.walkEnd
		}
	}
	return nil
}

// windows covers regions, joined where less than gap is between them.
func windows(regions []region, gap uint64) []span {
	var list []span
	for _, r := range regions {
		if n := len(list) - 1; n >= 0 && r.start-list[n].end <= gap {
			list[n].end = r.end
			continue
		}
		list = append(list, span{r.start, r.end, Data})
	}
	return list
}

// Written lists the memory that was written, dropped or mapped since the last
// snapshot, in whole pages, and what is not watched. The process must be
// stopped. What is listed stays listed until the next snapshot.
func (t *Tracker) Written() ([]memory.Range, error) {
	via := memoryThread(t.pid)
	areas, err := plainAreas(via)
	if err != nil {
		return nil, err
	}
	table, err := openPagemap(via)
	if err != nil {
		return nil, err
	}
	defer table.Close()
	c, err := t.changes(table, areas, false)
	if err != nil {
		return nil, err
	}
	wrote := overlay(spansOf(c.all), addresses(c.fresh))
	var list []memory.Range
	for i := range areas {
		for _, s := range within(wrote, areas[i].Start, areas[i].End) {
			list = append(list, memory.Range{Addr: s.start, Len: s.size()})
		}
	}
	return list, nil
}
