package tracer

import "context"

// Session is a held program that runs while others of the host program's
// goroutines look at it.
type Session struct {
	s    *session
	over chan struct{}
	r    *Result
	err  error
}

// Start is Run that does not wait for the end: it returns when the program has
// been launched. Wait must follow. Engines without stops, Seccomp and Strict,
// have nothing to look at: Do answers ErrGone there.
func Start(ctx context.Context, cfg *Config) (*Session, error) {
	s, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	begun := make(chan struct{})
	s.begun = begun
	l := &Session{s: s, over: make(chan struct{})}
	go func() {
		defer close(l.over)
		l.r, l.err = s.supervise(ctx)
		s.closeBell()
	}()
	select {
	case <-begun:
		return l, nil
	case <-l.over:
		if l.err != nil {
			return nil, l.err
		}
		return l, nil
	}
}

// Wait returns the Result when the session is over, as Run does.
func (l *Session) Wait() (*Result, error) {
	<-l.over
	return l.r, l.err
}

// PID is the program's process id.
func (l *Session) PID() int { return l.s.root }

// Do stops every thread of the program, runs f, which may look at and change
// them, on the session's thread, and lets them go on. It returns f's error, or
// ErrGone where the program has ended. It may be called from any goroutine but
// f's own. A program that has stopped itself (SIGSTOP) is waited for.
func (l *Session) Do(f func(*Frozen) error) error {
	if e := l.s.cfg.Engine; e == Seccomp || e == Strict {
		return ErrGone
	}
	done := make(chan error, 1)
	if err := l.s.ring(job{f: f, done: done}); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-l.over:
	}
	select {
	case err := <-done:
		return err
	default:
		return ErrGone
	}
}
