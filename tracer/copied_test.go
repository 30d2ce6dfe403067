package tracer_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/memory"
	"warder/tracer"
)

// TestLiveCopy: a copy has the program's memory, is there until it is ended, and
// the session's end waits for that.
func TestLiveCopy(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	for _, engine := range hookEngines {
		var kept *tracer.Frozen
		ended := make(chan error, 1)
		calls := 0
		r, out := hold(t, tracer.Config{
			Path: testprog.Program(t, "hello"), Engine: engine, Watch: tracer.Watch{Calls: []string{"write"}},
			Hooks: tracer.Hooks{Event: func(f *tracer.Frozen, e *tracer.Event) {
				if calls++; calls > 1 {
					return
				}
				kept = f
				pid, end, err := f.Fork(e.TID)
				if err != nil {
					t.Error(err)
					return
				}
				// The stack, and the code that the call was made at.
				for _, at := range [][2]uint64{sameAs(t, e.TID, "[stack]"), sameAs(t, e.TID, "hello")} {
					a, b := make([]byte, at[1]), make([]byte, at[1])
					_, err1 := memory.Of(e.TID).ReadAt(a, int64(at[0]))
					_, err2 := memory.Of(pid).ReadAt(b, int64(at[0]))
					if err1 != nil || err2 != nil || string(a) != string(b) {
						t.Errorf("%#x differs: %v, %v", at[0], err1, err2)
					}
				}
				go func() {
					err := end()
					if again := end(); again != err {
						t.Errorf("ended again: %v", again)
					}
					if unix.Access("/proc/"+strconv.Itoa(pid), unix.F_OK) == nil {
						t.Errorf("the copy %d is there", pid)
					}
					ended <- err
				}()
			}},
		})
		if r.Outcome != tracer.OK || out != "hello, world\n" || calls != 1 {
			t.Errorf("%s: %s, %q, %d calls", engine, fate(r), out, calls)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s: the session is over, and the copy not", engine)
		}
		if _, _, err := kept.Fork(1); !errors.Is(err, tracer.ErrGone) {
			t.Errorf("after the hook: %v", err)
		}
	}
}

// sameAs is the place and length of a mapping that a name ends.
func sameAs(t *testing.T, pid int, name string) [2]uint64 {
	maps, err := memory.Of(pid).Maps()
	if err != nil {
		t.Error(err)
	}
	for _, m := range maps {
		if strings.Contains(m.Path, name) && m.Perms.R && (m.Perms.X || m.Path == name) {
			return [2]uint64{m.Start, m.Size()}
		}
	}
	t.Errorf("nothing that is called %s", name)
	return [2]uint64{}
}

// TestLiveCopyAbandoned: a session that has failed does not wait for a copy: it
// kills it, which is no error for who ends it then.
func TestLiveCopyAbandoned(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	var end func() error
	_, _, err := tryHold(t, tracer.Config{
		Path: testprog.Program(t, "hello"), Watch: tracer.Watch{Calls: []string{"write"}},
		Hooks: tracer.Hooks{Event: func(f *tracer.Frozen, e *tracer.Event) {
			var err error
			if _, end, err = f.Fork(e.TID); err != nil {
				t.Error(err)
			}
			panic("mistake")
		}},
	})
	if err == nil || !strings.Contains(err.Error(), "mistake") {
		t.Errorf("%v", err)
	}
	nothingHeld(t)
	if err := end(); err != nil {
		t.Error(err)
	}
}

// TestLiveCopyRefused: a process that another of the program's waits for is not
// copied, nor one without room for it.
func TestLiveCopyRefused(t *testing.T) {
	testutil.Require(t, testutil.Ptrace, testutil.Seccomp)
	noStrays(t)
	own, others := 0, 0
	r, _ := hold(t, tracer.Config{
		Path: testprog.Program(t, "forkstorm"), Args: args("2"), Policy: onTopOf(t, "compute", forkRules), Watch: tracer.Watch{Exit: true},
		Hooks: tracer.Hooks{Event: func(f *tracer.Frozen, e *tracer.Event) {
			_, end, err := f.Fork(e.TID)
			if err == nil {
				own++
				if err := end(); err != nil {
					t.Error(err)
				}
				return
			}
			others++
			if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "its parent would be told") {
				t.Error(err)
			}
		}},
	})
	if r.Outcome != tracer.OK || own == 0 || others == 0 {
		t.Errorf("%s; %d copied, %d not", fate(r), own, others)
	}
	if os.Geteuid() != 0 {
		return
	}
	cfg := tracer.Config{
		Path: testprog.Program(t, "hello"), Limits: tracer.Limits{Processes: 3}, Watch: tracer.Watch{Exit: true},
		Hooks: tracer.Hooks{Event: func(f *tracer.Frozen, e *tracer.Event) {
			_, end, err := f.Fork(e.TID)
			if err == nil { // there is CAP_SYS_RESOURCE
				var own, now unix.Rlimit
				err = errors.Join(unix.Prlimit(f.PID(), unix.RLIMIT_NPROC, nil, &own), end(), unix.Prlimit(f.PID(), unix.RLIMIT_NPROC, nil, &now))
				if err != nil || own.Cur != now.Cur+1 {
					t.Errorf("the limit is %d, and then %d, %v", own.Cur, now.Cur, err)
				}
			} else if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "1 of 3 tasks") {
				t.Error(err)
			}
		}},
	}
	r, _, err := tryHold(t, cfg)
	// What other tests' failed sessions left to init counts until that looks.
	for until := time.Now().Add(10 * time.Second); errors.Is(err, unix.EAGAIN) && time.Now().Before(until); {
		time.Sleep(20 * time.Millisecond)
		r, _, err = tryHold(t, cfg)
	}
	if err != nil || r.Outcome != tracer.OK {
		t.Errorf("%+v, %v", r, err)
	}
}
