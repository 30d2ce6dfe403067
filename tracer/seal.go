package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// seals reports whether something is loaded into the program at its entry
// point: the main stage's seccomp program, its Landlock domain.
func (s *session) seals() bool { return s.change != nil || s.laterFD >= 0 }

// enterMain begins the main stage of a process whose task t has come to its
// entry point. Where more than its rules change, every task is parked first,
// so that none is inside a call of the loader's stage, and none runs while one
// is being changed. The caller resumes t, as ever.
func (s *session) enterMain(t *task) error {
	if !s.rootWaits && !s.seals() {
		t.proc.main = true
		return nil
	}
	t.entering = true
	return s.gather(t.tid)
}

// beginMain moves the root, where it waits for that, and seals what has come to
// its entry point.
func (s *session) beginMain() error {
	entering := false
	for _, t := range s.tasks {
		entering = entering || t.entering
	}
	if !entering {
		return nil
	}
	if s.rootWaits {
		if err := s.changeRoot(); err != nil {
			return err
		}
	}
	for _, t := range s.tasks {
		if !t.entering || s.killing {
			continue
		}
		t.entering = false
		if s.seals() {
			if err := s.seal(t); errors.Is(err, unix.ESRCH) {
				continue // it was killed
			} else if err != nil {
				return err
			}
		}
		t.proc.main = true
	}
	return nil
}

// seal loads into a process what holds from its entry point on. What keeps
// warder from it is the program's doing, and ends the session.
func (s *session) seal(t *task) error {
	err := s.tighten(t)
	var kept *injectError
	if errors.As(err, &kept) {
		s.breach(t.proc.tgid, t.tid, "stage", "the main stage cannot begin: "+kept.what)
		return nil
	}
	return err
}

func (s *session) tighten(t *task) error {
	in, err := s.inject(t, t.proc.entry)
	if err != nil {
		return err
	}
	if s.laterFD >= 0 {
		if err := in.restrict(uint64(s.laterFD)); err != nil {
			return err
		}
	}
	if s.change != nil {
		if err := in.filter(s.change.Bind(0, 0)); err != nil {
			return err
		}
	}
	return in.end()
}

// restrict puts the task into the Landlock domain whose ruleset is open in it.
// There is no call that does so for other threads before Landlock's ABI 8.
func (in *injection) restrict(fd uint64) error {
	if in.t.proc.tasks > 1 {
		return &injectError{"a path was for the loader alone, and threads were started before the entry point, which would keep it"}
	}
	key := in.s.worker.stub.Key()
	ret, err := in.call(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0, 0, 0, key)
	if err := in.refused("landlock_restrict_self", ret, err); err != nil {
		return err
	}
	ret, err = in.call(unix.SYS_CLOSE_RANGE, fd, fd, 0, 0, 0, key)
	return in.refused("close_range", ret, err)
}

// filter loads a seccomp program into all threads of the process.
func (in *injection) filter(program []bpf.RawInstruction) error {
	const fprog = 16 // struct sock_fprog
	data := func(at uint64) []byte {
		b := binary.LittleEndian.AppendUint64(nil, uint64(len(program)))
		b = binary.LittleEndian.AppendUint64(b, at+fprog)
		for _, i := range program { // struct sock_filter
			b = binary.LittleEndian.AppendUint16(b, i.Op)
			b = append(b, i.Jt, i.Jf)
			b = binary.LittleEndian.AppendUint32(b, i.K)
		}
		return b
	}
	return in.scratch(data, func(at uint64) error {
		ret, err := in.call(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, at, 0, 0, in.s.worker.stub.Key())
		if err == nil && ret > 0 {
			return &injectError{fmt.Sprintf("thread %d has a seccomp filter of its own", ret)}
		}
		return in.refused("seccomp", ret, err)
	})
}

// refused tells a call that the kernel was too short of memory for from one
// that the program made impossible: it has closed the descriptor, or has a
// filter of its own.
func (in *injection) refused(call string, ret int64, err error) error {
	if err != nil || ret == 0 {
		return err
	}
	errno := unix.Errno(-ret)
	if errno == unix.ENOMEM || errno == unix.EAGAIN {
		return &Error{"injected " + call, in.t.tid, errno}
	}
	return &injectError{fmt.Sprintf("%s: %v", call, errno)}
}
