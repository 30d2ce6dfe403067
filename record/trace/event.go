// Package trace is what a traced program did: as strace's text, as JSON lines,
// as a table of counts.
//
// A [tracer.Witness] sees calls; an [Event] is one of them, decoded, and what
// every form is made from.
//
// # Limits
//
// What an Event shows of memory was read while other threads of the program
// ran: it is for people, and for policies that are learned from it and then
// read by a person.
package trace

import "time"

// Kind says what an Event is about.
type Kind string

// The kinds.
const (
	CallKind   Kind = "call"   // a system call: told of when it has returned, or when it is known that it does not
	SignalKind Kind = "signal" // a signal, before it is delivered
	StopKind   Kind = "stop"   // a job control stop
	BirthKind  Kind = "birth"  // a new thread or process
	EndKind    Kind = "end"    // a thread or process is gone
	ExecKind   Kind = "exec"   // an execve of a thread that was not its process's first: it has the process's id now
	LostKind   Kind = "lost"   // Count events were dropped here, for the sink was too slow
)

// Event is one line of the JSON form. Numbers that may not fit a JSON reader's
// 53 bits are hexadecimal strings.
type Event struct {
	Schema   int           `json:"schema,omitempty"` // 1, in the first event only
	Kind     Kind          `json:"event"`
	PID      int           `json:"pid"`
	TID      int           `json:"tid"`
	Time     time.Time     `json:"time"`                  // of the entry, RFC 3339 with nanoseconds
	Duration time.Duration `json:"duration_ns,omitempty"` // from entry to return

	// Of a call.
	Arch    string   `json:"arch,omitempty"` // x86_64, i386, aarch64
	Number  uint32   `json:"number,omitempty"`
	Name    string   `json:"syscall,omitempty"`
	Args    []Arg    `json:"args,omitempty"`
	Value   string   `json:"return,omitempty"` // hexadecimal; none where it did not return or was not waited for
	Errno   string   `json:"errno,omitempty"`  // ENOENT
	Result  string   `json:"result,omitempty"` // what strace prints behind " = "
	Verdict *Verdict `json:"verdict,omitempty"`
	Stack   []string `json:"stack,omitempty"` // innermost first, one frame each

	Signal string `json:"signal,omitempty"` // of a signal, a stop, or what killed
	Core   bool   `json:"core,omitempty"`   // of an end by a signal: memory was dumped
	Text   string `json:"text,omitempty"`   // of a signal: siginfo as strace prints it
	Exit   *int   `json:"exit,omitempty"`   // of an end by exit: the status
	Parent int    `json:"parent,omitempty"` // of a birth: the thread that made it
	Former int    `json:"former,omitempty"` // of an exec: the id that the thread had
	Count  uint64 `json:"count,omitempty"`  // of lost events
}

// Arg is one argument, in strace's order.
type Arg struct {
	Name string `json:"name"`
	Raw  string `json:"raw"`            // the register, hexadecimal
	Text string `json:"text"`           // in strace's notation
	Path string `json:"path,omitempty"` // the whole file name, where the argument is one that could be read
}

// Verdict is what a policy said, where it did not simply allow the call.
type Verdict struct {
	Action string `json:"action"` // as in a policy: errno(EPERM), kill
	Rule   string `json:"rule"`   // compute.yaml:173, or why no rule said it
}
