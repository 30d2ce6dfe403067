package snapshot

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/internal/ptrace"
	"warder/regs"
)

// maxSet is more than any register set: AMX needs 11 KiB, SVE 16.
const maxSet = 64 << 10

// maxPending bounds the signals that are kept of one queue. RLIMIT_SIGPENDING
// lets a program queue some 90,000.
const maxPending = 4096

// readThread reads a stopped thread. It makes ptrace requests.
func readThread(pid int, stop Stopped, buf []byte) (Thread, error) {
	t := Thread{TID: stop.TID, Signal: stop.Signal}
	if err := regs.ReadInto(t.TID, &t.Regs.Regs); err != nil {
		return t, err
	}
	t.Restart = restartOf(&t.Regs)
	for _, kind := range setNotes {
		n, err := ptrace.GetRegSet(t.TID, int(kind), buf)
		switch {
		case errors.Is(err, unix.ESRCH):
			return t, &Error{"read registers", t.TID, err}
		case err != nil || n == 0: // EINVAL, ENODEV: this machine or thread has none
			continue
		}
		t.Sets = append(t.Sets, RegSet{kind, append([]byte(nil), buf[:n]...)})
	}
	if info, err := ptrace.RawSigInfo(t.TID); err == nil {
		t.SigInfo = info
	}
	mask, err := ptrace.SigMask(t.TID)
	if err != nil {
		return t, &Error{"PTRACE_GETSIGMASK", t.TID, err}
	}
	t.SigMask = mask
	if t.Pending, err = pendingOf(t.TID, false); err != nil {
		return t, err
	}
	if head, size, err := ptrace.RobustList(t.TID); err == nil {
		t.RobustList = &RobustList{head, size}
	}
	var rseq ptrace.RseqConfig
	if ptrace.GetRseqConfig(t.TID, &rseq) == nil {
		t.Rseq = &Rseq{rseq.Area, rseq.Size, rseq.Signature, rseq.Flags}
	}
	stat, err := readStat(pid, t.TID)
	if err != nil {
		return t, err
	}
	t.Name = stat.name
	t.UserTicks, t.SystemTicks = stat.number(14), stat.number(15)
	return t, nil
}

// pendingOf lists what waits for a thread, or for its process.
func pendingOf(tid int, shared bool) ([][]byte, error) {
	var all [][]byte
	for len(all) < maxPending {
		some, err := ptrace.Pending(tid, shared, uint64(len(all)))
		if err != nil {
			return nil, &Error{"PTRACE_PEEKSIGINFO", tid, err}
		}
		if all = append(all, some...); len(some) == 0 {
			break
		}
	}
	return all, nil
}

// stat is /proc/<pid>/task/<tid>/stat.
type stat struct {
	name   string
	fields []string // from field 3, the state, on
}

// number returns a field by proc_pid_stat(5)'s count; 0 where it is missing.
func (s *stat) number(n int) uint64 {
	if n-3 >= len(s.fields) {
		return 0
	}
	v := uint64(0)
	for _, c := range s.fields[n-3] {
		if c < '0' || c > '9' {
			break
		}
		v = v*10 + uint64(c-'0')
	}
	return v
}

func readStat(pid, tid int) (*stat, error) {
	b, err := procfs.ReadFile(pid, "task/"+strconv.Itoa(tid)+"/stat", 4096)
	if err != nil {
		return nil, err
	}
	// The name is the thread's own choice, and printed as it is: no field
	// behind it can hold a parenthesis.
	first, last := strings.IndexByte(string(b), '('), strings.LastIndexByte(string(b), ')')
	if first < 0 || last < first {
		return nil, &Error{"read", tid, errors.New("malformed stat")}
	}
	return &stat{utf8(string(b[first+1 : last])), strings.Fields(string(b[last+1:]))}, nil
}
