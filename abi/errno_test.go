package abi_test

import (
	"strings"
	"testing"

	"warder/abi"
)

func TestErrno(t *testing.T) {
	for _, test := range []struct {
		nr         uint32
		name, text string
	}{
		{1, "EPERM", "Operation not permitted"},
		{2, "ENOENT", "No such file or directory"},
		{11, "EAGAIN", "Resource temporarily unavailable"},
		{38, "ENOSYS", "Function not implemented"},
		{95, "EOPNOTSUPP", "Operation not supported"},
		{133, "EHWPOISON", "Memory page has hardware error"},
		{512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
		{516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
		{0, "errno 0", "Unknown error 0"},
		{41, "errno 41", "Unknown error 41"},
		{515, "errno 515", "Unknown error 515"},
		{9999, "errno 9999", "Unknown error 9999"},
		{1<<32 - 1, "errno 4294967295", "Unknown error 4294967295"},
	} {
		if name, text := abi.ErrnoName(test.nr), abi.ErrnoText(test.nr); name != test.name || text != test.text {
			t.Errorf("%d: %s, %s", test.nr, name, text)
		}
	}
	for nr := range uint32(600) {
		name := abi.ErrnoName(nr)
		back, ok := abi.ParseErrno(name)
		real := strings.HasPrefix(name, "E") && !strings.HasPrefix(name, "ERESTART") || name == "ERESTART"
		if real != ok || ok && back != nr {
			t.Errorf("%d -> %s -> %d, %v", nr, name, back, ok)
		}
	}
	for name, want := range map[string]uint32{"EWOULDBLOCK": 11, "ENOTSUP": 95, "EDEADLOCK": 35} {
		if nr, ok := abi.ParseErrno(name); !ok || nr != want {
			t.Errorf("%s = %d, %v", name, nr, ok)
		}
	}
	for _, name := range []string{"", "eperm", "ENOTHING", "O_RDONLY", "ERESTARTSYS"} {
		if nr, ok := abi.ParseErrno(name); ok {
			t.Errorf("ParseErrno(%q) = %d", name, nr)
		}
	}
}

func TestSignals(t *testing.T) {
	for _, test := range []struct {
		nr         int
		name, text string
	}{
		{9, "SIGKILL", "Killed"},
		{11, "SIGSEGV", "Segmentation fault"},
		{31, "SIGSYS", "Bad system call"},
		{32, "SIGRTMIN", "Real-time signal 0"},
		{33, "SIGRT_1", "Real-time signal 1"},
		{64, "SIGRT_32", "Real-time signal 32"},
		{0, "signal 0", "Unknown signal 0"},
		{65, "signal 65", "Unknown signal 65"},
		{-1, "signal -1", "Unknown signal -1"},
	} {
		if name, text := abi.SignalName(test.nr), abi.SignalText(test.nr); name != test.name || text != test.text {
			t.Errorf("%d: %s, %s", test.nr, name, text)
		}
	}
	for sig := 1; sig <= 64; sig++ {
		name := abi.SignalName(sig)
		for _, name := range []string{name, strings.TrimPrefix(name, "SIG")} {
			if back, ok := abi.ParseSignal(name); !ok || back != sig {
				t.Errorf("%d -> %s -> %d, %v", sig, name, back, ok)
			}
		}
	}
	for name, want := range map[string]int{"SIGIOT": 6, "POLL": 29, "SIGRT_0": 32, "RTMAX": 64} {
		if sig, ok := abi.ParseSignal(name); !ok || sig != want {
			t.Errorf("%s = %d, %v", name, sig, ok)
		}
	}
	for _, name := range []string{"", "SIG", "KIL", "sigkill", "SIGRT_33", "SIGRT_-1", "SIGRT_01", "9", "SIGSIGKILL"} {
		if sig, ok := abi.ParseSignal(name); ok {
			t.Errorf("ParseSignal(%q) = %d", name, sig)
		}
	}
}
