package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/memory"
)

// maxWhole bounds mappings of which every page is read, present or not: a
// program may map a file of any length.
const maxWhole = 256 << 20

// selection finds out which pages a snapshot has to copy.
type selection struct {
	pid   int
	files bool // the clean pages of files, too
	mem   *memory.Space
	table *pagemap
	notes *[]string
}

// kind is that of a page of a mapping that has these categories.
func (s *selection) kind(a *area, categories uint64) Kind {
	switch {
	case a.kernels():
		return Lost
	case categories&pageGuard != 0:
		return Guard
	case a.vdso():
		return Data
	case categories&(pagePresent|pageSwapped) == 0:
		return a.rest()
	case categories&pageZero != 0:
		return Zero
	case categories&pageFile != 0 && !a.shmem() && !s.whole(a):
		return a.rest()
	}
	return Data
}

// whole reports whether all pages of a mapping are copied: they could not be
// had from its file later, or are wanted in spite of that.
func (s *selection) whole(a *area) bool {
	return a.vdso() || a.file() && !a.shmem() && (a.gone() || s.files)
}

// sort gives regions, in ascending order, their kinds by the areas that they
// are in. What is in no area is dropped.
func (s *selection) sort(areas []area, regions []region) []span {
	var list []span
	i := 0
	for _, r := range regions {
		for i < len(areas) && areas[i].End <= r.start {
			i++
		}
		for j := i; j < len(areas) && areas[j].Start < r.end; j++ {
			a := &areas[j]
			list = add(list, span{max(r.start, a.Start), min(r.end, a.End), s.kind(a, r.categories)})
		}
	}
	return list
}

// present is the first picture: all pages that are not of the kind that the
// rest of their mapping is.
func (s *selection) present(areas []area) ([]span, error) {
	return s.picture(areas, []span{{0, scanEnd, Data}})
}

// presentIn is present for few of a process's mappings.
func (s *selection) presentIn(areas []area) ([]span, error) {
	return s.picture(areas, addresses(areas))
}

func (s *selection) picture(areas []area, where []span) ([]span, error) {
	var regions []region
	take := func(r region) { regions = append(regions, r) }
	var err error
	for _, part := range where {
		if err = s.table.present(part.start, part.end, take); err != nil {
			break
		}
	}
	if errors.Is(err, errNoScan) {
		regions = nil
		for i := range areas {
			a := &areas[i]
			if a.kernels() || a.detailed && a.empty && !a.shmem() {
				continue
			}
			if err = s.table.entries(a.Start, a.End, take); err != nil {
				break
			}
		}
	}
	if err != nil && !errors.Is(err, errNoScan) {
		return nil, &Error{"scan the page map", s.pid, err}
	}
	return overlay(s.sort(areas, regions), s.extras(areas)), nil
}

// extras are pages that are copied whatever the page tables say.
func (s *selection) extras(areas []area) []span {
	var list []span
	for i := range areas {
		a := &areas[i]
		switch {
		case a.kernels():
		case s.whole(a):
			if a.Size() > maxWhole {
				s.note("%s: only the pages that were in memory are kept: the mapping is longer than %d MiB", a.Path, maxWhole>>20)
				continue
			}
			list = add(list, span{a.Start, a.End, Data})
		case a.shmem():
			list = append(list, s.shared(a)...)
		case a.file() && a.Offset == 0 && !a.Perms.Shared && s.elf(a.Start):
			// Debuggers find the build ID and the program headers there.
			list = add(list, span{a.Start, a.Start + uint64(pageSize), Data})
		}
	}
	return list
}

func (s *selection) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(*s.notes) < maxNotes && !slices.Contains(*s.notes, text) {
		*s.notes = append(*s.notes, utf8(text))
	}
}

// elf reports whether an ELF file begins at addr.
func (s *selection) elf(addr uint64) bool {
	var magic [4]byte
	_, err := s.mem.ReadAt(magic[:], int64(addr))
	return err == nil && string(magic[:]) == "\x7fELF"
}

// shared lists what a mapping of shared memory has: pages that only others
// have touched are not in this process's page tables. The file itself knows,
// where we may open it.
func (s *selection) shared(a *area) []span {
	name := "map_files/" + strconv.FormatUint(a.Start, 16) + "-" + strconv.FormatUint(a.End, 16)
	st, err := procfs.Statx(s.pid, name)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
		err = unix.EINVAL // opening a device may do something
	}
	fd := -1
	if err == nil {
		fd, err = procfs.Open(s.pid, name, unix.O_RDONLY)
	}
	if err != nil {
		s.note("shared memory %s at %#x: pages that the process had not touched itself are taken for zeros", a.Path, a.Start)
		return nil
	}
	defer unix.Close(fd)
	var list []span
	page := int64(pageSize)
	at, limit := int64(a.Offset), int64(a.Offset+a.Size())
	for at < limit {
		data, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if err != nil || data >= limit {
			break
		}
		hole, err := unix.Seek(fd, data, unix.SEEK_HOLE)
		if err != nil || hole <= data {
			break
		}
		start, end := data/page*page, min((hole+page-1)/page*page, limit)
		list = add(list, span{a.Start + uint64(start) - a.Offset, a.Start + uint64(end) - a.Offset, Data})
		at = hole
	}
	return list
}
