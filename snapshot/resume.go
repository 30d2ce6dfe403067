package snapshot

import (
	"debug/elf"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
	"warder/memory"
)

// Blank is a new process that its holder has stopped at the first instruction
// of an Anchor: what Resume makes into the process of a snapshot. Resume calls
// its methods on the thread that traces.
type Blank interface {
	// PID is the process's id.
	PID() int
	// Inject is Injector's. Calls are made at the address that was set last.
	Inject(tid int, calls []Call) error
	// SetGadget sets an address of code that calls are made at; 0 is the
	// program's own entry point (AT_ENTRY).
	SetGadget(addr uint64)
	// Clone has a thread make a clone(2) and returns the new thread, stopped
	// before its first instruction.
	Clone(tid int, flags, stack, parentTID, childTID, tls uint64) (int, error)
	// Renamed tells what id a thread had in the snapshot and has now.
	Renamed(former, tid int)
	// Kept is the descriptor that the snapshot's file is open as in the process.
	Kept() int
}

// ResumeError says why a snapshot cannot be resumed here, or by this version.
type ResumeError struct{ Why string }

func (e *ResumeError) Error() string { return "snapshot: cannot be resumed: " + e.Why }

func refuse(format string, args ...any) error { return &ResumeError{fmt.Sprintf(format, args...)} }

// The anchor's parts, from its base on.
const (
	gadgetAt  = 2048    // in its page of code, behind the code
	scratchAt = 0x10000 // its memory
	scratchOf = 0x10000 // bytes of it
	parkingAt = 0x40000 // room for the vDSO and what it reads
	anchorEnd = 0x100000
)

// anchorBase finds addresses that neither the snapshot nor, by their place, a
// new process uses.
func anchorBase(s *State) (uint64, error) {
	const step, last = 1 << 32, 1 << 46
	for base := uint64(step); base < last; base += step {
		if !slices.ContainsFunc(s.Mappings, func(m Mapping) bool { return m.Start < base+anchorEnd && base < m.End }) {
			return base, nil
		}
	}
	return 0, refuse("its mappings leave no room")
}

// Anchor is the program to start for Resume: an ELF file that is static and
// never gets to run.
func Anchor(c *Core) ([]byte, error) {
	base, err := anchorBase(c.State())
	if err != nil {
		return nil, err
	}
	machine := elf.EM_X86_64
	if runtime.GOARCH == "arm64" {
		machine = elf.EM_AARCH64
	}
	return elfimage.Static(machine, base, trap, elfimage.Zeroed{Base: base + scratchAt, Size: scratchOf}), nil
}

// Resume makes a blank process into that of a snapshot, which then goes on from
// where it was, with other ids. Its notes say what of it is lost. The state is
// input that nobody vouches for: all that is done with it is done by calls of
// the held process itself, to itself.
//
// After an error the process is in no state to run.
func Resume(b Blank, c *Core) (notes []string, err error) {
	r := &resumption{b: b, c: c, s: c.State(), pid: b.PID(), mem: memory.Of(b.PID())}
	if err := r.fits(); err != nil {
		return nil, err
	}
	if r.base, err = anchorBase(r.s); err != nil {
		return nil, err
	}
	b.SetGadget(r.base + gadgetAt)
	for _, step := range [...]func() error{r.clear, r.moveVDSO, r.mapAll, r.layout, r.signals, r.threads, r.leave} {
		if err := step(); err != nil {
			return r.notes, err
		}
	}
	return r.notes, nil
}

// resumption is one Resume.
type resumption struct {
	b     Blank
	c     *Core
	s     *State
	pid   int
	mem   *memory.Space
	base  uint64 // the anchor's
	notes []string

	calls []Call // to be made
	names []string
}

func (r *resumption) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// call queues a call of the first thread.
func (r *resumption) call(name string, nr uint64, args ...uint64) {
	c := Call{Nr: nr}
	copy(c.Args[:], args)
	r.calls, r.names = append(r.calls, c), append(r.names, name)
}

// flush makes the calls that are queued, in a thread.
func (r *resumption) flush(tid int) error {
	calls, names := r.calls, r.names
	r.calls, r.names = nil, nil
	if len(calls) == 0 {
		return nil
	}
	if err := r.b.Inject(tid, calls); err != nil {
		return err
	}
	for i, c := range calls {
		if c.Result < 0 && c.Result >= -4095 {
			return &Error{"resume: " + names[i], tid, unix.Errno(-c.Result)}
		}
	}
	return nil
}

// fits refuses what cannot be resumed here, by name.
func (r *resumption) fits() error {
	s, p := r.s, &r.s.Process
	switch {
	case s.Parent != "":
		return refuse("it is an increment: merge it with what it builds on (warder snapshot merge)")
	case s.Arch != thisArch:
		return refuse("it is of %s, this machine is %s", s.Arch, thisArch)
	case len(s.Threads) == 0:
		return refuse("it has no threads")
	case r.b.Kept() < 0 && len(r.c.Spans(Data)) > 0:
		return refuse("its file is not open in the new process")
	case p.Facts["children"] != "":
		return refuse("the process had children (%s), which are not in it", p.Facts["children"])
	case p.Facts["timers"] != "":
		return refuse("the process had POSIX timers: %s", p.Facts["timers"])
	case p.Signals.Actions == nil && p.Signals.Caught|p.Signals.Ignored != 0:
		return refuse("its signal actions are not known: it was taken without injected calls")
	}
	if !slices.ContainsFunc(s.Threads, func(t Thread) bool { return t.TID == p.PID }) {
		return refuse("the process's first thread had ended")
	}
	have := thisHost().CPUFlags
	var lack []string
	for _, f := range s.Host.CPUFlags {
		if _, ok := slices.BinarySearch(have, f); !ok {
			lack = append(lack, f)
		}
	}
	if len(lack) > 0 {
		return refuse("this CPU lacks what the program may have found there: %s", strings.Join(lack, " "))
	}
	for _, d := range p.Descriptors {
		if d.FD > 2 {
			return refuse("descriptor %d was open: %s (%s)", d.FD, d.Path, d.Kind)
		}
	}
	if n := len(r.c.Spans(Clean)); n > 0 {
		return refuse("it lacks the clean pages of files (%s): take it with them (--files)", r.cleanFile())
	}
	return nil
}

// cleanFile names a file whose pages are not there.
func (r *resumption) cleanFile() string {
	for i := range r.s.Mappings {
		if m := &r.s.Mappings[i]; m.Runs.Pages(Clean) > 0 {
			return r.s.PathOf(m)
		}
	}
	return ""
}

// own reports whether an address is the anchor's.
func (r *resumption) own(addr uint64) bool { return addr >= r.base && addr < r.base+anchorEnd }

// special reports whether a mapping is one that the kernel makes for each
// process and that can only be moved.
func special(name string) bool { return strings.HasPrefix(name, "[vvar") || name == "[vdso]" }

// clear unmaps what execve has mapped, but for the anchor and the vDSO.
func (r *resumption) clear() error {
	maps, err := r.mem.Maps()
	if err != nil {
		return err
	}
	for _, m := range maps {
		if !r.own(m.Start) && !special(m.Path) && m.Path != "[vsyscall]" {
			r.call("munmap", unix.SYS_MUNMAP, m.Start, m.Size())
		}
	}
	return r.flush(r.pid)
}

// moveVDSO puts the vDSO, and the pages that it reads the time from, where the
// snapshot had them: pointers into it are in the program's memory.
func (r *resumption) moveVDSO() error {
	maps, err := r.mem.Maps()
	if err != nil {
		return err
	}
	was := make(map[string]*Mapping)
	for i := range r.s.Mappings {
		if m := &r.s.Mappings[i]; special(m.Name) {
			was[m.Name] = m
		}
	}
	parked := r.base + parkingAt
	type move struct {
		name         string
		at, to, size uint64
	}
	var moves []move
	for i := range maps {
		m := &maps[i]
		if !special(m.Path) {
			continue
		}
		old := was[m.Path]
		if len(was) == 0 {
			r.call("munmap "+m.Path, unix.SYS_MUNMAP, m.Start, m.Size())
			continue
		}
		if old == nil || old.End-old.Start != m.Size() || parked+m.Size() > r.base+anchorEnd {
			return refuse("its kernel's vDSO is another: %s", m.Path)
		}
		if m.Path == "[vdso]" {
			b := make([]byte, min(m.Size(), 1<<20))
			if _, err := r.mem.ReadAt(b, int64(m.Start)); err != nil && !errors.Is(err, unix.EFAULT) {
				return err
			}
			if sha256Hex(b) != r.s.Host.VDSO {
				return refuse("its kernel's vDSO is another: %s %s, and here %s", r.s.Host.Release, r.s.Host.Version, thisHost().Version)
			}
		}
		r.call("mremap "+m.Path, unix.SYS_MREMAP, m.Start, m.Size(), m.Size(), unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, parked)
		moves = append(moves, move{m.Path, parked, old.Start, m.Size()})
		delete(was, m.Path)
		parked += m.Size()
	}
	if len(was) > 0 && len(moves) > 0 {
		return refuse("its kernel's vDSO is another")
	}
	for _, m := range moves {
		r.call("mremap "+m.name, unix.SYS_MREMAP, m.at, m.size, m.size, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, m.to)
	}
	return r.flush(r.pid)
}

// leave takes away what Resume needed: its descriptor and the anchor. The last
// calls are made in the program's own code.
func (r *resumption) leave() error {
	if fd := r.b.Kept(); fd >= 0 {
		r.call("close_range", unix.SYS_CLOSE_RANGE, uint64(fd), uint64(fd), 0)
	}
	if err := r.flush(r.pid); err != nil {
		return err
	}
	r.b.SetGadget(0)
	r.call("munmap", unix.SYS_MUNMAP, r.base, anchorEnd)
	return r.flush(r.pid)
}
