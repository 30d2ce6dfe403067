package snapshot

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// area is a mapping while it is captured.
type area struct {
	memory.Mapping
	flags    []string // VmFlags
	pkey     int
	detailed bool // flags and empty are known
	empty    bool // no page of it was present or swapped
	dense    bool // it is large, private, and half of its pages or more were there
}

// denseSize is the least for which area.dense is worth while.
const denseSize = 32 << 20

// readAreas lists the mappings with what smaps says of them. The kernel walks
// all page tables for that: some 30 ms for a gigabyte.
func readAreas(pid int) ([]area, error) {
	list, err := memory.Of(pid).Smaps()
	if errors.Is(err, unix.ENOENT) { // a kernel without CONFIG_PROC_PAGE_MONITOR
		return plainAreas(pid)
	}
	if err != nil {
		return nil, err
	}
	areas := make([]area, len(list))
	for i := range list {
		d := &list[i]
		areas[i] = area{
			Mapping: d.Mapping, pkey: d.ProtectionKey,
			dense:    d.Inode == 0 && !d.Perms.Shared && d.Size() >= denseSize && d.RSS+d.Swap >= d.Size()/2,
			detailed: true, empty: d.RSS == 0 && d.Swap == 0 && d.HugePrivate == 0 && d.HugeShared == 0,
			// "uw" is our own doing, or that of a userfaultfd, which is no state of
			// the memory's.
			flags: slices.DeleteFunc(d.Flags, func(f string) bool { return f == "uw" }),
		}
	}
	return own(areas), nil
}

// plainAreas lists the mappings only.
func plainAreas(pid int) ([]area, error) {
	maps, err := memory.Of(pid).Maps()
	if err != nil {
		return nil, err
	}
	areas := make([]area, len(maps))
	for i := range maps {
		areas[i].Mapping = maps[i]
	}
	return own(areas), nil
}

// own drops the vsyscall page, which is in no process's memory, but in every
// list of it; and, of a process that runs, mappings that grew downwards over
// one that is listed.
func own(areas []area) []area {
	end := uint64(0)
	return slices.DeleteFunc(areas, func(a area) bool {
		if a.End > maxAddress || a.Start < end {
			return true
		}
		end = a.End
		return false
	})
}

// borrow gives areas that were listed without details those of an earlier
// list, and counts those that were not in it. One that has grown, split or
// moved its edge is the same as long as it is the same memory in kind.
func borrow(areas, earlier []area) (missing int) {
	j := 0
	for i := range areas {
		a := &areas[i]
		for j < len(earlier) && earlier[j].End <= a.Start {
			j++
		}
		found := false
		for k := j; k < len(earlier) && earlier[k].Start < a.End && !found; k++ {
			e := &earlier[k]
			if e.detailed && e.Perms == a.Perms && e.Path == a.Path && e.Inode == a.Inode {
				a.flags, a.pkey, a.detailed = e.flags, e.pkey, true
				a.dense = e.dense && e.Start == a.Start && e.End == a.End
				found = true
			}
		}
		if !found {
			missing++
		}
	}
	return missing
}

func (a *area) flag(name string) bool { return slices.Contains(a.flags, name) }

// kernels reports whether the mapping is the kernel's own, of pages that have
// no page structure and that nobody else can read: [vvar], the vsyscall page,
// device memory.
func (a *area) kernels() bool {
	return strings.HasPrefix(a.Path, "[vvar") || a.flag("pf") || a.flag("io")
}

// vdso reports whether the mapping is the vDSO, whose pages count as a file's.
func (a *area) vdso() bool { return a.Path == "[vdso]" }

// file reports whether the mapping has a file of any kind behind it.
func (a *area) file() bool { return a.Inode != 0 || strings.HasPrefix(a.Path, "/") }

// gone reports whether the file cannot be found again by its path: a deleted
// one, a memfd, shared anonymous memory.
func (a *area) gone() bool { return a.file() && (a.Deleted || !strings.HasPrefix(a.Path, "/")) }

// shmem reports whether the mapping is shared memory without a file that lasts.
func (a *area) shmem() bool { return a.Perms.Shared && a.gone() }

// rest is the kind of the pages that have none of their own.
func (a *area) rest() Kind {
	switch {
	case a.kernels():
		return Lost
	case a.file() && !a.shmem():
		return Clean
	}
	return Zero
}
