package bpf

import (
	"fmt"
	"io"

	"golang.org/x/net/bpf"
)

// Print writes a program one instruction a line, jump targets as line
// numbers, loads by the field of seccomp_data that they read.
func Print(w io.Writer, ins []bpf.RawInstruction) error {
	for i, in := range ins {
		if _, err := fmt.Fprintf(w, "%4d: %s\n", i, text(i, in)); err != nil {
			return err
		}
	}
	return nil
}

func text(i int, in bpf.RawInstruction) string {
	jump := func(cmp string) string {
		return fmt.Sprintf("if A %s %#x goto %d else %d", cmp, in.K, i+1+int(in.Jt), i+1+int(in.Jf))
	}
	switch in.Op {
	case opLoadAbs:
		return "A = " + field(in.K)
	case opJump:
		return fmt.Sprintf("goto %d", i+1+int(in.K))
	case opJeq:
		return jump("==")
	case opJgt:
		return jump(">")
	case opJge:
		return jump(">=")
	case opAnd:
		return fmt.Sprintf("A &= %#x", in.K)
	case opXor:
		return fmt.Sprintf("A ^= %#x", in.K)
	case opOrX:
		return "A |= X"
	case opTax:
		return "X = A"
	case opRet:
		return "return " + RetName(in.K)
	}
	return fmt.Sprintf("op %#x jt %d jf %d k %#x", in.Op, in.Jt, in.Jf, in.K)
}

func field(off uint32) string {
	switch {
	case off == OffNr:
		return "nr"
	case off == OffArch:
		return "arch"
	case off == 8:
		return "ip.low"
	case off == 12:
		return "ip.high"
	case off >= 16 && off < 64 && off%4 == 0:
		half := "low"
		if off%8 == 4 {
			half = "high"
		}
		return fmt.Sprintf("args[%d].%s", (off-16)/8, half)
	}
	return fmt.Sprintf("data[%d]", off)
}

// RetName names a return value: KILL_PROCESS, ERRNO(38) …
func RetName(v uint32) string {
	data := v & RetData
	switch v &^ RetData {
	case RetKillProcess:
		return "KILL_PROCESS"
	case RetErrno:
		return fmt.Sprintf("ERRNO(%d)", data)
	case RetUserNotif:
		return "USER_NOTIF"
	case RetTrace:
		return "TRACE"
	case RetLog:
		return "LOG"
	case RetAllow:
		return "ALLOW"
	}
	return fmt.Sprintf("%#x", v)
}
