package snapshot

import "sort"

// maxGap is the most that the file leaves as a hole between two pages of one
// extent. It costs no space, but the apparent size of the file must stay below
// what its file system and RLIMIT_FSIZE take, whatever a program reserves.
const maxGap = 1 << 20

// extent is some addresses' place in the file. What of it was not written is
// a hole there.
type extent struct {
	addr, size uint64
	off        uint64
}

func (e extent) end() uint64 { return e.addr + e.size }

// place gives data, in ascending order, its place in the file from *next on:
// stretches that are closer than gap to each other share an extent. Offsets
// are multiples of the page size, so the file can be mapped.
func place(data []span, next *uint64, gap uint64) []extent {
	var list []extent
	for _, s := range data {
		if n := len(list) - 1; n >= 0 && s.start-list[n].end() <= gap {
			list[n].size = s.end - list[n].addr
			continue
		}
		list = append(list, extent{addr: s.start, size: s.size()})
	}
	for i := range list {
		list[i].off = *next
		*next += list[i].size
	}
	return list
}

// extents are in ascending order of their addresses.
type extents []extent

// find returns the extent that holds addr, or the first one above it.
func (x extents) find(addr uint64) (e extent, inside bool) {
	i := sort.Search(len(x), func(i int) bool { return x[i].end() > addr })
	if i == len(x) {
		return extent{}, false
	}
	return x[i], x[i].addr <= addr
}

// missing returns what of data has no place yet.
func (x extents) missing(data []span) []span {
	var list []span
	for _, s := range data {
		for s.start < s.end {
			e, inside := x.find(s.start)
			switch {
			case inside:
				s.start = min(s.end, e.end())
				continue
			case e.size == 0:
				list = add(list, s)
				s.start = s.end
			default:
				end := min(s.end, e.addr)
				list = add(list, span{s.start, end, s.kind})
				s.start = end
			}
		}
	}
	return list
}

// chunk is a piece of data on its way from the process to the file.
type chunk struct {
	addr, size uint64
	off        uint64
}

// chunks cuts data at the borders of extents, and into pieces of at most size
// bytes. All data must have a place.
func (x extents) chunks(data []span, size uint64) []chunk {
	list := make([]chunk, 0, len(data))
	for _, s := range data {
		for s.start < s.end {
			e, inside := x.find(s.start)
			if !inside {
				break
			}
			n := min(s.end, e.end()) - s.start
			n = min(n, size)
			list = append(list, chunk{s.start, n, e.off + s.start - e.addr})
			s.start += n
		}
	}
	return list
}

// segment is one PT_LOAD.
type segment struct {
	addr, memory uint64
	off, file    uint64 // file bytes; memory behind them is not in the file
	flags        uint32 // PF_*
}

// segments makes the PT_LOADs of a snapshot whose data lies in the extents.
//
// Each mapping begins a new one. Inside of a mapping a new one begins where
// data follows pages that are not zero, for a debugger takes pages that are
// behind the file's part of a segment from the mapped file, or for zeros, but
// those inside of it from the core. Pages that cannot be read are in none. An
// increment has segments for its data only.
func (x extents) segments(s *State) []segment {
	var list []segment
	for i := range s.Mappings {
		m := &s.Mappings[i]
		flags := permFlags(m.Perms)
		var cur *segment
		zeros := false // what follows cur's part in the file is zeros so far
		for _, part := range m.spans(s.PageSize) {
			switch {
			case part.kind == Guard || part.kind == Lost || s.Parent != "" && part.kind != Data:
				cur = nil
				continue
			case part.kind != Data:
				if cur == nil {
					list = append(list, segment{addr: part.start, flags: flags})
					cur, zeros = &list[len(list)-1], false
				}
				cur.memory += part.size()
				zeros = zeros && part.kind == Zero
				continue
			}
			for _, c := range x.chunks([]span{part}, part.size()) {
				joins := cur != nil && cur.file > 0 && c.off == cur.off+(c.addr-cur.addr)
				if joins && cur.file < cur.memory {
					// The hole between must be of the same extent: another's bytes
					// could lie there.
					e, _ := x.find(c.addr)
					joins = zeros && e.addr < cur.addr+cur.file
				}
				if !joins {
					list = append(list, segment{addr: c.addr, off: c.off, flags: flags})
					cur = &list[len(list)-1]
				}
				cur.memory = c.addr + c.size - cur.addr
				cur.file = cur.memory
				zeros = true
			}
		}
	}
	return list
}

// permFlags turns "r-xp" into PF_R | PF_X.
func permFlags(perms string) uint32 {
	flags := uint32(0)
	for i, bit := range [...]uint32{4, 2, 1} { // PF_R, PF_W, PF_X
		if i < len(perms) && perms[i] != '-' {
			flags |= bit
		}
	}
	return flags
}
