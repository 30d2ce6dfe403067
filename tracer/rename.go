package tracer

import (
	"warder/abi"
	"warder/internal/ptrace"
)

// idCalls are the calls by which a program signals threads of its own, and how
// many of their first arguments are ids. Between gettid(2) and tgkill(2), which
// is what raise(3) and abort(3) are, an id is in a register.
var idCalls = map[string]int{
	"kill": 1, "tkill": 1, "tgkill": 2, "rt_sigqueueinfo": 1, "rt_tgsigqueueinfo": 2,
}

// renames are the calls that have to stop for Config.Renames.
func (c *Config) renames() []string {
	if !c.Renames {
		return nil
	}
	var names []string
	for _, name := range abi.Native().Names() {
		if idCalls[name] > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Renamed says that the program was another before, in which a thread, or the
// process, had another id: where it signals that one, and Config.Renames is
// set, it means this.
func (f *Frozen) Renamed(former, tid int) {
	if f.s.renamed == nil {
		f.s.renamed = make(map[int]int)
	}
	f.s.renamed[former] = tid
}

// rename gives the call at hand the ids that it means. It comes before the
// decision, which then is about what the kernel will read. An id that a thread
// of the program has now is meant as it is, and one that its thread has left
// (its own may be a stranger's by now) is not replaced. The register keeps the
// new id after the call: no libc looks at it again.
func (s *session) rename(t *task) error {
	if len(s.renamed) == 0 || s.call.Arch != abi.Native() {
		return nil
	}
	name, _ := s.call.Arch.Name(s.call.Nr)
	for i := range idCalls[name] {
		former := int(int32(s.call.Args[i]))
		tid, ok := s.renamed[former]
		if !ok || s.tasks[former] != nil || s.tasks[tid] == nil {
			continue
		}
		if err := ptrace.SetArg(t.tid, i, uint64(tid)); err != nil {
			return &Error{"rename a thread", t.tid, err}
		}
		s.call.Args[i] = uint64(tid)
	}
	return nil
}
