// Package tracer runs one session: it launches a held program, answers every
// stop of every thread that comes of it, enforces the budgets, and gives one
// Result.
//
//	launch -> stop -> decode -> decide -> act -> record
//
// A session lives on one locked OS thread, its worker, because ptrace is a
// relation between threads. The worker waits with __WALL|__WNOTHREAD, so many
// sessions run in one program and none reaps another's children or the host
// program's. Kills never go through that thread: timers and output counters
// end a session by pidfd from any goroutine, and the worker then only sees
// the tree die.
//
// The program's fate is a value, Result; an error is a failure of the
// supervisor itself or of the launch. Nothing that a held program does is an
// error, a panic or a hang here.
//
// A program of the Go runtime, which signals its own threads all the time, is
// not traced past its launch: what its filter leaves to the session comes as a
// seccomp notification (seccomp_unotify(2)), and is decided and answered alike.
//
// Attach is for processes that no session holds: it stops one, lends out its
// registers and memory, and lets it go on as it was.
//
// Limits: Linux 5.14 or newer, x86-64. Under EngineSeccomp nothing is traced:
// a program that its policy allows to fork can leave processes behind when
// warder itself is killed. Memory is sampled, not charged: a burst between two
// samples is found at the end by the peak, not stopped at the limit.
//
// A host program must not wait for just any child, wait4(2) with -1 as an init
// does: without __WNOTHREAD that also takes the stops of tracees, for which
// their worker then waits for ever.
package tracer
