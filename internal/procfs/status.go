package procfs

import (
	"bytes"
	"math"

	"golang.org/x/sys/unix"
)

// Status is what a supervisor uses of /proc/<pid>/status (proc_pid_status(5),
// fs/proc/array.c). Sizes are in bytes; the kernel prints them in KiB.
//
// A zombie has no memory any more: its sizes are 0. Since Linux 6.2 the
// resident counts are kept per CPU and may lag behind by some pages for each
// CPU: fit for limits of megabytes, not for exact accounting.
type Status struct {
	TGID int // the process that the thread belongs to
	PPID int // the parent; 0 when it is outside the pid namespace

	VMSize   uint64 // address space
	VMHWM    uint64 // peak of VMRSS since execve; the program may reset it through clear_refs
	VMRSS    uint64 // RSSAnon + RSSFile + RSSShmem
	RSSAnon  uint64
	RSSFile  uint64
	RSSShmem uint64
	VMExe    uint64 // text of the executable
	VMLib    uint64 // text of libraries
	VMPTE    uint64 // page tables: memory that VMRSS does not count
	VMSwap   uint64

	Threads int
	Seccomp int  // 0 none, 1 strict, 2 filter; of the thread that was asked about
	State   byte // R S D T t Z X I: as in ps; t is a ptrace-stop
}

// maxStatus bounds the reading of status. Its one line of free length is
// Groups, at most 65,536 (NGROUPS_MAX) numbers of up to 10 digits.
const maxStatus = 1 << 20

// Reader reads status again and again through one buffer of its own and
// without allocating. The zero value is ready; one Reader serves one
// goroutine at a time.
type Reader struct {
	buf [4096]byte
}

// ReadStatus is Reader.Status for an occasional reading.
func ReadStatus(pid int, s *Status) error {
	return new(Reader).Status(pid, s)
}

// Status reads /proc/<pid>/status into s. pid may be any thread: State,
// Seccomp and the name are that thread's, the rest the process's. A thread
// that is gone is an [Error] that is both fs.ErrNotExist and unix.ESRCH.
func (r *Reader) Status(pid int, s *Status) error {
	*s = Status{}
	fd, err := Open(pid, "status", unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer unix.Close(fd)

	// Lines are cut from a sliding buffer. One that does not fit (Groups) is
	// dropped whole: what follows it is wanted.
	have, total, dropping := 0, 0, false
	for {
		n, err := read(fd, r.buf[have:])
		if err != nil {
			return &Error{"read", pid, "status", err}
		}
		if n == 0 {
			break
		}
		have += n
		if total += n; total > maxStatus {
			return &Error{"read", pid, "status", unix.EFBIG}
		}
		rest := r.buf[:have]
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			if !dropping {
				s.line(rest[:i])
			}
			dropping = false
			rest = rest[i+1:]
		}
		if have = copy(r.buf[:], rest); have == len(r.buf) {
			dropping, have = true, 0
		}
	}
	if s.TGID <= 0 {
		return &Error{"read", pid, "status", ErrMalformed}
	}
	return nil
}

// line takes one line. The kernel escapes newlines in the Name line
// (proc_task_name), so a process cannot forge lines; were it able to, its
// name comes first and the kernel's own lines overwrite what it said.
func (s *Status) line(b []byte) {
	key, value, ok := bytes.Cut(b, []byte{':'})
	if !ok {
		return
	}
	value = bytes.TrimLeft(value, " \t")
	switch string(key) {
	case "State":
		if len(value) > 0 {
			s.State = value[0]
		}
	case "Tgid":
		s.TGID = leadingInt(value)
	case "PPid":
		s.PPID = leadingInt(value)
	case "Threads":
		s.Threads = leadingInt(value)
	case "Seccomp":
		s.Seccomp = leadingInt(value)
	case "VmSize":
		s.VMSize = kib(value)
	case "VmHWM":
		s.VMHWM = kib(value)
	case "VmRSS":
		s.VMRSS = kib(value)
	case "RssAnon":
		s.RSSAnon = kib(value)
	case "RssFile":
		s.RSSFile = kib(value)
	case "RssShmem":
		s.RSSShmem = kib(value)
	case "VmExe":
		s.VMExe = kib(value)
	case "VmLib":
		s.VMLib = kib(value)
	case "VmPTE":
		s.VMPTE = kib(value)
	case "VmSwap":
		s.VMSwap = kib(value)
	}
}

// TGID returns the thread group (the process) of a thread.
func TGID(tid int) (int, error) {
	var s Status
	if err := ReadStatus(tid, &s); err != nil {
		return 0, err
	}
	return s.TGID, nil
}

// leadingUint reads the digits that b begins with, saturating.
func leadingUint(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		d := uint64(c - '0')
		if v > (math.MaxUint64-d)/10 {
			return math.MaxUint64
		}
		v = v*10 + d
	}
	return v
}

// leadingInt is leadingUint for ids and counts, with an optional sign.
func leadingInt(b []byte) int {
	digits, negative := bytes.CutPrefix(b, []byte{'-'})
	v := int(min(leadingUint(digits), math.MaxInt32))
	if negative {
		return -v
	}
	return v
}

// kib turns "123 kB" into bytes, saturating.
func kib(b []byte) uint64 {
	v := leadingUint(b)
	if v > math.MaxUint64/1024 {
		return math.MaxUint64
	}
	return v * 1024
}
