package abi

import (
	"strconv"
	"strings"
)

// signals is indexed by signal number, as x86, ARM and every other user of
// asm-generic/signal.h count them. The texts are those of glibc's strsignal.
var signals = [...]struct{ name, text string }{
	1:  {"SIGHUP", "Hangup"},
	2:  {"SIGINT", "Interrupt"},
	3:  {"SIGQUIT", "Quit"},
	4:  {"SIGILL", "Illegal instruction"},
	5:  {"SIGTRAP", "Trace/breakpoint trap"},
	6:  {"SIGABRT", "Aborted"},
	7:  {"SIGBUS", "Bus error"},
	8:  {"SIGFPE", "Floating point exception"},
	9:  {"SIGKILL", "Killed"},
	10: {"SIGUSR1", "User defined signal 1"},
	11: {"SIGSEGV", "Segmentation fault"},
	12: {"SIGUSR2", "User defined signal 2"},
	13: {"SIGPIPE", "Broken pipe"},
	14: {"SIGALRM", "Alarm clock"},
	15: {"SIGTERM", "Terminated"},
	16: {"SIGSTKFLT", "Stack fault"},
	17: {"SIGCHLD", "Child exited"},
	18: {"SIGCONT", "Continued"},
	19: {"SIGSTOP", "Stopped (signal)"},
	20: {"SIGTSTP", "Stopped"},
	21: {"SIGTTIN", "Stopped (tty input)"},
	22: {"SIGTTOU", "Stopped (tty output)"},
	23: {"SIGURG", "Urgent I/O condition"},
	24: {"SIGXCPU", "CPU time limit exceeded"},
	25: {"SIGXFSZ", "File size limit exceeded"},
	26: {"SIGVTALRM", "Virtual timer expired"},
	27: {"SIGPROF", "Profiling timer expired"},
	28: {"SIGWINCH", "Window changed"},
	29: {"SIGIO", "I/O possible"},
	30: {"SIGPWR", "Power failure"},
	31: {"SIGSYS", "Bad system call"},
}

// The kernel's realtime signals (asm-generic/signal.h). glibc keeps the first
// two for itself, so a C program's SIGRTMIN is 34; the numbers here are the
// kernel's.
const (
	sigRTMin = 32
	sigRTMax = 64
)

var signalAliases = [...]struct {
	name string
	nr   int
}{{"SIGIOT", 6}, {"SIGCLD", 17}, {"SIGPOLL", 29}, {"SIGRTMIN", sigRTMin}, {"SIGRTMAX", sigRTMax}}

// SignalName returns a signal's name: "SIGKILL" for 9, "SIGRTMIN" for 32 and
// "SIGRT_1" to "SIGRT_32" for 33 to 64, as strace prints them. A number that is
// no signal becomes "signal 99".
func SignalName(sig int) string {
	switch {
	case sig > 0 && sig < len(signals):
		return signals[sig].name
	case sig == sigRTMin:
		return "SIGRTMIN"
	case sig > sigRTMin && sig <= sigRTMax:
		return "SIGRT_" + strconv.Itoa(sig-sigRTMin)
	}
	return "signal " + strconv.Itoa(sig)
}

// SignalText returns glibc's wording for a signal: "Killed" for 9.
func SignalText(sig int) string {
	switch {
	case sig > 0 && sig < len(signals):
		return signals[sig].text
	case sig >= sigRTMin && sig <= sigRTMax:
		return "Real-time signal " + strconv.Itoa(sig-sigRTMin)
	}
	return "Unknown signal " + strconv.Itoa(sig)
}

// ParseSignal returns the number of a signal's name, with or without SIG:
// "SIGKILL", "KILL", "SIGRT_1", "RT_1". Case matters.
func ParseSignal(name string) (int, bool) {
	name = strings.TrimPrefix(name, "SIG")
	if name == "" {
		return 0, false
	}
	for i := range signals {
		if i != 0 && signals[i].name[len("SIG"):] == name {
			return i, true
		}
	}
	for i := range signalAliases {
		if signalAliases[i].name[len("SIG"):] == name {
			return signalAliases[i].nr, true
		}
	}
	if digits, ok := strings.CutPrefix(name, "RT_"); ok {
		if n, err := strconv.ParseUint(digits, 10, 8); err == nil && n <= sigRTMax-sigRTMin && strconv.FormatUint(n, 10) == digits {
			return sigRTMin + int(n), true
		}
	}
	return 0, false
}
