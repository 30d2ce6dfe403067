package snapshot

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"warder/internal/ptrace"
	"warder/memory"
)

// maxText bounds names and paths.
const maxText = 16 << 10

// check refuses a state that no capture of this version makes. It runs on
// what is read from a file and on what is about to be written.
func (s *State) check() error {
	switch {
	case !isID(s.ID) || s.Parent != "" && !isID(s.Parent) || s.ID == s.Parent:
		return fmt.Errorf("ids %.40q and %.40q", s.ID, s.Parent)
	case s.Arch != thisArch:
		return fmt.Errorf("taken on %.20q; this is %s", s.Arch, thisArch)
	case s.PageSize != 4<<10 && s.PageSize != 16<<10 && s.PageSize != 64<<10:
		return fmt.Errorf("pages of %d bytes", s.PageSize)
	case len(s.Notes) > maxNotes:
		return fmt.Errorf("%d notes", len(s.Notes))
	}
	if err := s.Host.check(); err != nil {
		return err
	}
	if err := s.Process.check(); err != nil {
		return err
	}
	if err := s.checkThreads(); err != nil {
		return err
	}
	return s.checkMappings()
}

func isID(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16
}

func (h *Host) check() error {
	end := uint64(0)
	for i, c := range h.XSave {
		if c.Bit < 2 || c.Bit > 62 || i > 0 && c.Bit <= h.XSave[i-1].Bit || c.Size == 0 {
			return fmt.Errorf("XSAVE component %d", c.Bit)
		}
	}
	sorted := slices.Clone(h.XSave)
	slices.SortFunc(sorted, func(a, b XSaveComponent) int { return int(int64(a.Offset) - int64(b.Offset)) })
	for _, c := range sorted {
		if uint64(c.Offset) < end || uint64(c.Offset)+uint64(c.Size) > maxSet {
			return fmt.Errorf("XSAVE component %d: %d bytes at %d", c.Bit, c.Size, c.Offset)
		}
		end = uint64(c.Offset) + uint64(c.Size)
	}
	return nil
}

func (p *Process) check() error {
	if err := checkID("process", p.PID); err != nil {
		return err
	}
	switch {
	case len(p.Name) > maxText || len(p.Exe.Path) > maxText:
		return fmt.Errorf("a name of %d and a path of %d bytes", len(p.Name), len(p.Exe.Path))
	case len(p.Auxv) > 512:
		return fmt.Errorf("%d entries of the auxiliary vector", len(p.Auxv))
	case len(p.Descriptors) > maxDescriptors:
		return fmt.Errorf("%d descriptors", len(p.Descriptors))
	case len(p.Signals.Actions) > maxSignals:
		return fmt.Errorf("%d signal actions", len(p.Signals.Actions))
	}
	for i, a := range p.Signals.Actions {
		if a.Signal < 1 || a.Signal > maxSignals || i > 0 && a.Signal <= p.Signals.Actions[i-1].Signal {
			return fmt.Errorf("an action of signal %d", a.Signal)
		}
	}
	l := &p.Layout
	for _, addr := range [...]uint64{
		l.StartCode, l.EndCode, l.StartData, l.EndData, l.StartBrk, l.Brk,
		l.StartStack, l.ArgStart, l.ArgEnd, l.EnvStart, l.EnvEnd,
	} {
		if addr > maxAddress {
			return fmt.Errorf("layout: address %#x", addr)
		}
	}
	return checkInfos("process", p.Signals.Pending)
}

// maxPID is PID_MAX_LIMIT.
const maxPID = 4 << 20

func checkID(what string, id int) error {
	if id <= 0 || id > maxPID {
		return fmt.Errorf("%s %d", what, id)
	}
	return nil
}

func checkInfos(what string, infos [][]byte) error {
	if len(infos) > maxPending {
		return fmt.Errorf("%s: %d pending signals", what, len(infos))
	}
	for _, info := range infos {
		if len(info) != ptrace.SigInfoSize {
			return fmt.Errorf("%s: a siginfo of %d bytes", what, len(info))
		}
	}
	return nil
}

func (s *State) checkThreads() error {
	if n := len(s.Threads); n == 0 || n > maxThreads {
		return fmt.Errorf("%d threads: at least 1, at most %d", n, maxThreads)
	}
	seen := make(map[int]bool, len(s.Threads))
	for i := range s.Threads {
		t := &s.Threads[i]
		if err := checkID("thread", t.TID); err != nil {
			return err
		}
		what := fmt.Sprintf("thread %d", t.TID)
		switch {
		case seen[t.TID]:
			return fmt.Errorf("%s is there twice", what)
		case len(t.Name) > maxText:
			return fmt.Errorf("%s: a name of %d bytes", what, len(t.Name))
		case t.Signal < 0 || t.Signal > maxSignals:
			return fmt.Errorf("%s: signal %d", what, t.Signal)
		case len(t.SigInfo) != 0 && len(t.SigInfo) != ptrace.SigInfoSize:
			return fmt.Errorf("%s: a siginfo of %d bytes", what, len(t.SigInfo))
		case len(t.Sets) > len(setNotes):
			return fmt.Errorf("%s: %d register sets", what, len(t.Sets))
		}
		if err := checkSets(t, &s.Host); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		seen[t.TID] = true
		if err := checkInfos(what, t.Pending); err != nil {
			return err
		}
		for j, set := range t.Sets {
			if !slices.Contains(setNotes, set.Note) || len(set.Data) > maxSet {
				return fmt.Errorf("%s: register set %#x of %d bytes", what, set.Note, len(set.Data))
			}
			if slices.ContainsFunc(t.Sets[:j], func(o RegSet) bool { return o.Note == set.Note }) {
				return fmt.Errorf("%s: register set %#x is there twice", what, set.Note)
			}
		}
	}
	return nil
}

func (s *State) checkMappings() error {
	if len(s.Mappings) > memory.MaxMappings || len(s.Files) > memory.MaxMappings {
		return fmt.Errorf("%d mappings of %d files: the most is %d", len(s.Mappings), len(s.Files), memory.MaxMappings)
	}
	for i := range s.Files {
		if n := len(s.Files[i].Path); n > maxText {
			return fmt.Errorf("file %d: a path of %d bytes", i, n)
		}
	}
	before := uint64(0)
	for i := range s.Mappings {
		m := &s.Mappings[i]
		if err := s.checkMapping(m); err != nil {
			return fmt.Errorf("mapping %d at %#x: %w", i, m.Start, err)
		}
		if m.Start < before {
			return fmt.Errorf("mapping %d at %#x begins before the end of the one before, %#x", i, m.Start, before)
		}
		before = m.End
	}
	return nil
}

func (s *State) checkMapping(m *Mapping) error {
	page := s.PageSize
	switch {
	case m.Start >= m.End || m.End > maxAddress || (m.Start|m.End|m.Offset)%page != 0:
		return fmt.Errorf("addresses up to %#x, offset %#x", m.End, m.Offset)
	case m.Offset > math.MaxInt64-(m.End-m.Start):
		return fmt.Errorf("offset %#x", m.Offset)
	case m.File < 0 || m.File > len(s.Files):
		return fmt.Errorf("file %d of %d", m.File, len(s.Files))
	case m.PKey < 0 || m.PKey > 15:
		return fmt.Errorf("protection key %d", m.PKey)
	case len(m.Flags) > 64 || len(m.Name) > maxText:
		return fmt.Errorf("%d flags, a name of %d bytes", len(m.Flags), len(m.Name))
	case !isPerms(m.Perms):
		return fmt.Errorf("protection %.10q", m.Perms)
	}
	for _, f := range m.Flags {
		if len(f) != 2 {
			return fmt.Errorf("flag %.10q", f)
		}
	}
	total, limit := uint64(0), (m.End-m.Start)/page
	for _, run := range m.Runs {
		if run.Kind == Same && s.Parent == "" {
			return fmt.Errorf("pages that are the same as in no other snapshot")
		}
		if !run.Kind.known() || run.Pages == 0 || run.Pages > limit-total {
			return fmt.Errorf("runs of more than its %d pages", limit)
		}
		total += run.Pages
	}
	if total != limit {
		return fmt.Errorf("runs of %d pages; it has %d", total, limit)
	}
	return nil
}

func isPerms(p string) bool {
	return len(p) == 4 && (p[0] == 'r' || p[0] == '-') && (p[1] == 'w' || p[1] == '-') &&
		(p[2] == 'x' || p[2] == '-') && (p[3] == 'p' || p[3] == 's')
}
