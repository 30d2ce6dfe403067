package unwind

import (
	"os"

	"warder/memory"
)

// OpenByName opens a mapping's file as without capabilities.
func OpenByName(tid int, m memory.Mapping) (*os.File, error) { return newLive(tid).byName(m) }

// Trusted says whether files of a device are opened.
func Trusted(tid int, dev string) error { return newLive(tid).trusted(dev) }

// Cached returns how many modules are kept, and how large they are.
func (u *Unwinder) Cached() (modules int, size int64) {
	u.cache.mu.Lock()
	defer u.cache.mu.Unlock()
	for _, m := range u.cache.modules {
		size += m.size
	}
	if size != u.cache.size {
		return -1, -1
	}
	return len(u.cache.modules), size
}

// Demangled is demangled.
var Demangled = demangled
