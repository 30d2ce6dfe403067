package regs

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Thread is all registers of one stopped thread, by name over all sets. A set
// is read when a name of it is first asked for; Set changes copies, and Write
// carries those that were changed to the thread.
//
// Like everything here it must be used on the OS thread that traces.
type Thread struct {
	tid  int
	sets []*held // in the order of Names
	// What the program counter's writer must say too; see Set.
	pcSet, callSet bool
}

// held is one set as a Thread keeps it.
type held struct {
	set
	now, was bank // was: as it was read, for Write to put back
	changed  bool
}

// set is a kind of registers.
type set struct {
	name  string
	names func() []string
	parts func() []string
	info  func(name string) (Info, error)
	read  func(tid int) (bank, error)
}

// bank is the registers of one set.
type bank interface {
	get(name string) (Value, bool)
	set(name string, v Value) error
	write(tid int) error
	clone() bank
}

// Of returns the registers of a stopped thread. Nothing is read yet.
func Of(tid int) *Thread {
	t := &Thread{tid: tid}
	for _, s := range sets() {
		t.sets = append(t.sets, &held{set: s})
	}
	return t
}

// TID returns the thread's id.
func (t *Thread) TID() int { return t.tid }

// AllNames returns the full registers of a set ("general", "vector",
// "debug"), or with "" of all, as this CPU has them.
func AllNames(of string) []string {
	var names []string
	for _, s := range sets() {
		if of == "" || of == s.name {
			names = append(names, s.names()...)
		}
	}
	return names
}

// PartNames returns the other names that Lookup finds, but for lanes.
func PartNames() []string {
	var names []string
	for _, s := range sets() {
		names = append(names, s.parts()...)
	}
	return names
}

// Lookup finds a register or a part of one by its usual lower-case name, over
// all sets: rax, eax, al, zf, xmm3, "xmm3.v4_float[1]", st0, dr7. The error's
// cause is ErrUnknown, or ErrAbsent where only this CPU lacks it.
func Lookup(name string) (Info, error) {
	cause := ErrUnknown
	for _, s := range sets() {
		info, err := s.info(name)
		if err == nil {
			return info, nil
		}
		if !errors.Is(err, ErrUnknown) {
			cause = err
		}
	}
	return Info{}, &Error{fmt.Sprintf("look up %.40q", name), 0, cause}
}

// find gives the set that has a name, read.
func (t *Thread) find(name string) (*held, error) {
	info, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.sets, func(h *held) bool { return h.name == info.Set })
	h := t.sets[i]
	if h.now == nil {
		if h.now, err = h.read(t.tid); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// Get returns a register or a part of one.
func (t *Thread) Get(name string) (Value, error) {
	h, err := t.find(name)
	if err != nil {
		return nil, err
	}
	v, ok := h.now.get(name)
	if !ok {
		return nil, &Error{"get " + name, t.tid, ErrUnknown}
	}
	return v, nil
}

// Set changes a register or a part of one in the copy. A part keeps the rest
// of its register, but for the 32-bit names of general registers, which zero
// the upper half as the CPU does.
//
// Where the program counter is set and the number of the call (orig_rax) is
// not, Write also takes the thread out of the call that it was interrupted
// in: restarting the call, the kernel would move the new program counter.
func (t *Thread) Set(name string, v Value) error {
	h, err := t.find(name)
	if err != nil {
		return err
	}
	if h.was == nil {
		h.was = h.now.clone()
	}
	if err := h.now.set(name, v); err != nil {
		return err
	}
	h.changed = true
	t.pcSet = t.pcSet || slices.Contains(pcNames, name)
	t.callSet = t.callSet || name == callName
	return nil
}

// Write carries what was changed to the thread, all or nothing: where the
// kernel refuses a set, those that it took are put back.
func (t *Thread) Write() error {
	if t.pcSet && !t.callSet {
		if err := t.leaveCall(); err != nil {
			return err
		}
	}
	for i, h := range t.sets {
		if !h.changed {
			continue
		}
		err := h.now.write(t.tid)
		if err == nil {
			continue
		}
		for _, done := range t.sets[:i+1] {
			if !done.changed {
				continue
			}
			if again := done.was.write(t.tid); again != nil && !errors.Is(again, unix.ESRCH) {
				err = fmt.Errorf("%w; and not put back: %w", err, again)
			}
		}
		return err
	}
	for _, h := range t.sets {
		h.was, h.changed = nil, false
	}
	t.pcSet, t.callSet = false, false
	return nil
}

// Print gives a register as String of its set does: name, hexadecimal, and
// what it means.
func (t *Thread) Print(name string) (string, error) {
	v, err := t.Get(name)
	if err != nil {
		return "", err
	}
	info, err := Lookup(name)
	if err != nil {
		return "", err
	}
	return info.Line(v), nil
}
