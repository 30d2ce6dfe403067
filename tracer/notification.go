package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/procfs"
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
	t := &task{tid: int(n.TID), proc: p, loose: true}
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

// notifiedViolation ends the session, whether the caller still waits or has been
// interrupted: the verdict rests on the registers that it called with. For the
// hook, which wants them, it is stopped, and never resumed.
func (s *session) notifiedViolation(listener int, id uint64, t *task, v rules.Verdict) error {
	if s.cfg.Hooks.Violation != nil {
		stopped, err := s.catch(listener, id, t)
		if err != nil {
			return err
		}
		t.loose = !stopped
	}
	return s.violation(t, v)
}

// mayRaise notes that the program is about to send itself a SIGSYS whose
// delivery nobody will see: its death by it is its own doing.
func (s *session) mayRaise(t *task) {
	const signo = 8 // in struct sigevent
	var sig uint64
	switch name, _ := s.call.Arch.Name(s.call.Nr); name {
	case "timer_create":
		var word [4]byte
		if n, err := ptrace.ReadMem(s.root, s.call.Args[1]+signo, word[:]); err != nil || n != len(word) {
			return
		}
		sig = uint64(binary.LittleEndian.Uint32(word[:]))
	case "kill", "tkill", "rt_sigqueueinfo", "pidfd_send_signal":
		sig = s.call.Args[1]
	case "tgkill", "rt_tgsigqueueinfo":
		sig = s.call.Args[2]
	}
	if unix.Signal(uint32(sig)) == unix.SIGSYS {
		t.proc.sigsys = fatal(s.root, unix.SIGSYS)
	}
}

// unseenPreemption is the one violation that the kernel ends a notified program
// for by itself: rules.SelfGuard's.
func (s *session) unseenPreemption() *Violation {
	nr, _ := abi.Native().Number("tgkill")
	c := rules.Call{Arch: abi.Native(), Nr: nr, Args: [6]uint64{2: uint64(unix.SIGURG)}}
	v := s.policy.matcher().Decide(&c, &s.ctx)
	return &Violation{
		Arch: c.Arch.String(), Args: c.Args, PID: s.root, TID: s.root,
		Rule: "tgkill(another process, SIGURG): " + s.ruleText(v),
	}
}

// catch traces a thread that waits for an answer and stops it; false where it
// may not be, or does not wait any more. It is never resumed: the session ends.
func (s *session) catch(listener int, id uint64, t *task) (bool, error) {
	// Without options: until it is known to wait still, its id may be that of a
	// stranger, who must not die with this thread.
	if err := ptrace.Seize(t.tid, 0); err != nil {
		return false, nil // it is reported without
	}
	if !waits(listener, id) {
		return false, unseize(t.tid)
	}
	t = s.adopt(t.tid, s.root)
	s.killing = true // from here on its death is for this thread to reap
	if err := interrupt(t.tid); err != nil {
		return false, err
	}
	e, err := report(t.tid)
	if err != nil {
		return false, err
	}
	if k := classify(e.status).kind; k == ExitedDeath || k == SignaledDeath {
		s.late = append(s.late, e) // for the loop, as ever
		return false, nil
	}
	return true, nil
}

// unseize lets a thread go on that was seized by mistake.
func unseize(tid int) error {
	if err := interrupt(tid); err != nil {
		return err
	}
	e, err := report(tid)
	if err != nil {
		return err
	}
	sig := 0
	switch w := classify(e.status); w.kind {
	case ExitedDeath, SignaledDeath:
		return nil
	case SignalStop:
		sig = w.code
	}
	if err := ptrace.Detach(tid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
		return &Error{"PTRACE_DETACH", tid, err}
	}
	return nil
}

// report waits for what one tracee has to report.
func report(tid int) (event, error) {
	e := event{tid: tid}
	for {
		_, err := ptrace.Wait(tid, unix.WALL|wnothread, &e.status, &e.ru)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return e, &Error{"wait4", tid, err}
		}
		return e, nil
	}
}

// fstat answers a call by its scalar twin, which is fstat, in the caller's
// place: 0 or an errno. The file is looked at through /proc, which follows the
// descriptor of this very thread, and as the kernel has it in memory: a file
// system that somebody serves could keep us waiting. What is written goes to
// the process by the id of its first thread, which nobody else can have before
// we have reaped it.
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
	back := s.asHeld()
	stx, err := procfs.Statx(t.tid, "fd/"+strconv.Itoa(int(fd)))
	back()
	if !waits(listener, id) {
		return 0, unix.ENOENT // whoever has its id now, this was not about him
	}
	var errno unix.Errno
	switch {
	case errors.Is(err, unix.ENOENT):
		return unix.EBADF, nil
	case errors.As(err, &errno):
		return errno, nil
	case err != nil:
		return 0, err
	}
	st := asStat(stx)
	if slices.Contains(s.walls, WallUserNS) {
		st.Uid, st.Gid = idInside(os.Geteuid(), st.Uid), idInside(os.Getegid(), st.Gid)
	}
	b := bytesOf(&st)
	if n, err := ptrace.WriteMem(s.root, s.call.Args[tw.Args[1]], b); err != nil || n != len(b) {
		return unix.EFAULT, nil
	}
	return 0, nil
}

// asStat is what fstat(2) says where statx(2) says stx.
func asStat(stx *unix.Statx_t) unix.Stat_t {
	st := unix.Stat_t{
		Dev: unix.Mkdev(stx.Dev_major, stx.Dev_minor), Rdev: unix.Mkdev(stx.Rdev_major, stx.Rdev_minor),
		Ino: stx.Ino, Mode: uint32(stx.Mode), Uid: stx.Uid, Gid: stx.Gid, Size: int64(stx.Size), Blocks: int64(stx.Blocks),
		Atim: unix.Timespec{Sec: stx.Atime.Sec, Nsec: int64(stx.Atime.Nsec)},
		Mtim: unix.Timespec{Sec: stx.Mtime.Sec, Nsec: int64(stx.Mtime.Nsec)},
		Ctim: unix.Timespec{Sec: stx.Ctime.Sec, Nsec: int64(stx.Ctime.Nsec)},
	}
	assign(&st.Nlink, stx.Nlink)
	assign(&st.Blksize, stx.Blksize)
	return st
}

// assign is for fields whose width differs between architectures.
func assign[T int32 | int64 | uint32 | uint64](field *T, v uint32) { *field = T(v) }

// idInside is an owner's id as a user namespace that the stub has made for
// itself shows it: our own is mapped to itself, and every other is the overflow
// id (user_namespaces(7)).
func idInside(own int, id uint32) uint32 {
	const overflow = 65534
	if id == uint32(own) {
		return id
	}
	return overflow
}
