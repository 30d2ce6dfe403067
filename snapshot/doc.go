// Package snapshot writes a frozen process as an ordinary ELF core file, and
// reads such files.
//
// [Capture] takes a process that somebody else holds and stops, its [Source],
// and writes one file that gdb, lldb, delve and the elfutils open like any
// core. In a note of its own (owner "WARDER") the file also has what a core
// lacks: signal dispositions, alternate stacks, the layout of the program's
// memory, which page is where, the CPU's own image of the vector registers.
// [Open] reads that back. [Tracker] watches which pages a process writes, so
// that a snapshot can be copied while the process runs, and so that a later
// one need hold only what changed; [Merge] makes one full core of such a chain.
//
// A file is input that nobody vouches for: Open checks every number in it
// before use and refuses what it does not understand.
//
// Limits: one process, not its children; 64-bit, x86-64 and arm64, each read
// only where it is native. What other processes write into shared memory
// during a capture may be in the file or not. What a snapshot cannot hold
// (sockets, pipes' contents, timers) it names. docs/snapshot.md describes the
// format.
package snapshot
