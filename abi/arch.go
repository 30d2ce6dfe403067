package abi

import "runtime"

//go:generate go run warder/internal/tools/abigen -o .

// Arch is a system call table: one numbering of calls and one order of
// argument registers. The zero value is no architecture: it has no calls.
type Arch uint8

// The architectures whose tables are here.
const (
	X86_64  Arch = iota + 1 // 64-bit x86, the syscall instruction; x32 is not part of it
	AArch64                 // 64-bit ARM, the asm-generic table
	I386                    // 32-bit x86: int 0x80 and sysenter, also from 64-bit programs
)

// X32Bit marks a call of the x32 interface. The kernel reports x32 calls with
// AUDIT_ARCH_X86_64, so a filter that looks only at the architecture and a
// list of numbers misses them (__X32_SYSCALL_BIT in asm/unistd.h).
const X32Bit = 0x40000000

// archs holds what is fixed for each architecture. The audit value is the ELF
// machine number with bit 31 for little-endian and bit 30 for 64 bits
// (linux/audit.h).
var archs = [...]struct {
	name, oci, goarch string
	audit             uint32
	byName            []numbered
	byNumber          []string
}{
	X86_64:  {"x86_64", "SCMP_ARCH_X86_64", "amd64", 0xc000003e, numbersX86_64, namesX86_64},
	AArch64: {"aarch64", "SCMP_ARCH_AARCH64", "arm64", 0xc00000b7, numbersAArch64, namesAArch64},
	I386:    {"i386", "SCMP_ARCH_X86", "386", 0x40000003, numbersI386, namesI386},
}

// numbered is one row of a generated table. No table reaches 65,536.
type numbered struct {
	name string
	nr   uint16
}

func (a Arch) known() bool { return a != 0 && int(a) < len(archs) }

// String returns the name uname -m and strace use: x86_64, aarch64, i386.
func (a Arch) String() string {
	if !a.known() {
		return "unknown"
	}
	return archs[a].name
}

// Audit returns the architecture's AUDIT_ARCH value, as seccomp_data.arch and
// PTRACE_GET_SYSCALL_INFO hold it; 0 for an unknown architecture, which is no
// architecture's value.
func (a Arch) Audit() uint32 {
	if !a.known() {
		return 0
	}
	return archs[a].audit
}

// ArchOfAudit returns the architecture with an AUDIT_ARCH value, and whether
// there is one.
func ArchOfAudit(audit uint32) (Arch, bool) {
	for i := range archs {
		if i != 0 && archs[i].audit == audit {
			return Arch(i), true
		}
	}
	return 0, false
}

// ParseArch returns the architecture with a name: one of [Arch.String]'s, or
// an OCI runtime specification's SCMP_ARCH_X86_64, SCMP_ARCH_AARCH64 or
// SCMP_ARCH_X86. Case matters.
func ParseArch(s string) (Arch, bool) {
	for i := range archs {
		if i != 0 && (archs[i].name == s || archs[i].oci == s) {
			return Arch(i), true
		}
	}
	return 0, false
}

// Native returns the architecture this program was built for, 0 if its table
// is not here.
func Native() Arch {
	for i := range archs {
		if i != 0 && archs[i].goarch == runtime.GOARCH {
			return Arch(i)
		}
	}
	return 0
}

// Number returns a call's number by its kernel name, as in <asm/unistd.h>
// without the prefix: newfstatat, not fstatat.
func (a Arch) Number(name string) (nr uint32, ok bool) {
	if !a.known() {
		return 0, false
	}
	rows := archs[a].byName
	lo, hi := 0, len(rows)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if rows[mid].name < name {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(rows) || rows[lo].name != name {
		return 0, false
	}
	return uint32(rows[lo].nr), true
}

// Name returns the name of call number nr. Numbers with [X32Bit] have none.
func (a Arch) Name(nr uint32) (name string, ok bool) {
	if !a.known() || int64(nr) >= int64(len(archs[a].byNumber)) {
		return "", false
	}
	name = archs[a].byNumber[nr]
	return name, name != ""
}

// Names returns the names of all the architecture's calls in ascending order.
// The slice is the caller's.
func (a Arch) Names() []string {
	if !a.known() {
		return nil
	}
	rows := archs[a].byName
	names := make([]string, len(rows))
	for i := range rows {
		names[i] = rows[i].name
	}
	return names
}
