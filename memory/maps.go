package memory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// MaxMappings is how many mappings Maps returns at most: what the kernel lets
// a process have by default (vm.max_map_count, 65,530), and a few.
const MaxMappings = 65_536

const (
	maxMapsLine  = 64 << 10 // a longer line keeps its numbers and loses the end of its path
	maxMapsPaths = 16 << 20 // bytes of all paths that differ from the one before
)

// ErrTooMany is the cause when a process has more mappings, or longer paths,
// than Maps keeps. ErrMalformed is content that proc_pid_maps(5) does not
// describe.
var (
	ErrTooMany   = errors.New("too many mappings")
	ErrMalformed = errors.New("unexpected content")
)

// Perms is what a mapping permits.
type Perms struct {
	R, W, X bool
	Shared  bool // MAP_SHARED: 's', otherwise 'p' for private, copied on write
}

// String returns the kernel's four letters: "r-xp".
func (p Perms) String() string {
	b := [4]byte{'-', '-', '-', 'p'}
	if p.R {
		b[0] = 'r'
	}
	if p.W {
		b[1] = 'w'
	}
	if p.X {
		b[2] = 'x'
	}
	if p.Shared {
		b[3] = 's'
	}
	return string(b[:])
}

// Mapping is one line of /proc/<pid>/maps (show_map_vma, fs/proc/task_mmu.c).
type Mapping struct {
	Start, End uint64 // End is the first address after it
	Perms      Perms
	Offset     uint64 // in the file, of Start
	Dev        string // "major:minor" in hexadecimal
	Inode      uint64 // 0: no file
	// Path is the file as seen from the root of whoever read the list, or the
	// kernel's name in brackets ("[stack]", "[heap]", "[vdso]",
	// "[anon:name]"), or empty. The kernel writes a newline as \012 and leaves
	// backslashes alone, so a file whose name holds the four characters \012
	// cannot be told from one with a newline: identify files by Dev and Inode.
	Path string
	// Deleted says that the kernel put " (deleted)" behind the path, which
	// Path is without; a file may also be named so.
	Deleted bool
}

// Size returns the length in bytes.
func (m Mapping) Size() uint64 { return m.End - m.Start }

// Range returns the addresses.
func (m Mapping) Range() Range { return Range{m.Start, m.End - m.Start} }

// String returns the mapping as the kernel prints it, with one space before
// the path.
func (m Mapping) String() string {
	s := fmt.Sprintf("%08x-%08x %s %08x %s %d", m.Start, m.End, m.Perms, m.Offset, m.Dev, m.Inode)
	if m.Path != "" {
		s += " " + strings.ReplaceAll(m.Path, "\n", `\012`)
	}
	if m.Deleted {
		s += deleted
	}
	return s
}

const deleted = " (deleted)"

// Maps returns the mappings in ascending order. The list is only consistent
// while all threads that share the memory are stopped. With ErrTooMany it
// holds the lower addresses. A process without memory (a zombie) is
// unix.ESRCH.
func (s *Space) Maps() ([]Mapping, error) {
	if err := s.check("maps", 0, 0); err != nil {
		return nil, err
	}
	return readList(s, "maps", ParseMaps)
}

// readList reads one of the kernel's lists of mappings.
func readList[T any](s *Space, name string, parse func(io.Reader) ([]T, error)) ([]T, error) {
	fd, err := procfs.Open(s.tid, name, unix.O_RDONLY)
	if err != nil {
		return nil, s.fail(name, 0, err)
	}
	defer unix.Close(fd)
	list, err := parse(descriptor(fd))
	if err == nil && len(list) == 0 {
		err = unix.ESRCH
	}
	if err != nil {
		return list, s.fail(name, 0, err)
	}
	return list, nil
}

// descriptor reads a raw descriptor. An os.File would be offered to the
// poller and have its finalizer set for a few reads.
type descriptor int

func (d descriptor) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(d), p)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// ParseMaps reads text in the form of /proc/<pid>/maps. On error it returns
// what came before.
func ParseMaps(r io.Reader) ([]Mapping, error) {
	var p mapsParser
	err := eachLine(r, maxMapsLine, p.line)
	return p.maps, err
}

type mapsParser struct {
	maps  []Mapping
	paths int
}

func (p *mapsParser) line(b []byte) error {
	if len(p.maps) == MaxMappings {
		return ErrTooMany
	}
	var prev Mapping
	if len(p.maps) > 0 {
		prev = p.maps[len(p.maps)-1]
	}
	m, ok := parseMapping(b, &prev)
	if !ok {
		return ErrMalformed
	}
	if m.Path != prev.Path {
		if p.paths += len(m.Path); p.paths > maxMapsPaths {
			return ErrTooMany
		}
	}
	p.maps = append(p.maps, m)
	return nil
}

// parseMapping takes "start-end perms offset dev inode   path". Strings that
// are the same as in the line before are shared with it.
func parseMapping(b []byte, prev *Mapping) (m Mapping, ok bool) {
	addrs, b, ok1 := bytes.Cut(b, []byte{' '})
	perms, b, ok2 := bytes.Cut(b, []byte{' '})
	offset, b, ok3 := bytes.Cut(b, []byte{' '})
	dev, b, ok4 := bytes.Cut(b, []byte{' '})
	inode, path, _ := bytes.Cut(b, []byte{' '})
	start, end, ok5 := bytes.Cut(addrs, []byte{'-'})
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || len(perms) != 4 || len(dev) == 0 {
		return m, false
	}
	if m.Start, ok = number(start, 16); !ok {
		return m, false
	}
	if m.End, ok = number(end, 16); !ok || m.End <= m.Start {
		return m, false
	}
	if m.Offset, ok = number(offset, 16); !ok {
		return m, false
	}
	if m.Inode, ok = number(inode, 10); !ok {
		return m, false
	}
	m.Perms = Perms{perms[0] == 'r', perms[1] == 'w', perms[2] == 'x', perms[3] == 's'}
	if m.Dev = prev.Dev; m.Dev != string(dev) {
		m.Dev = string(dev)
	}
	// The kernel fills up to column 73; no path begins with a space.
	path = bytes.TrimLeft(path, " ")
	if len(path) > 0 && path[0] == '/' {
		path, m.Deleted = bytes.CutSuffix(path, []byte(deleted))
	}
	if bytes.Contains(path, []byte(`\012`)) {
		path = bytes.ReplaceAll(path, []byte(`\012`), []byte{'\n'})
	}
	if m.Path = prev.Path; m.Path != string(path) {
		m.Path = string(path)
	}
	return m, true
}

// number reads the whole of b, digits only.
func number(b []byte, base uint64) (uint64, bool) {
	var v uint64
	for _, c := range b {
		var d uint64
		switch {
		case c >= '0' && c <= '9':
			d = uint64(c - '0')
		case base == 16 && c >= 'a' && c <= 'f':
			d = uint64(c-'a') + 10
		default:
			return 0, false
		}
		if v > (math.MaxUint64-d)/base {
			return 0, false
		}
		v = v*base + d
	}
	return v, len(b) > 0
}

// Find returns the mapping that holds addr. maps must be in ascending order,
// as Maps returns it.
func Find(maps []Mapping, addr uint64) (Mapping, bool) {
	i, _ := slices.BinarySearchFunc(maps, addr, func(m Mapping, a uint64) int {
		if m.End <= a {
			return -1
		}
		return 1
	})
	if i < len(maps) && maps[i].Start <= addr {
		return maps[i], true
	}
	return Mapping{}, false
}

// Locate writes addr as a place: "/usr/lib/libc.so.6+0x2a3f", with the offset
// in the file (not the linked address, from which it differs by what the
// program headers say); "[stack]+0x1f0", with the offset in the mapping; or
// "0x7f0012345678" where it is in nothing with a name. A path with
// unprintable characters is quoted.
func Locate(maps []Mapping, addr uint64) string {
	m, ok := Find(maps, addr)
	if !ok || m.Path == "" {
		return fmt.Sprintf("%#x", addr)
	}
	off := addr - m.Start
	if m.Path[0] == '/' {
		off += m.Offset
	}
	name := m.Path
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) || r == '\uFFFD' }) {
		name = strconv.Quote(name)
	}
	return fmt.Sprintf("%s+%#x", name, off)
}
