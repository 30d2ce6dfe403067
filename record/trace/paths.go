package trace

import (
	"path/filepath"
	"slices"

	"warder/abi"
)

// Paths are file names for strace's -P. A call matches where one of its file
// names, as the program wrote it, is one of them, or one of its descriptors is
// open on it.
//
// Descriptors inside structures and arrays (poll's, select's) are not looked
// at, and a name that is relative, or spelt in another way, is another name:
// the kernel's own look-up is not repeated here. The descriptor that an openat
// of the file returned matches.
type Paths struct {
	names []string
	kinds map[uint64][]int // of a call: its descriptors' registers
}

// NewPaths makes a set of the names and of what they resolve to now: a
// descriptor's link holds no symbolic link.
func NewPaths(names ...string) *Paths {
	p := &Paths{kinds: map[uint64][]int{}}
	for _, name := range names {
		p.add(name)
		if real, err := filepath.EvalSymlinks(name); err == nil {
			if real, err = filepath.Abs(real); err == nil {
				p.add(real)
			}
		}
	}
	return p
}

func (p *Paths) add(name string) {
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
}

// Names are the names that are looked for: those given, and behind each what
// it resolves to if that is another.
func (p *Paths) Names() []string { return slices.Clone(p.names) }

func (p *Paths) match(l *links, c *Call) bool {
	for i := range c.Text.Args {
		if path := c.Text.Args[i].Path; path != "" && slices.Contains(p.names, path) {
			return true
		}
	}
	fd := l.of(c.PID)
	for _, i := range p.descriptors(c.Text.Arch, c.Text.Nr) {
		if name := fd(int32(c.Args[i])); name != "" && slices.Contains(p.names, name) {
			return true
		}
	}
	return false
}

// descriptors are the registers of a call that hold one.
func (p *Paths) descriptors(arch abi.Arch, nr uint32) []int {
	key := uint64(arch)<<32 | uint64(nr)
	list, known := p.kinds[key]
	if known {
		return list
	}
	name, ok := arch.Name(nr)
	if !ok {
		return nil // there are 1<<32 of them: nothing is kept
	}
	if sig, ok := arch.Lookup(name); ok {
		for i := range sig.Args {
			if k := sig.Args[i].Kind; (k == abi.FD || k == abi.DirFD) && i < 6 {
				list = append(list, i)
			}
		}
	}
	p.kinds[key] = list
	return list
}
