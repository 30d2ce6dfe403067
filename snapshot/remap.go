package snapshot

import (
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/sys/unix"
)

// mapAll makes the snapshot's mappings. Pages that the file has are mapped from
// it, private, so that each is read when it is touched; what the kernel maps
// from no file (a stack, shared memory) is copied.
func (r *resumption) mapAll() error {
	var copies []*Mapping
	for i := range r.s.Mappings {
		m := &r.s.Mappings[i]
		if special(m.Name) || m.Name == "[vsyscall]" {
			continue
		}
		copied, err := r.remap(m)
		if err != nil {
			return err
		}
		if copied {
			copies = append(copies, m)
		}
	}
	if err := r.flush(r.pid); err != nil {
		return err
	}
	for _, m := range copies {
		if err := r.fill(m); err != nil {
			return err
		}
	}
	for i := range r.s.Mappings {
		r.advise(&r.s.Mappings[i])
	}
	return r.flush(r.pid)
}

// prot is what a mapping permits, as mmap(2) takes it.
func (m *Mapping) prot() uint64 {
	var p uint64
	for i, bit := range [...]uint64{unix.PROT_READ, unix.PROT_WRITE, unix.PROT_EXEC} {
		if len(m.Perms) > i && m.Perms[i] == "rwx"[i] {
			p |= bit
		}
	}
	return p
}

// remap queues the calls for one mapping and says whether its pages are to be
// copied.
func (r *resumption) remap(m *Mapping) (copied bool, err error) {
	// What is shared and only read is as good as private.
	shared := len(m.Perms) > 3 && m.Perms[3] == 's' && m.prot()&unix.PROT_WRITE != 0
	grows := slices.Contains(m.Flags, "gd")
	switch {
	case m.PKey != 0:
		return false, refuse("mapping %#x has protection key %d", m.Start, m.PKey)
	case r.own(m.Start):
		return false, refuse("mapping %#x is in the way", m.Start)
	case shared && m.File != 0 && !sharedMemory(r.s.PathOf(m)):
		return false, refuse("mapping %#x is shared with file %s", m.Start, r.s.PathOf(m))
	case m.Runs.Pages(Lost) > 0:
		return false, refuse("%d pages of mapping %#x (%s) could not be read when it was taken", m.Runs.Pages(Lost), m.Start, r.s.PathOf(m))
	}
	flags := uint64(unix.MAP_ANONYMOUS | unix.MAP_FIXED | unix.MAP_NORESERVE)
	if shared {
		flags |= unix.MAP_SHARED
	} else {
		flags |= unix.MAP_PRIVATE
	}
	if grows {
		flags |= unix.MAP_GROWSDOWN
	}
	const none = ^uint64(0)
	r.call("mmap", unix.SYS_MMAP, m.Start, m.End-m.Start, m.prot(), flags, none, 0)
	if shared || grows {
		return m.Runs.Pages(Data) > 0, nil
	}
	for _, st := range r.c.Stretches() {
		start, end := max(st.Addr, m.Start), min(st.End(), m.End)
		if start < end {
			r.call("mmap of the snapshot", unix.SYS_MMAP, start, end-start, m.prot(),
				unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE, uint64(r.b.Kept()), st.Offset+start-st.Addr)
		}
	}
	return false, nil
}

// sharedMemory reports whether a mapping of that name is of no file with a
// name: memory that processes share.
func sharedMemory(path string) bool { return path == "/dev/zero" }

// fill copies a mapping's pages. Where the program may not write them, it is
// made to be able to meanwhile.
func (r *resumption) fill(m *Mapping) error {
	writable := m.prot()&unix.PROT_WRITE != 0
	if !writable {
		r.call("mprotect", unix.SYS_MPROTECT, m.Start, m.End-m.Start, unix.PROT_READ|unix.PROT_WRITE)
		if err := r.flush(r.pid); err != nil {
			return err
		}
	}
	buf := make([]byte, 1<<20)
	at := m.Start
	for _, run := range m.Runs {
		end := at + run.Pages*r.s.PageSize
		for run.Kind == Data && at < end {
			b := buf[:min(uint64(len(buf)), end-at)]
			if _, err := r.c.ReadAt(b, int64(at)); err != nil {
				return err
			}
			if _, err := r.mem.WriteAt(b, int64(at)); err != nil {
				return err
			}
			at += uint64(len(b))
		}
		at = end
	}
	if !writable {
		r.call("mprotect", unix.SYS_MPROTECT, m.Start, m.End-m.Start, m.prot())
	}
	return nil
}

// advices are the properties of mappings that madvise(2) gives, by the names
// that smaps has for them.
var advices = map[string]uint64{
	"dd": unix.MADV_DONTDUMP, "dc": unix.MADV_DONTFORK, "wf": unix.MADV_WIPEONFORK,
	"hg": unix.MADV_HUGEPAGE, "nh": unix.MADV_NOHUGEPAGE, "mg": unix.MADV_MERGEABLE,
}

const madvGuardInstall = 102 // Linux 6.13

// advise queues a mapping's advices, and its guard pages.
func (r *resumption) advise(m *Mapping) {
	if special(m.Name) || m.Name == "[vsyscall]" {
		return
	}
	for _, f := range m.Flags {
		if a, ok := advices[f]; ok {
			r.call("madvise "+f, unix.SYS_MADVISE, m.Start, m.End-m.Start, a)
		}
	}
	at := m.Start
	for _, run := range m.Runs {
		size := run.Pages * r.s.PageSize
		if run.Kind == Guard {
			r.call("madvise (guard pages)", unix.SYS_MADVISE, at, size, madvGuardInstall)
		}
		at += size
	}
}

// layout tells the kernel where the program's parts are: struct prctl_mm_map.
func (r *resumption) layout() error {
	const prSetMM, mmMap, mapSize = 35, 14, 104
	p := &r.s.Process
	l := &p.Layout
	scratch := r.base + scratchAt
	var aux []byte
	for _, a := range p.Auxv {
		aux = binary.LittleEndian.AppendUint64(aux, a.Key)
		aux = binary.LittleEndian.AppendUint64(aux, a.Value)
	}
	aux = append(aux, make([]byte, 16)...) // AT_NULL
	if len(aux) > scratchOf-mapSize {
		return refuse("its auxiliary vector has %d entries", len(p.Auxv))
	}
	var b []byte
	for _, v := range [...]uint64{
		l.StartCode, l.EndCode, l.StartData, l.EndData, l.StartBrk, l.Brk, l.StartStack,
		l.ArgStart, l.ArgEnd, l.EnvStart, l.EnvEnd, scratch + mapSize,
		uint64(len(aux)) | 0xffffffff<<32, // exe_fd: -1, which needs no right
	} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	if _, err := r.mem.WriteAt(append(b, aux...), int64(scratch)); err != nil {
		return err
	}
	r.call("prctl(PR_SET_MM_MAP)", unix.SYS_PRCTL, prSetMM, mmMap, scratch, mapSize, 0)
	err := r.flush(r.pid)
	if errors.Is(err, unix.EINVAL) {
		return refuse("the layout of its memory makes no sense to the kernel (PR_SET_MM_MAP)")
	}
	return err
}
