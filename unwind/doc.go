// Package unwind makes backtraces of stopped threads of untrusted programs:
// which functions called each other to where the thread is, with source files
// and lines.
//
//	u := unwind.New(unwind.Config{})   // one for the program's life
//	p, err := unwind.Live(tid)         // at each stop
//	r, err := regs.Read(tid)
//	fmt.Print(u.Backtrace(p, r))
//
// prints
//
//	#0  0x00007f2adab04dd0 in pause () from /usr/lib/x86_64-linux-gnu/libc.so.6+0xd3dd0
//	#1  zoo::innermost () at /src/inlined.cc:26
//	#2  0x000055a780568b05 in zoo::Cage<long>::speak () at /src/inlined.cc:40
//	#3  0x000055a7805681c0 in main () at /src/inlined.cc:61
//
// # How a caller is found
//
// By the first of these that applies to the code that a frame is in:
//
//   - a Go program's own table (pclntab), stripped or not;
//   - call frame information: .eh_frame, by the search table of .eh_frame_hdr
//     where there is one, and .debug_frame, of the file or, where the file
//     cannot be had, of its image in memory; the vDSO's, always, from memory;
//   - signals: information with the augmentation S, or code that makes the
//     call rt_sigreturn next, whatever is said of it. What the kernel stored
//     on the stack tells where the program was interrupted;
//   - a guess: the instruction at hand (a function's first or last one, a PLT
//     stub), the frame pointer, or the word on top of the stack, if it leads
//     to code that a call stands before. [Frame.Guess] tells, and what follows
//     a guess is no surer than it.
//
// A return address is looked up as the byte before it: a call may be the last
// instruction of its function.
//
// # Names
//
// Functions, inlined ones included, files and lines come from DWARF 2 to 5, in
// the file or below Config.DebugDirs by build id, from Go's table, and function
// names also from symbols. C++ and Rust names are demangled, C++'s without
// parameters. Without any of them there are the module and the offset in it.
//
// # What is not believed
//
// Registers, memory, mappings' names and files are the program's, and all of
// it may have been made to harm the reader. So: a trace has at most
// Config.Frames frames; each frame lies above the one before, but for handlers
// on other stacks, and the same place twice ends the trace; it reads at most 64
// MiB of memory, 512 MiB of files that were not known yet (and the one file in
// hand) and 256 MiB, decompressed, of one file's debugging information; loops
// over what was read have budgets of steps; nothing is allocated by a number
// that was read before that was held against what is there. debug/elf and
// debug/dwarf are not used for that reason: they allocate by such numbers.
// Files are opened only where they are regular, are the ones that are mapped,
// and are not on a FUSE mount. The demangler is another's: a panic of it is
// recovered from, which keeps the mangled name.
//
// A backtrace is for reports. A program can show any: nothing may be decided
// by it.
//
// # Limits
//
// x86-64; arm64 compiles, and is not tested on a machine. A thread in 32-bit
// code has one frame. Not read: DWARF in .dwo files and in dwz's shared ones
// (lines are there, some names are not), .gnu_debugdata, .ARM.exidx, tables
// that a just-in-time compiler registers with gdb. A static program without
// .eh_frame_hdr (gcc -static makes such) needs its file. Where a function ended
// in a jump to another (a tail call) it is not shown; gdb sometimes can.
//
// Without CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE files are found by name, and
// those that have been removed are not; on overlayfs and btrfs neither are the
// others, where their stat(2) shows another device than the mapping's. Memory
// is read instead then, and the names that only files have are missing.
//
// Go: 1.18 and later. Without debugging information inlined calls have the
// line of the innermost and the name of the outermost function. Where a thread
// runs on its own stack (runtime.systemstack, a call of C code) the way back to
// the goroutine is a guess by the frame pointer; runtime.mcall's callers, which
// have gone on elsewhere, are not shown. A stripped, position-independent
// program that was linked by a C linker has no names since Go 1.26.
//
// A read may sleep as long as the page takes to come (package memory): whoever
// kills the program must not be the thread that makes the trace.
package unwind
