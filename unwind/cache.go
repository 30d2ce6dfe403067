package unwind

import "sync"

// cache keeps modules by their files' identity. What has not been used for the
// longest time goes when there is too much of it.
type cache struct {
	limit int64

	mu      sync.Mutex
	modules map[fileID]*module
	size    int64
	tick    uint64
}

// maxModules is how many modules are kept, however small.
const maxModules = 512

// get returns the module of a file, made by load at the first time. Two that
// load one at once both succeed; one of the modules stays.
func (c *cache) get(id fileID, load func() (*module, error)) (*module, error) {
	c.mu.Lock()
	m := c.modules[id]
	if m != nil {
		c.tick++
		m.used = c.tick
	}
	c.mu.Unlock()
	if m != nil {
		return m, nil
	}
	m, err := load()
	if err != nil {
		return nil, err
	}
	m.id = id
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.modules[id]; there != nil {
		return there, nil
	}
	if c.modules == nil {
		c.modules = map[fileID]*module{}
	}
	c.tick++
	m.used = c.tick
	c.modules[id] = m
	c.shrink(m)
	return m, nil
}

// grew accounts for a part that was read.
func (c *cache) grew(m *module, by int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.modules[m.id] != m {
		return // dropped meanwhile, or never kept
	}
	m.size += by
	c.size += by
	c.shrink(m)
}

// shrink drops modules, but not the one in hand. Whoever uses a dropped one
// goes on using it.
func (c *cache) shrink(keep *module) {
	for c.size > c.limit || len(c.modules) > maxModules {
		var oldest *module
		for _, m := range c.modules {
			if m != keep && (oldest == nil || m.used < oldest.used) {
				oldest = m
			}
		}
		if oldest == nil {
			break
		}
		delete(c.modules, oldest.id)
		c.size -= oldest.size
	}
	if c.size > c.limit { // one alone is too large: it goes with its user
		delete(c.modules, keep.id)
		c.size -= keep.size
	}
}
