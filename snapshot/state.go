package snapshot

import "time"

// State is everything of a process that is not its pages' bytes. It is plain
// data; the file holds it as JSON. A nil pointer is a fact that could not be
// learnt. In strings, what was no UTF-8 is replaced.
type State struct {
	ID     string    `json:"id"`               // 32 hexadecimal digits, new for each snapshot
	Parent string    `json:"parent,omitempty"` // the ID that an increment builds on
	Taken  time.Time `json:"taken"`            // when the process stood still
	Arch   string    `json:"arch"`             // as Go names it: "amd64", "arm64"
	// PageSize is in bytes; all addresses of mappings and runs are multiples.
	PageSize uint64    `json:"page_size"`
	Host     Host      `json:"host"`
	Process  Process   `json:"process"`
	Threads  []Thread  `json:"threads"` // the first is the one that debuggers show
	Files    []File    `json:"files"`   // what mappings map
	Mappings []Mapping `json:"mappings"`
	// Notes are sentences about what this snapshot lacks.
	Notes []string `json:"notes,omitempty"`
}

// Host is the machine that the process ran on. A program has its CPU's
// features in its memory (resolved functions) and its kernel's vDSO in its
// pointers, so both say where it can be resumed.
type Host struct {
	Release   string           `json:"release"`         // of the kernel, uname -r
	Version   string           `json:"version"`         // uname -v
	BootID    string           `json:"boot_id"`         // process ids and clocks are of one boot
	VDSO      string           `json:"vdso,omitempty"`  // SHA-256 of [vdso], in hexadecimal
	CPUVendor string           `json:"cpu_vendor"`      // as /proc/cpuinfo spells it
	CPUModel  string           `json:"cpu_model"`       // likewise
	CPUFlags  []string         `json:"cpu_flags"`       // what the CPU and the kernel offer
	XSave     []XSaveComponent `json:"xsave,omitempty"` // where the XSAVE image keeps what; x86-64
}

// XSaveComponent is one part of the XSAVE image in the standard, not
// compacted, form: Intel SDM volume 1, 13.4.3. CPUs differ in the offsets.
type XSaveComponent struct {
	Bit    int    `json:"bit"` // in XCR0 and XSTATE_BV
	Offset uint32 `json:"offset"`
	Size   uint32 `json:"size"` // bytes
}

// Process is what all threads share. Its names are those of proc_pid_stat(5).
type Process struct {
	PID     int      `json:"pid"`
	PPID    int      `json:"ppid"`
	PGRP    int      `json:"pgrp"`
	Session int      `json:"session"`
	Name    string   `json:"name"` // comm of the leader
	Args    []string `json:"args"` // /proc/<pid>/cmdline: the program's to change
	Exe     File     `json:"exe"`
	UIDs    [4]int   `json:"uids"` // real, effective, saved, file system
	GIDs    [4]int   `json:"gids"`
	Flags   uint64   `json:"flags"` // PF_*
	Nice    int      `json:"nice"`

	Auxv   []Aux  `json:"auxv"`
	Layout Layout `json:"layout"`

	Signals     Signals      `json:"signals"`
	Descriptors []Descriptor `json:"descriptors"`
	// Facts are small texts of /proc by name, for reports and refusals: umask,
	// personality, cwd, root, limits, timers, children, seccomp.
	Facts map[string]string `json:"facts,omitempty"`
}

// File says which file something was. Size and MTime are nil, and BuildID is
// empty, where they could not be learnt or the file was none of its path's
// any more.
type File struct {
	Path    string `json:"path"`
	Dev     string `json:"dev"` // "major:minor" in hexadecimal, as in maps
	Inode   uint64 `json:"inode"`
	Deleted bool   `json:"deleted,omitempty"`
	Size    *int64 `json:"size,omitempty"`
	MTime   *int64 `json:"mtime,omitempty"` // nanoseconds since 1970
	BuildID string `json:"build_id,omitempty"`
}

// Aux is one entry of the auxiliary vector, without the AT_NULL at its end.
type Aux struct {
	Key   uint64 `json:"key"`
	Value uint64 `json:"value"`
}

// Layout is what prctl(PR_SET_MM_MAP) sets: struct prctl_mm_map.
type Layout struct {
	StartCode  uint64 `json:"start_code"`
	EndCode    uint64 `json:"end_code"`
	StartData  uint64 `json:"start_data"`
	EndData    uint64 `json:"end_data"`
	StartBrk   uint64 `json:"start_brk"`
	Brk        uint64 `json:"brk"`
	BrkRounded bool   `json:"brk_rounded,omitempty"` // Brk is the end of [heap], in whole pages
	StartStack uint64 `json:"start_stack"`
	ArgStart   uint64 `json:"arg_start"`
	ArgEnd     uint64 `json:"arg_end"`
	EnvStart   uint64 `json:"env_start"`
	EnvEnd     uint64 `json:"env_end"`
}

// Signals are the process's signal dispositions; bit n-1 stands for signal n.
type Signals struct {
	Caught  uint64 `json:"caught"`
	Ignored uint64 `json:"ignored"`
	// Actions are those of the signals in Caught and Ignored. Nil: unknown,
	// because nothing outside of a process can ask for them.
	Actions []SigAction `json:"actions"`
	// Pending are the siginfo_t of what waits for the whole process.
	Pending [][]byte `json:"pending,omitempty"`
}

// SigAction is the kernel's struct sigaction of one signal.
type SigAction struct {
	Signal   int    `json:"signal"`
	Handler  uint64 `json:"handler"` // 0 SIG_DFL, 1 SIG_IGN
	Flags    uint64 `json:"flags"`
	Restorer uint64 `json:"restorer"`
	Mask     uint64 `json:"mask"`
}

// Descriptor is an open file of the process.
type Descriptor struct {
	FD    int    `json:"fd"`
	Path  string `json:"path"` // "/tmp/in", "pipe:[123]", "socket:[4]"
	Kind  string `json:"kind"` // file, directory, character, block, pipe, socket, other
	Flags uint64 `json:"flags"`
	Pos   int64  `json:"pos"` // the offset, where it has one
	// Dev ("major:minor" in hexadecimal) and Inode tell files apart; those that
	// the kernel makes without a name, an eventfd(2) for one, have one inode.
	Dev   string `json:"dev,omitempty"`
	Inode uint64 `json:"inode,omitempty"`
}

// Thread is one thread.
type Thread struct {
	TID  int       `json:"tid"`
	Name string    `json:"name"`
	Regs Registers `json:"regs"`
	// Sets are further register sets in the kernel's own form, by the type of
	// their core note: NT_X86_XSTATE is the CPU's XSAVE image, laid out as
	// Host.XSave says.
	Sets []RegSet `json:"sets"`

	Signal  int      `json:"signal,omitempty"` // about to be delivered at this stop
	SigInfo []byte   `json:"siginfo"`          // PTRACE_GETSIGINFO of the stop, 128 bytes, or empty
	SigMask uint64   `json:"sigmask"`
	Pending [][]byte `json:"pending,omitempty"` // siginfo_t of what waits for this thread

	// AltStack and ClearChildTID are only known by calls made by the thread.
	AltStack      *AltStack   `json:"alt_stack"`
	ClearChildTID *uint64     `json:"clear_child_tid"`
	RobustList    *RobustList `json:"robust_list"`
	Rseq          *Rseq       `json:"rseq"` // its Area is 0 where the thread registered none
	// Restart is set when the thread was inside a call that the kernel restarts.
	Restart *Restart `json:"restart,omitempty"`

	UserTicks   uint64 `json:"user_ticks"` // CPU time in 1/100 s
	SystemTicks uint64 `json:"system_ticks"`
}

// RegSet is one register set as PTRACE_GETREGSET gives it.
type RegSet struct {
	Note uint32 `json:"note"` // NT_*
	Data []byte `json:"data"`
}

// Set returns the register set of a note type, or nil.
func (t *Thread) Set(note uint32) []byte {
	for _, s := range t.Sets {
		if s.Note == note {
			return s.Data
		}
	}
	return nil
}

// AltStack is a stack_t (sigaltstack(2)).
type AltStack struct {
	SP    uint64 `json:"sp"`
	Flags int32  `json:"flags"` // SS_DISABLE 2, SS_ONSTACK 1
	Size  uint64 `json:"size"`
}

// RobustList is what get_robust_list(2) gives.
type RobustList struct {
	Head uint64 `json:"head"`
	Len  uint64 `json:"len"`
}

// Rseq is a thread's registration of restartable sequences
// (PTRACE_GET_RSEQ_CONFIGURATION).
type Rseq struct {
	Area      uint64 `json:"area"`
	Size      uint32 `json:"size"`
	Signature uint32 `json:"signature"`
	Flags     uint32 `json:"flags"`
}

// Restart is a call that the stop interrupted. Errno is the kernel's internal
// one: 512 ERESTARTSYS, 513 ERESTARTNOINTR, 514 ERESTARTNOHAND, 516
// ERESTART_RESTARTBLOCK, whose remaining time only the kernel knows.
type Restart struct {
	Call  uint64 `json:"call"`
	Errno int    `json:"errno"`
}

// Mapping is one mapping and where its pages' contents are.
type Mapping struct {
	Start  uint64   `json:"start"`
	End    uint64   `json:"end"`              // the first address after it
	Perms  string   `json:"perms"`            // "r-xp"
	Name   string   `json:"name,omitempty"`   // the kernel's, in brackets: "[heap]"
	File   int      `json:"file,omitempty"`   // 1 + the index in State.Files; 0: none
	Offset uint64   `json:"offset,omitempty"` // in the file, bytes
	Flags  []string `json:"flags,omitempty"`  // VmFlags of proc_pid_smaps(5)
	PKey   int      `json:"pkey,omitempty"`   // protection key
	Runs   Runs     `json:"pages"`            // all of its pages, from Start on
}

// PathOf returns the path of a mapping's file, or its name.
func (s *State) PathOf(m *Mapping) string {
	if m.File > 0 && m.File <= len(s.Files) {
		return s.Files[m.File-1].Path
	}
	return m.Name
}
