package decode

import "warder/abi"

// sigreturnMask prints the mask that rt_sigreturn restores from the frame on
// the stack: a ucontext (asm/ucontext.h), which on arm64 lies behind a
// siginfo.
func sigreturnMask(d *decoder) (name string) {
	at := d.stack
	switch {
	case d.stack == 0:
		return ""
	case d.arch == abi.X86_64:
		at += 296
	case d.arch == abi.AArch64:
		at += 128 + 40
	default:
		return ""
	}
	d.lit("{mask=")
	d.sigset(at, 8)
	d.byte('}')
	return "frame"
}

// interruptedCall tells what restart_syscall goes on with: the call that this
// thread made before, where the Call was used for it too.
func interruptedCall(d *decoder) string {
	d.lit("<... resuming interrupted ")
	if d.before == "" {
		d.lit("system call")
	}
	d.lit(d.before)
	d.lit(" ...>")
	return "call"
}
