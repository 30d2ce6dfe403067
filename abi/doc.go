// Package abi is Linux's system call interface as data: the call numbers of
// each architecture, what each call's arguments are called and mean and how
// wide the kernel reads them, and the names of flags, errors and signals.
//
// It is tables and lookups and nothing else: it never sees a process, opens a
// file or makes a call, and it builds on every system. Every architecture's
// table is in every build, because a 64-bit program can make 32-bit calls and
// a policy for one machine is checked on another.
//
// # Widths
//
// A register holds 64 bits, but most arguments are C ints: the kernel drops
// the upper half before it looks. A rule that compares all 64 bits is
// therefore wrong, since write(0x100000001, …) writes to descriptor 1.
// [Arg.Bits] is the width that decides; compare at that width and no other.
// It is the width of the type in the kernel's SYSCALL_DEFINE, with these
// exceptions, where the declaration is a long but the kernel acts on less:
// the descriptor of mmap, readv, writev and their relatives (descriptor lookup
// takes an unsigned int), ptrace's pid, clone's flags and mbind's mode, all
// 32. Where the meaning depends on another argument (the last arguments of
// fcntl, ioctl, prctl, keyctl, semctl) Bits is that of the declaration, 64,
// although for many commands the kernel reads an int there: F_SETFL and
// F_DUPFD do. Rules that deny by such an argument should compare 32 bits as
// well. So should those on the count of an iovec array, of which newer kernels
// drop the upper half.
//
// # Limits
//
//   - [Lookup] goes by name alone and answers for x86-64 and the generic table;
//     [Arch.Lookup] knows the calls that differ elsewhere (clone's order,
//     i386's 16-bit ids and split offsets).
//   - Constants are those of x86-64 and asm-generic. On arm64 O_DIRECTORY,
//     O_NOFOLLOW, O_DIRECT and O_LARGEFILE have other values; [OpenFlagsARM]
//     has them, and [Arch.Lookup] names it where it applies.
//   - The numbers are those of Linux 7.2; older kernels answer ENOSYS to the
//     newest. x32 calls (numbers with [X32Bit]) have no names.
//   - What structures behind pointers look like is not here.
package abi
