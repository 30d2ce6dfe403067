package snapshot

import (
	"slices"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// remapAll makes the mappings those of the moment. It gives what has been
// mapped anew, where every page is to be written.
func (w *rewind) remapAll() (fresh []span, err error) {
	now, err := plainAreas(w.pid)
	if err != nil {
		return nil, err
	}
	list := make([]memory.Mapping, len(now))
	for i := range now {
		list[i] = now[i].Mapping
	}
	if slices.Equal(list, w.b.areas) {
		return nil, nil
	}
	// The heap first: the kernel keeps its end, and moves it by brk alone.
	if brk := w.s.Process.Layout.Brk; brk != 0 && heapEnd(list) != heapEnd(w.b.areas) {
		w.call("brk", unix.SYS_BRK, brk)
		if err := w.flush(w.first()); err != nil {
			return nil, err
		}
		if now, err = plainAreas(w.pid); err != nil {
			return nil, err
		}
		list = list[:0]
		for i := range now {
			list = append(list, now[i].Mapping)
		}
	}
	fresh, err = w.differences(list)
	if err != nil {
		return nil, err
	}
	w.r.Maps = len(w.calls)
	if err := w.flush(w.first()); err != nil {
		return nil, err
	}
	return fresh, nil
}

func heapEnd(list []memory.Mapping) uint64 {
	for _, m := range list {
		if m.Path == "[heap]" {
			return m.End
		}
	}
	return 0
}

// differences queues the calls that make list the mappings of the moment.
func (w *rewind) differences(list []memory.Mapping) (fresh []span, err error) {
	var cuts []uint64
	for _, maps := range [...][]memory.Mapping{list, w.b.areas} {
		for _, m := range maps {
			cuts = append(cuts, m.Start, m.End)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i := range len(cuts) - 1 {
		start, end := cuts[i], cuts[i+1]
		is, mapped := memory.Find(list, start)
		was, wanted := memory.Find(w.b.areas, start)
		switch {
		case !mapped && !wanted, mapped && wanted && sameThere(&is, &was):
			if mapped && is.Perms != was.Perms {
				w.call("mprotect", unix.SYS_MPROTECT, start, end-start, protOf(was.Perms))
			}
		case !wanted:
			w.call("munmap", unix.SYS_MUNMAP, start, end-start)
		case was.Inode != 0 || was.Perms.Shared || special(was.Path):
			return nil, refuse("mapping %#x of %s is not there any more", start, was.Path)
		default:
			const none = ^uint64(0)
			w.call("mmap", unix.SYS_MMAP, start, end-start, protOf(was.Perms),
				unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED|unix.MAP_NORESERVE, none, 0)
			fresh = append(fresh, span{start, end, Data})
		}
	}
	return fresh, nil
}

// sameThere reports whether two mappings map the same thing at an address that
// both hold.
func sameThere(a, b *memory.Mapping) bool {
	if a.Perms.Shared != b.Perms.Shared || a.Inode != b.Inode || a.Dev != b.Dev || special(a.Path) != special(b.Path) {
		return false
	}
	return a.Inode == 0 || a.Offset-a.Start == b.Offset-b.Start
}

// protOf is what mmap(2) calls a mapping's permissions.
func protOf(p memory.Perms) uint64 {
	var prot uint64
	if p.R {
		prot |= unix.PROT_READ
	}
	if p.W {
		prot |= unix.PROT_WRITE
	}
	if p.X {
		prot |= unix.PROT_EXEC
	}
	return prot
}
