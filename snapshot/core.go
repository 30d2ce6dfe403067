package snapshot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sort"

	"golang.org/x/sys/unix"

	"warder/memory"
)

// ErrElsewhere is the cause when the bytes of a page are not in this file but
// in the file that the process mapped, or in the snapshot that an increment
// builds on.
var ErrElsewhere = errors.New("not in this snapshot")

// Core is an open snapshot. Its methods may be called from any goroutine, and
// at the same time.
type Core struct {
	path  string
	r     io.ReaderAt
	f     *os.File // nil where it was made by Read
	state *State
	loads []segment // those with bytes in the file, by address
	spans []span    // all pages of all mappings, by address
}

// OpenConfig bounds what Open takes.
type OpenConfig struct {
	// MaxSize is how long a compressed snapshot may become, in bytes: it is
	// held in memory while it is open. 0 is 4 GiB.
	MaxSize uint64
}

const defaultMaxSize = 4 << 30

// Open opens a snapshot, compressed or not, and checks all of it but the
// pages' bytes. A file that is no snapshot, or not one that this version
// understands, is ErrFormat; the error says what is wrong and where. What the
// state says is still only what the file says: whoever resumes it decides.
func Open(path string, cfg *OpenConfig) (*Core, error) {
	// Not O_RDONLY alone: the open of a FIFO would wait for a writer.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause
		}
		return nil, &FileError{"open", path, err}
	}
	c, err := openFile(f, cfg)
	if err != nil {
		_ = f.Close()
		return nil, &FileError{"open", path, err}
	}
	if c.path = path; c.f != f {
		_ = f.Close()
	}
	return c, nil
}

// openFile takes f over, if its bytes are read from it later.
func openFile(f *os.File, cfg *OpenConfig) (*Core, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrFormat)
	}
	size := info.Size()
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err == nil && string(magic[:]) == zstdMagic {
		limit := uint64(defaultMaxSize)
		if cfg != nil && cfg.MaxSize > 0 {
			limit = cfg.MaxSize
		}
		plain, err := expand(f, limit)
		if err != nil {
			return nil, err
		}
		if info, err = plain.Stat(); err != nil {
			_ = plain.Close()
			return nil, err
		}
		c, err := Read(plain, info.Size())
		if err != nil {
			_ = plain.Close()
			return nil, err
		}
		c.f = plain
		return c, nil
	}
	c, err := Read(f, size)
	if err != nil {
		return nil, err
	}
	c.f = f
	return c, nil
}

// Read is Open for a snapshot that is not compressed and lies elsewhere, size
// bytes long.
func Read(r io.ReaderAt, size int64) (*Core, error) {
	p := parser{r: r, size: uint64(max(size, 0))}
	s, loads, err := p.parse()
	if err != nil {
		return nil, err
	}
	c := &Core{path: "snapshot", r: r, state: s, loads: loads}
	for i := range s.Mappings {
		c.spans = append(c.spans, s.Mappings[i].spans(s.PageSize)...)
	}
	return c, nil
}

// Close closes the file. The state stays.
func (c *Core) Close() error {
	if c.f == nil {
		return nil
	}
	return c.f.Close()
}

// State returns all but the pages. It is shared: do not change it.
func (c *Core) State() *State { return c.state }

// File returns the uncompressed file, for mapping it, or nil.
func (c *Core) File() *os.File { return c.f }

// Stretch is some addresses whose bytes lie together in the file.
type Stretch struct {
	memory.Range
	Offset uint64 // in the file, a multiple of the page size
}

// Stretches lists where the file has memory, in ascending order of addresses.
// Between pages of data there may be pages of zeros in one: see the mappings'
// runs.
func (c *Core) Stretches() []Stretch {
	list := make([]Stretch, len(c.loads))
	for i, g := range c.loads {
		list[i] = Stretch{memory.Range{Addr: g.addr, Len: g.file}, g.off}
	}
	return list
}

// Spans lists the addresses of the pages of one kind, in ascending order.
func (c *Core) Spans(kind Kind) []memory.Range {
	var list []memory.Range
	for _, s := range c.spans {
		if s.kind == kind {
			list = append(list, memory.Range{Addr: s.start, Len: s.size()})
		}
	}
	return list
}

// Pages counts the pages of one kind.
func (c *Core) Pages(kind Kind) uint64 {
	n := uint64(0)
	for i := range c.state.Mappings {
		n += c.state.Mappings[i].Runs.Pages(kind)
	}
	return n
}

// KindAt returns the kind of the page at addr; false means that nothing was
// mapped there.
func (c *Core) KindAt(addr uint64) (Kind, bool) {
	if s, ok := c.at(addr); ok {
		return s.kind, true
	}
	return 0, false
}

func (c *Core) at(addr uint64) (span, bool) {
	i := sort.Search(len(c.spans), func(i int) bool { return c.spans[i].end > addr })
	if i == len(c.spans) || c.spans[i].start > addr {
		return span{}, false
	}
	return c.spans[i], true
}

// ReadAt reads the process's memory (io.ReaderAt). A read ends at the first
// page that is not there: the cause is ErrElsewhere, or unix.EFAULT where the
// process could not have read it either, or its bytes are lost.
func (c *Core) ReadAt(p []byte, addr int64) (int, error) {
	n := 0
	for n < len(p) {
		at := uint64(addr) + uint64(n)
		s, ok := c.at(at)
		if !ok {
			return n, c.fail(at, unix.EFAULT)
		}
		part := p[n:min(uint64(len(p)), uint64(n)+s.end-at)]
		switch s.kind {
		case Zero:
			clear(part)
		case Data:
			if err := c.data(part, at); err != nil {
				return n, c.fail(at, err)
			}
		case Clean, Same:
			return n, c.fail(at, ErrElsewhere)
		default:
			return n, c.fail(at, unix.EFAULT)
		}
		n += len(part)
	}
	return n, nil
}

func (c *Core) fail(addr uint64, err error) error {
	return &FileError{fmt.Sprintf("read %#x of", addr), c.path, err}
}

// data reads bytes that are all in the file.
func (c *Core) data(p []byte, addr uint64) error {
	for len(p) > 0 {
		i := sort.Search(len(c.loads), func(i int) bool { return c.loads[i].addr+c.loads[i].file > addr })
		if i == len(c.loads) || c.loads[i].addr > addr {
			return fmt.Errorf("BUG: data without a place")
		}
		g := c.loads[i]
		part := p[:min(uint64(len(p)), g.addr+g.file-addr)]
		if n, err := c.r.ReadAt(part, int64(g.off+addr-g.addr)); n < len(part) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // the file was cut since it was opened
			}
			return err
		}
		p, addr = p[len(part):], addr+uint64(len(part))
	}
	return nil
}
