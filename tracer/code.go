package tracer

import (
	"context"
	"debug/elf"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
	"warder/regs"
)

// CodeResult is the fate of raw machine code.
type CodeResult struct {
	*Result
	Returned bool   // the code returned to its caller
	Value    uint64 // what it left in rax
}

// Where a code program lies: the caller, and the code behind it.
const (
	codeBase   = 0x10000000
	codeHead   = elfimage.HeaderSize + elfimage.SegmentSize
	maxCode    = 1 << 20
	codeReturn = codeBase + codeHead + uint64(len0) // address behind the caller's int3
)

// codeCaller clears the general registers, calls the code behind it, and traps
// with the result in rax.
var codeCaller = [...]byte{
	0x31, 0xc0, 0x31, 0xdb, 0x31, 0xc9, 0x31, 0xd2, // xor of eax, ebx, ecx, edx
	0x31, 0xf6, 0x31, 0xff, 0x31, 0xed, // esi, edi, ebp
	0x45, 0x31, 0xc0, 0x45, 0x31, 0xc9, 0x45, 0x31, 0xd2, 0x45, 0x31, 0xdb, // r8 to r11
	0x45, 0x31, 0xe4, 0x45, 0x31, 0xed, 0x45, 0x31, 0xf6, 0x45, 0x31, 0xff, // r12 to r15
	0xe8, 0x01, 0x00, 0x00, 0x00, // call code
	0xcc, // int3
}

const len0 = len(codeCaller)

// RunCode runs machine code as a function without arguments in a strict-mode
// process, with cfg's budgets; cfg's Path, Args, Env, Policy and Engine are
// not used. The code has a stack, may read and write descriptors 0 to 2 and
// nothing else, and has returned when it comes back to its caller. Code that
// jumps to the caller's trap by itself has returned, too.
func RunCode(ctx context.Context, cfg *Config, code []byte) (*CodeResult, error) {
	if len(code) == 0 || len(code) > maxCode {
		return nil, fmt.Errorf("machine code of %d bytes: want 1 to %d", len(code), maxCode)
	}
	fd, err := codeFile(code)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	c := *cfg
	c.Path, c.Args, c.Env, c.Engine, c.Policy = fmt.Sprintf("/proc/self/fd/%d", fd), []string{"code"}, nil, Strict, nil
	s, err := newSession(&c)
	if err != nil {
		return nil, err
	}
	result := &CodeResult{}
	s.onReturn = func(value uint64) { result.Returned, result.Value = true, value }
	result.Result, err = s.supervise(ctx)
	if err != nil {
		return nil, err
	}
	if result.Outcome != OK {
		result.Returned = false
	}
	return result, nil
}

// codeFile makes the static ELF file of a caller and its code.
func codeFile(code []byte) (int, error) {
	fd, err := unix.MemfdCreate("warder-code", unix.MFD_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	for image := elfimage.Static(elf.EM_X86_64, codeBase, slices.Concat(codeCaller[:], code)); len(image) > 0; {
		n, err := unix.Write(fd, image)
		if err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("write machine code: %w", err)
		}
		image = image[n:]
	}
	if err := unix.Fchmod(fd, 0o555); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("machine code: fchmod: %w", err)
	}
	return fd, nil
}

// returned takes the SIGTRAP of the caller's int3.
func (s *session) returned(t *task) bool {
	if s.onReturn == nil {
		return false
	}
	r, err := regs.Read(t.tid)
	if err != nil || r.PC() != codeReturn {
		return false
	}
	value, ok := r.Get("rax")
	if !ok {
		return false
	}
	s.onReturn(value)
	s.finished = true
	s.budget.over() // the code is done; its process is not needed any more
	s.killing = true
	return true
}
