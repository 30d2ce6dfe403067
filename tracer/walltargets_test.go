package tracer_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/testprog"
	"warder/tracer"
)

// target is what an attack is aimed at.
type target struct {
	arg     string               // argv[2]
	escaped func(said bool) bool // whether the attack worked, given whether it said so
}

// targets make what the rows name. Each goes with its test.
var targets = map[string]func(*testing.T, tracer.Config, string) target{
	"": func(*testing.T, tracer.Config, string) target { return target{"", asSaid} },

	"sibling": func(t *testing.T, cfg tracer.Config, _ string) target { return newSibling(t, cfg) },

	"key-session": keeping("session"), "key-user": keeping("user"), "key-persistent": keeping("persistent"),

	"tcp": func(t *testing.T, _ tracer.Config, _ string) target { return listening(t, "tcp", "127.0.0.1:0") },
	"abstract": func(t *testing.T, _ tracer.Config, _ string) target {
		return listening(t, "unix", fmt.Sprintf("@warder-walls-%d", os.Getpid()))
	},
	"path": func(t *testing.T, _ tracer.Config, scratch string) target {
		l := listening(t, "unix", filepath.Join(scratch, "socket"))
		if err := os.Chmod(l.arg, 0o777); err != nil {
			t.Fatal(err)
		}
		return l
	},

	"shm-owner": func(t *testing.T, _ tracer.Config, _ string) target { return segment(t, 0o600) },
	"shm-open":  func(t *testing.T, _ tracer.Config, _ string) target { return segment(t, 0o666) },
	"shm-left": func(t *testing.T, _ tracer.Config, _ string) target {
		return leftover(t, unix.SYS_SHMGET, unix.SYS_SHMCTL, 1)
	},
	"shm-store": func(t *testing.T, _ tracer.Config, _ string) target {
		for i := range 8 { // of one that is killed they stay
			leftAt(t, ipcKey()+i, unix.SYS_SHMGET, unix.SYS_SHMCTL, 1)
		}
		return target{strconv.Itoa(ipcKey()), asSaid}
	},
	"sem-left": func(t *testing.T, _ tracer.Config, _ string) target {
		return leftover(t, unix.SYS_SEMGET, unix.SYS_SEMCTL, 2)
	},
	"msg-left": func(t *testing.T, _ tracer.Config, _ string) target {
		return leftover(t, unix.SYS_MSGGET, unix.SYS_MSGCTL, 1)
	},
}

func asSaid(said bool) bool { return said }

func listening(t *testing.T, network, address string) target {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		return target{strconv.Itoa(tcp.Port), asSaid}
	}
	return target{l.Addr().String(), asSaid}
}

// ipcKey is one that nobody else has.
func ipcKey() int { return 0x77650000 + os.Getpid()&0xffff }

// segment makes shared memory of the host.
func segment(t *testing.T, mode int) target {
	t.Helper()
	id, err := unix.SysvShmGet(ipcKey(), 4096, unix.IPC_CREAT|unix.IPC_EXCL|mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err != nil {
			t.Errorf("remove the segment: %v", err)
		}
	})
	b, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 'x'
	if err := unix.SysvShmDetach(b); err != nil {
		t.Fatal(err)
	}
	return target{strconv.Itoa(ipcKey()), asSaid}
}

// leftover is an object that is not there, unless an attack leaves it on the host.
func leftover(t *testing.T, get, control uintptr, command int) target {
	t.Helper()
	there := leftAt(t, ipcKey(), get, control, command)
	return target{strconv.Itoa(ipcKey()), func(bool) bool { return there() }}
}

// leftAt sees whether an object of a key is there, and removes it at the end.
// The command is the third argument of semctl and the second of the rest.
func leftAt(t *testing.T, key int, get, control uintptr, command int) (there func() bool) {
	t.Helper()
	find := func() (uintptr, bool) {
		id, _, errno := unix.Syscall(get, uintptr(key), 0, 0)
		return id, errno == 0
	}
	t.Cleanup(func() {
		id, there := find()
		if !there {
			return
		}
		args := [3]uintptr{id}
		args[command] = unix.IPC_RMID
		if _, _, errno := unix.Syscall(control, args[0], args[1], args[2]); errno != 0 {
			t.Errorf("remove the object left: %v", errno)
		}
	})
	return func() bool { _, there := find(); return there }
}

// sibling is another session of this process: it says what it is told, and
// ends with its input.
type sibling struct {
	said  chan string
	stdin *os.File
	fate  chan string
}

func (s *sibling) Write(b []byte) (int, error) {
	s.said <- string(b)
	return len(b), nil
}

// newSibling starts one with the walls of cfg, and waits until its program runs.
func newSibling(t *testing.T, cfg tracer.Config) target {
	t.Helper()
	cfg.Path, cfg.Args = testprog.Program(t, "echo-static"), []string{"echo"}
	return startSibling(t, cfg)
}

// keeping is a sibling that keeps a key in a keyring.
func keeping(ring string) func(*testing.T, tracer.Config, string) target {
	return func(t *testing.T, cfg tracer.Config, _ string) target {
		t.Helper()
		arg := fmt.Sprintf("%s:warder-walls-%d", ring, os.Getpid())
		cfg.Path, cfg.Args = testprog.Attack(t, "key-other"), []string{"key-other", "", arg, "keep"}
		to := startSibling(t, cfg)
		to.arg = arg
		return to
	}
}

// startSibling starts one whose program repeats its input.
func startSibling(t *testing.T, cfg tracer.Config) target {
	t.Helper()
	const ready = "ready\n"
	stdin, w := pipe(t)
	s := &sibling{said: make(chan string, 16), stdin: w, fate: make(chan string, 1)}
	pid := make(chan int, 1)
	cfg.Stdin, cfg.Stdout = stdin, s
	cfg.Hooks.Entry = func(tracee *tracer.Tracee) { pid <- tracee.TID() }
	go func() {
		r, err := tracer.Run(t.Context(), &cfg)
		if err != nil {
			s.fate <- err.Error()
			return
		}
		s.fate <- fate(r)
	}()
	put(t, w, ready)
	select {
	case said := <-s.said:
		if said != ready {
			t.Fatalf("the other session said %q", said)
		}
	case f := <-s.fate:
		t.Fatalf("the other session ended: %s", f)
	case <-time.After(tooLong):
		t.Fatal("the other session does not begin")
	}
	harmed := sync.OnceValue(func() bool {
		closeAll(t, w, stdin)
		return <-s.fate != "exited 0" || len(s.said) > 0
	})
	t.Cleanup(func() { harmed() })
	return target{strconv.Itoa(<-pid), func(said bool) bool { return harmed() || said }}
}
