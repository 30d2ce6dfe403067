package tracer

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// secret says why a process that has just executed a file must not go on: its
// user may execute the file, or its interpreter, and not read it (the kernel
// then makes the process undumpable, would_dump in fs/exec.c), and warder, by
// a CAP_SYS_PTRACE that its own caller has not, would show him what is in it:
// by a trace, a snapshot, a backtrace. Where warder has no such capability the
// kernel itself refuses; root may read the file.
func (s *session) secret(p *process) error {
	if os.Geteuid() == 0 || !capable(unix.CAP_SYS_PTRACE) {
		return nil
	}
	st, err := procfs.FileStat(p.tgid, "mem")
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return nil // it is dead
	}
	if err != nil {
		return &Error{"look whether it may be read", p.tgid, err}
	}
	// Files of a process that is not dumpable belong to root (task_dump_owner,
	// fs/proc/base.c).
	if st.Uid != 0 {
		return nil
	}
	return &Error{"look at the program", p.tgid, fmt.Errorf("%w: its file or its interpreter may be executed and not read", unix.EACCES)}
}
