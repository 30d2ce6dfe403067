package bench

import (
	"golang.org/x/sys/unix"

	"warder/rules/bpf"
)

// apart is what the names of rows end in whose supervisor is on another core.
const apart = "-other"

// task is what a supervisor does at a stop, beyond being there.
type task func(*watch, *script)

func info(w *watch, s *script) {
	const size = 88 // struct ptrace_syscall_info
	s.call("PTRACE_GET_SYSCALL_INFO", unix.SYS_PTRACE, getSyscallInfo, w.pid, size, registers)
}

func regs(w *watch, s *script) {
	s.call("PTRACE_GETREGS", unix.SYS_PTRACE, getRegs, w.pid, 0, registers)
}

// reading reads size bytes that the tracee has written before.
func reading(size uint64) task {
	return func(w *watch, s *script) {
		local, remote := s.words(copied, size), s.words(meterData, size)
		s.call("process_vm_readv", unix.SYS_PROCESS_VM_READV, w.pid, local, 1, remote, 1, 0)
	}
}

// deny is the cheapest way to make a tracee's call fail on x86-64: number -1,
// and an errno in rax.
func deny(w *watch, s *script) {
	const rax, origRax = 10 * 8, 15 * 8
	s.call("PTRACE_POKEUSER", unix.SYS_PTRACE, unix.PTRACE_POKEUSR, w.pid, origRax, ^uint64(0))
	s.call("PTRACE_POKEUSER", unix.SYS_PTRACE, unix.PTRACE_POKEUSR, w.pid, rax, ^uint64(unix.EPERM)+1)
}

// both is one task after another.
func both(a, b task) task {
	return func(w *watch, s *script) {
		a(w, s)
		b(w, s)
	}
}

func notifyRows(cores Cores) []Row {
	const newListener = 8 // SECCOMP_FILTER_FLAG_NEW_LISTENER
	row := func(name, text string, w watch) Row {
		return cores.row(name, GroupNotify, "native", text, mechanism{
			call: getppid, watch: &w,
			confine: loading(answering(getppid.number, retNotify), newListener),
		})
	}
	return []Row{
		row("notify", "user notification: another process, on the same core, receives the call and answers it", watch{}),
		row("notify-sync", "user notification with synchronous wake-up (6.6), on the same core", watch{wakeup: true}),
		row("notify-sync-64", "user notification with synchronous wake-up, and 64 bytes of the caller's memory read", watch{wakeup: true, look: reading(64)}),
		row("notify-sync-4k", "user notification with synchronous wake-up, and 4 KiB of the caller's memory read", watch{wakeup: true, look: reading(4096)}),
		row("notify"+apart, "user notification, answered on another core", watch{apart: true}),
		row("notify-sync"+apart, "user notification with synchronous wake-up, answered on another core", watch{apart: true, wakeup: true}),
	}
}

func tracerRows(cores Cores) []Row {
	row := func(name, text string, w watch, confine func(*script)) Row {
		return cores.row(name, GroupTracer, "native", text, mechanism{call: getppid, watch: &w, confine: confine})
	}
	byFilter := func(name, text string, look task, other bool) Row {
		return row(name, text,
			watch{request: unix.PTRACE_CONT, stops: 1, status: stopSeccomp, look: look, apart: other},
			loading(answering(getppid.number, bpf.RetTrace), 0))
	}
	bySyscall := func(name, text string, look task, other bool) Row {
		return row(name, text, watch{request: unix.PTRACE_SYSCALL, stops: 2, status: stopSyscall, look: look, apart: other}, nil)
	}
	emulated := func(name, text string, look task, other bool) Row {
		return row(name, text, watch{request: sysemu, stops: 1, status: stopSyscall, look: look, apart: other}, nil)
	}
	return []Row{
		byFilter("trace", "RET_TRACE: the filter stops the call for a tracer on the same core, which resumes it (wait4, PTRACE_CONT)", nil, false),
		byFilter("trace-info", "RET_TRACE, and the tracer asks which call it is: PTRACE_GET_SYSCALL_INFO (5.3)", info, false),
		byFilter("trace-regs", "RET_TRACE, and the tracer reads the registers: PTRACE_GETREGS", regs, false),
		byFilter("trace-info-64", "RET_TRACE, PTRACE_GET_SYSCALL_INFO and 64 bytes of memory (process_vm_readv)", both(info, reading(64)), false),
		byFilter("trace-info-4k", "RET_TRACE, PTRACE_GET_SYSCALL_INFO and 4 KiB of memory", both(info, reading(4096)), false),
		byFilter("trace-deny", "RET_TRACE, PTRACE_GET_SYSCALL_INFO, and the call is made to fail (two PTRACE_POKEUSER)", both(info, deny), false),
		byFilter("trace"+apart, "RET_TRACE with the tracer on another core", nil, true),
		byFilter("trace-info-64"+apart, "RET_TRACE, PTRACE_GET_SYSCALL_INFO and 64 bytes, on another core", both(info, reading(64)), true),
		bySyscall("syscall", "PTRACE_SYSCALL: the call stops for a tracer on the same core before and after it", nil, false),
		bySyscall("syscall-info", "PTRACE_SYSCALL, with PTRACE_GET_SYSCALL_INFO at both stops", info, false),
		bySyscall("syscall-regs", "PTRACE_SYSCALL, with PTRACE_GETREGS at both stops", regs, false),
		bySyscall("syscall"+apart, "PTRACE_SYSCALL with the tracer on another core", nil, true),
		emulated("sysemu", "PTRACE_SYSEMU: the call stops for a tracer on the same core, and does not run", nil, false),
		emulated("sysemu-regs", "PTRACE_SYSEMU, and the tracer reads the registers: PTRACE_GETREGS", regs, false),
		emulated("sysemu"+apart, "PTRACE_SYSEMU with the tracer on another core", nil, true),
	}
}
