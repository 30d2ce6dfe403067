package memory

import (
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
)

// Detail is a mapping with what /proc/<pid>/smaps adds to it
// (proc_pid_smaps(5); show_smap, fs/proc/task_mmu.c). Sizes are in bytes; what
// the running kernel does not tell is 0.
type Detail struct {
	Mapping

	PageSize uint64 // by which the kernel manages it: more than 4 KiB in hugetlbfs

	RSS          uint64 // resident: the four below together
	SharedClean  uint64 // pages that others have mapped, too
	SharedDirty  uint64
	PrivateClean uint64
	PrivateDirty uint64

	PSS        uint64 // resident, each page divided by how often it is mapped
	PSSDirty   uint64 // the dirty part (Linux 6.0)
	Referenced uint64
	Anonymous  uint64 // of no file, or changed since it was copied from one
	KSM        uint64 // merged with equal pages (Linux 6.7)
	LazyFree   uint64 // given back by MADV_FREE and not yet taken
	Swap       uint64 // swapped out
	SwapPSS    uint64
	Locked     uint64 // by mlock(2)

	AnonHuge    uint64 // in transparent huge pages
	ShmemHuge   uint64
	FileHuge    uint64
	HugeShared  uint64 // in hugetlbfs; not part of RSS
	HugePrivate uint64

	THPEligible   bool // may get transparent huge pages
	ProtectionKey int  // pkeys(7)

	// Flags are the kernel's two-letter names, VmFlags: "rd" readable, "wr",
	// "ex", "sh" shared, "mr" "mw" "me" "ms" may become so, "gd" grows down,
	// "io" memory of a device, "dd" not in core files, "wf" zeroed in a child,
	// "dc" not in a child, "lo" locked, "ht" hugetlbfs, "hg" and "nh" advised for
	// and against huge pages, "uw" write-protected by userfaultfd, "ss" a shadow
	// stack, "sl" sealed, and more.
	Flags []string
}

// Has reports whether the mapping has a flag of VmFlags.
func (d Detail) Has(flag string) bool { return slices.Contains(d.Flags, flag) }

// Smaps returns the mappings in ascending order with what their memory is
// made of. The kernel walks the page tables for it: about 20 ms for each GiB
// resident, during which the program cannot map memory. Limits and errors are
// those of Maps.
func (s *Space) Smaps() ([]Detail, error) {
	if err := s.check("smaps", 0, 0); err != nil {
		return nil, err
	}
	return readList(s, "smaps", ParseSmaps)
}

// ParseSmaps reads text in the form of /proc/<pid>/smaps. On error it returns
// what came before. Lines that it does not know are skipped: kernels add some.
func ParseSmaps(r io.Reader) ([]Detail, error) {
	var p mapsParser // holds the last mapping only, and the bounds of all
	var list []Detail
	count := 0
	err := eachLine(r, maxMapsLine, func(line []byte) error {
		// Addresses are in lower-case digits, keys begin with a capital letter.
		if len(line) > 0 && line[0] >= 'A' && line[0] <= 'Z' {
			if len(list) == 0 {
				return ErrMalformed
			}
			return list[len(list)-1].line(line)
		}
		if count++; count > MaxMappings {
			return ErrTooMany
		}
		if err := p.line(line); err != nil {
			return err
		}
		last := p.maps[len(p.maps)-1]
		p.maps = append(p.maps[:0], last)
		list = append(list, Detail{Mapping: last})
		return nil
	})
	return list, err
}

// line takes one "Key:   value kB".
func (d *Detail) line(b []byte) error {
	key, value, ok := bytes.Cut(b, []byte{':'})
	if !ok {
		return ErrMalformed
	}
	value = bytes.TrimSpace(value)
	if string(key) == "VmFlags" {
		d.Flags = d.flags(value)
		return nil
	}
	value, isSize := bytes.CutSuffix(value, []byte(" kB"))
	n, ok := number(value, 10)
	if !ok {
		return nil // a key of a newer kernel
	}
	switch string(key) {
	case "THPeligible":
		d.THPEligible = n != 0
		return nil
	case "ProtectionKey":
		d.ProtectionKey = int(min(n, math.MaxInt32))
		return nil
	}
	if field := d.field(string(key)); field != nil && isSize {
		if n > math.MaxUint64/1024 {
			return ErrMalformed
		}
		*field = n * 1024
	}
	return nil
}

// maxFlags bounds what is kept of VmFlags: there are 64 bits.
const maxFlags = 64

// flags keeps the two-letter names. They are few, so mappings share the text.
func (d *Detail) flags(b []byte) []string {
	flags := strings.Fields(string(b[:min(len(b), 3*maxFlags)]))
	return flags[:min(len(flags), maxFlags)]
}

func (d *Detail) field(key string) *uint64 {
	switch key {
	case "KernelPageSize":
		return &d.PageSize
	case "Rss":
		return &d.RSS
	case "Shared_Clean":
		return &d.SharedClean
	case "Shared_Dirty":
		return &d.SharedDirty
	case "Private_Clean":
		return &d.PrivateClean
	case "Private_Dirty":
		return &d.PrivateDirty
	case "Pss":
		return &d.PSS
	case "Pss_Dirty":
		return &d.PSSDirty
	case "Referenced":
		return &d.Referenced
	case "Anonymous":
		return &d.Anonymous
	case "KSM":
		return &d.KSM
	case "LazyFree":
		return &d.LazyFree
	case "Swap":
		return &d.Swap
	case "SwapPss":
		return &d.SwapPSS
	case "Locked":
		return &d.Locked
	case "AnonHugePages":
		return &d.AnonHuge
	case "ShmemPmdMapped":
		return &d.ShmemHuge
	case "FilePmdMapped":
		return &d.FileHuge
	case "Shared_Hugetlb":
		return &d.HugeShared
	case "Private_Hugetlb":
		return &d.HugePrivate
	}
	return nil
}
