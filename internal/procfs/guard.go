package procfs

import (
	"bytes"
	"errors"
	"os"
	"strconv"
)

// Guard is what /proc/<pid>/status says about who may trace a process, and
// why it may not be (proc_pid_status(5), ptrace(2)).
type Guard struct {
	Name   string // its own choice, at most 15 bytes or a kernel thread's 63
	State  byte   // R S D T t Z X I: as in ps; t is a ptrace-stop
	TGID   int
	PPID   int
	Tracer int // the thread that traces it, or 0

	Threads int // those of the process, with a dead leader

	UID, GID     [4]int // real, effective, saved, of the file system
	CapPermitted uint64
	CapEffective uint64
	KernelThread bool
}

// Ended reports whether the whole process is dead and not reaped. A leader
// that its threads outlive is not, nor one in whose place a thread executes a
// program: that one counts still, and no more once it is replaced.
func (g *Guard) Ended() bool { return g.State == 'Z' && g.Threads == 1 }

// ReadGuard reads a process's or a thread's Guard.
func ReadGuard(pid int) (*Guard, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, &Error{"read", pid, "status", err}
	}
	g := new(Guard)
	told, ok := g.parse(b)
	if !ok {
		return nil, &Error{"read", pid, "status", ErrMalformed}
	}
	const kernelThread = 0x00200000 // PF_KTHREAD, the same since Linux 2.6.27
	var st Stat
	if !told && ReadStat(pid, &st) == nil {
		g.KernelThread = st.Flags&kernelThread != 0
	}
	return g, nil
}

// parse takes the lines. told is whether they say what is a kernel thread.
func (g *Guard) parse(b []byte) (told, ok bool) {
	for line := range bytes.Lines(b) {
		// The kernel escapes newlines in the name: a process forges no line.
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		value = bytes.TrimSpace(value)
		switch string(key) {
		case "Name":
			g.Name = string(value[:min(len(value), 64)])
		case "State":
			if len(value) > 0 {
				g.State = value[0]
			}
		case "Tgid":
			g.TGID = leadingInt(value)
		case "PPid":
			g.PPID = leadingInt(value)
		case "Threads":
			g.Threads = leadingInt(value)
		case "TracerPid":
			g.Tracer = leadingInt(value)
		case "Uid":
			g.UID = four(value)
		case "Gid":
			g.GID = four(value)
		case "CapPrm":
			g.CapPermitted = hexMask(value)
		case "CapEff":
			g.CapEffective = hexMask(value)
		case "Kthread": // Linux 6.8
			told, g.KernelThread = true, string(value) == "1"
		}
	}
	return told, g.TGID > 0
}

func four(b []byte) (ids [4]int) {
	for i, f := range bytes.Fields(b) {
		if i < len(ids) {
			n := leadingUint(f)
			ids[i] = int(min(n, 1<<32-1))
		}
	}
	return ids
}

func hexMask(b []byte) uint64 {
	v, err := strconv.ParseUint(string(b), 16, 64)
	if err != nil {
		return 0
	}
	return v
}
