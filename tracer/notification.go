package tracer

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/ptrace"
	"warder/rules"
)

// answerOne takes one notification and answers it as a seccomp-stop of the
// same call would be answered.
func (s *session) answerOne(listener int) error {
	var n notification
	if err := receive(listener, &n); err != nil {
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		return &Error{"SECCOMP_IOCTL_NOTIF_RECV", s.root, err}
	}
	s.stops++
	began := time.Now()
	err := s.decideNotified(listener, &n)
	if s.cfg.Observer != nil {
		s.cfg.Observer.Stop(Notification, time.Since(began))
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return nil // it was killed, or interrupted: then it calls again
	}
	return err
}

func (s *session) decideNotified(listener int, n *notification) error {
	arch, _ := abi.ArchOfAudit(n.Arch)
	s.call = rules.Call{Arch: arch, Nr: uint32(n.Nr), Args: n.Args}
	s.info.IP = n.IP
	p := s.procs[s.root]
	t := &task{tid: int(n.TID), proc: p}
	s.at = t
	s.ctx.Stage = rules.Main
	v := s.policy.matcher().Decide(&s.call, &s.ctx)
	if s.cfg.Observer != nil {
		s.cfg.Observer.Call(&s.call, v.Action.Kind)
	}
	r := response{ID: n.ID}
	switch v.Action.Kind {
	case rules.Allow:
		// The verdict rests on registers, which nobody changes while their
		// thread waits, so that the call which goes on is the one that was looked
		// at.
		s.mayRaise(t)
		r.Flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	case rules.Errno:
		r.Error = -int32(v.Action.Errno)
	case rules.Rewrite:
		errno, err := s.fstat(listener, n.ID, t, v.Action.Twin)
		if err != nil {
			return err
		}
		r.Error = -int32(errno)
	default:
		return s.notifiedViolation(listener, n.ID, t, v)
	}
	if err := send(listener, &r); err != nil {
		return &Error{"SECCOMP_IOCTL_NOTIF_SEND", t.tid, err}
	}
	return nil
}

// notifiedViolation ends the session. The caller is stopped for the hook,
// which wants its registers; it is never resumed.
func (s *session) notifiedViolation(listener int, id uint64, t *task, v rules.Verdict) error {
	t.loose = true
	if s.cfg.Hooks.Violation != nil {
		stopped, err := s.catch(t)
		if err != nil {
			return err
		}
		t.loose = !stopped
	}
	if t.loose && !waits(listener, id) {
		return nil // it is dead: the id that its memory is read by may be another's
	}
	return s.violation(t, v)
}

// mayRaise notes that the program is about to send itself a SIGSYS whose
// delivery nobody will see: its death by it is its own doing.
func (s *session) mayRaise(t *task) {
	sig := uint32(unix.SIGSYS)
	if name, _ := s.call.Arch.Name(s.call.Nr); name == "timer_create" {
		const signo = 8 // struct sigevent
		var word [4]byte
		if n, err := ptrace.ReadMem(t.tid, s.call.Args[1]+signo, word[:]); err != nil || n != len(word) {
			return
		}
		sig = uint32(word[0]) | uint32(word[1])<<8 | uint32(word[2])<<16 | uint32(word[3])<<24
	}
	if sig == uint32(unix.SIGSYS) {
		t.proc.sigsys = fatal(t.tid, unix.SIGSYS)
	}
}

// unseenPreemption is the one violation that the kernel ends a notified program
// for by itself: rules.SelfGuard's.
func (s *session) unseenPreemption() *Violation {
	const sigurg = 23
	nr, _ := abi.Native().Number("tgkill")
	c := rules.Call{Arch: abi.Native(), Nr: nr, Args: [6]uint64{2: sigurg}}
	v := s.policy.matcher().Decide(&c, &s.ctx)
	return &Violation{
		Arch: c.Arch.String(), Args: c.Args, PID: s.root, TID: s.root,
		Rule: "tgkill(another process, SIGURG): " + s.ruleText(v),
	}
}

// catch traces a thread that waits for an answer and stops it; false where it
// may not be, or is dead.
func (s *session) catch(t *task) (bool, error) {
	if err := ptrace.Seize(t.tid, ptrace.SessionOptions); err != nil {
		return false, nil // it is reported without
	}
	t = s.adopt(t.tid, s.root)
	if err := interrupt(t.tid); err != nil {
		return false, err
	}
	for {
		e := event{tid: t.tid}
		_, err := ptrace.Wait(t.tid, unix.WALL|wnothread, &e.status, &e.ru)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return false, &Error{"wait4", t.tid, err}
		}
		if k := classify(e.status).kind; k == ExitedDeath || k == SignaledDeath {
			s.late = append(s.late, e) // for the loop, as ever
			return false, nil
		}
		return true, nil
	}
}

// fstat answers a call by its scalar twin, which is fstat, in the caller's
// place: 0 or an errno. The file is looked at through /proc, which follows the
// descriptor of this very thread.
func (s *session) fstat(listener int, id uint64, t *task, twin string) (unix.Errno, error) {
	name, _ := s.call.Arch.Name(s.call.Nr)
	tw, ok := rules.TwinOf(name, twin)
	if !ok || tw.To != "fstat" {
		return 0, fmt.Errorf("BUG: no way to answer %s by %s", name, twin)
	}
	fd := int32(s.call.Args[tw.Args[0]])
	if fd < 0 {
		return unix.EBADF, nil
	}
	var st unix.Stat_t
	err := unix.Stat("/proc/"+strconv.Itoa(t.tid)+"/fd/"+strconv.Itoa(int(fd)), &st)
	switch {
	case errors.Is(err, unix.ENOENT):
		return unix.EBADF, nil
	case err != nil:
		return 0, &Error{"fstat for the program", t.tid, err}
	}
	st.Uid, st.Gid = idInside(t.tid, "uid_map", st.Uid), idInside(t.tid, "gid_map", st.Gid)
	if !waits(listener, id) {
		return 0, unix.ENOENT // it is dead: the id may be another's
	}
	b := bytesOf(&st)
	if n, err := ptrace.WriteMem(t.tid, s.call.Args[tw.Args[1]], b); err != nil || n != len(b) {
		return unix.EFAULT, nil
	}
	return 0, nil
}

// idInside is an owner's id as a process's user namespace has it; an id that
// is not mapped there is the overflow id (user_namespaces(7)).
func idInside(tid int, file string, id uint32) uint32 {
	const overflow = 65534
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/" + file)
	if err != nil {
		return overflow
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		first, err1 := strconv.ParseUint(f[0], 10, 32)
		outside, err2 := strconv.ParseUint(f[1], 10, 32)
		count, err3 := strconv.ParseUint(f[2], 10, 64)
		if err1 == nil && err2 == nil && err3 == nil && uint64(id) >= outside && uint64(id)-outside < count {
			return uint32(first + uint64(id) - outside)
		}
	}
	return overflow
}
