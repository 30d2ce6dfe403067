package record

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"warder/abi"
	"warder/tracer"
)

// Schema is the version of Report. It changes only when a key changes its
// meaning or goes; keys may be added without.
const Schema = 1

// Report is a session's end as JSON. All keys but violation are always there.
type Report struct {
	Schema int    `json:"schema"` // Schema
	Status string `json:"status"` // tracer.Outcome's word: ok, exited, signaled, cpu-time-limit …

	ExitCode *int    `json:"exit_code"` // 0 to 255; null where the program did not exit
	Signal   *string `json:"signal"`    // "SIGSEGV" for status signaled; null otherwise

	CPUTime    float64 `json:"cpu_time_s"` // user and system, of the whole tree, in seconds
	UserTime   float64 `json:"user_time_s"`
	SystemTime float64 `json:"system_time_s"`
	WallTime   float64 `json:"wall_time_s"` // from the first instruction to the last death

	MaxRSS      int64  `json:"max_rss_bytes"`     // the largest resident set of one process
	MemoryPeak  *int64 `json:"memory_peak_bytes"` // charged to the session's control group at most; null where there was none
	OutputBytes int64  `json:"output_bytes"`      // standard output and error together
	Stops       uint64 `json:"stops"`             // ptrace-stops answered after the launch

	Engine  string `json:"engine"`  // hybrid, ptrace, seccomp, strict
	Policy  string `json:"policy"`  // the policy's name
	Program string `json:"program"` // the file that was run
	Message string `json:"message"` // what else there is to say, for people; or ""

	// Walls lists those that stood: tracer.Wall. Unavailable lists those that
	// this machine, user or policy could not give, each with the reason.
	Walls       []string `json:"walls"`
	Unavailable []string `json:"unavailable"`

	Violation *Violation `json:"violation,omitempty"` // for status policy-violation
}

// Violation is the call that ended the session. Where the kernel refused it
// without a stop (a foreign architecture, the seccomp engine) nobody saw the
// call: syscall and decoded are empty, nr is null and args has no elements.
type Violation struct {
	Syscall string   `json:"syscall"` // "openat"
	NR      *uint32  `json:"nr"`      // its number in arch
	Arch    string   `json:"arch"`    // "x86_64", or "foreign"
	Args    []string `json:"args"`    // the six registers: "0xffffff9c"
	Decoded string   `json:"decoded"` // `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)`
	PID     int      `json:"pid"`
	TID     int      `json:"tid"`
	IP      string   `json:"ip"`    // the instruction after the call's: "0x7f0012345678"
	Where   string   `json:"where"` // ip by its mapping: "/usr/lib/libc.so.6+0xf8011"
	Rule    string   `json:"rule"`  // "compute.yaml:12: kill (why)"

	Backtrace []string `json:"backtrace,omitempty"` // where it was asked for: the frames as gdb prints them, innermost first
}

// NewReport describes r; program is the file that was run.
func NewReport(r *tracer.Result, program string) *Report {
	p := &Report{
		Schema: Schema, Status: r.Outcome.String(),
		CPUTime: seconds(r.CPU()), UserTime: seconds(r.User), SystemTime: seconds(r.System), WallTime: seconds(r.Wall),
		MaxRSS: r.MaxRSS, OutputBytes: r.OutputBytes, Stops: r.Stops,
		Engine: r.Engine.String(), Policy: Clean(r.Policy), Program: Clean(program), Message: Clean(r.Message),
		Walls: []string{}, Unavailable: []string{},
	}
	if r.MemoryPeak > 0 {
		peak := r.MemoryPeak
		p.MemoryPeak = &peak
	}
	if r.ExitCode >= 0 {
		code := r.ExitCode
		p.ExitCode = &code
	}
	if r.Signal != 0 {
		name := abi.SignalName(r.Signal)
		p.Signal = &name
	}
	for _, w := range r.Walls {
		p.Walls = append(p.Walls, string(w))
	}
	for _, u := range r.Unavailable {
		p.Unavailable = append(p.Unavailable, Clean(u))
	}
	if v := r.Violation; v != nil {
		p.Violation = newViolation(v)
	}
	return p
}

func newViolation(v *tracer.Violation) *Violation {
	out := &Violation{
		Syscall: Clean(v.Call.Name), Arch: v.Arch, Args: []string{},
		PID: v.PID, TID: v.TID, IP: hex(v.IP), Where: Clean(v.Where), Rule: Clean(v.Rule),
	}
	if v.Call.Name == "" {
		return out
	}
	nr := v.Call.Nr
	out.NR = &nr
	for _, a := range v.Args {
		out.Args = append(out.Args, hex(a))
	}
	out.Decoded = Clean(v.Call.String())
	for _, frame := range v.Backtrace {
		out.Backtrace = append(out.Backtrace, Clean(frame))
	}
	return out
}

func hex(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }

// seconds rounds to microseconds, which is what the kernel counts in.
func seconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond).Microseconds()) / 1e6
}

// WriteJSON writes the report as indented JSON with a line break at its end.
func (p *Report) WriteJSON(w io.Writer) error { return writeJSON(w, p) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
