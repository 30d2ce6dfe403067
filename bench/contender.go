package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/tracer"
)

// contender is one way to run a program.
type contender struct {
	name, text string
	run        func(context.Context, *Command) (Sample, error)
	against    bool // somebody else's supervisor: its CPU time is in the program's
}

// Tool is another command line that runs programs: its words, to which the
// program's are added.
type Tool struct {
	Name  string   // as it was given
	Path  string   // the file of the first word
	Words []string // argv, argv[0] included
}

// bareName is what everything is compared with.
const bareName = "bare"

// seccompProfile is what the seccomp engine gets where no policy is asked for:
// compute needs stops.
const seccompProfile = "runtime"

// contenders are bare first, warder's engines, and the tools.
func (c *Comparison) contenders() ([]contender, error) {
	chosen := func(profile string) (*rules.Policy, error) {
		if c.Policy != nil {
			return c.Policy, nil
		}
		return rules.Profile(profile)
	}
	policy, err := chosen("compute")
	if err != nil {
		return nil, err
	}
	bySeccomp, err := chosen(seccompProfile)
	if err != nil {
		return nil, err
	}
	strict, err := rules.Profile("strict")
	if err != nil {
		return nil, err
	}
	list := []contender{
		{name: bareName, text: "fork, execve and wait4, with nothing around it", run: spawn},
		c.engine(tracer.Hybrid, policy, "kernel filter, and a supervisor for the rest"),
		c.engine(tracer.Seccomp, bySeccomp, "kernel filter alone, policy "+bySeccomp.Name),
		c.engine(tracer.Ptrace, policy, "a supervisor at entry and exit of each call, no filter"),
		c.engine(tracer.Strict, strict, "seccomp mode 1: read, write and exit"),
	}
	for _, tool := range c.Against {
		list = append(list, contender{
			name: tool.Name, text: "another program's supervision", against: true,
			run: func(ctx context.Context, cmd *Command) (Sample, error) {
				own := *cmd
				own.Path = tool.Path
				own.Args = append(append([]string(nil), tool.Words...), cmd.Path)
				own.Args = append(own.Args, cmd.Args[1:]...)
				own.Env = os.Environ() // the tool finds its own files
				s, err := spawn(ctx, &own)
				s.Stops, s.Supervisor = unknown, unknown
				return s, err
			},
		})
	}
	return list, nil
}

// generous limits are enforced like all, and end nobody.
var generous = tracer.Limits{
	CPU: 24 * time.Hour, Wall: 24 * time.Hour, Memory: 1 << 40, Output: 1 << 40, FileSize: 1 << 40, Processes: 4096,
}

// engine runs programs through the library, in this process.
func (c *Comparison) engine(e tracer.Engine, policy *rules.Policy, text string) contender {
	run := func(ctx context.Context, cmd *Command) (Sample, error) {
		files, closeAll, err := cmd.open()
		if err != nil {
			return Sample{}, err
		}
		defer closeAll()
		cfg := tracer.Config{
			Path: cmd.Path, Args: cmd.Args, Env: cmd.Env, Dir: cmd.Dir,
			Stdin: files[0], Stdout: files[1], Stderr: files[2],
			Policy: policy, Engine: e, Limits: generous,
		}
		return held(ctx, &cfg)
	}
	return contender{name: e.String(), text: text, run: run}
}

// HeldError is the end of a session whose program runs well without it.
type HeldError struct{ Result *tracer.Result }

func (e *HeldError) Error() string { return ended(e.Result).Error() }

// held is one session.
func held(ctx context.Context, cfg *tracer.Config) (Sample, error) {
	before, err := ownTime()
	if err != nil {
		return Sample{}, err
	}
	start := time.Now()
	r, err := tracer.Run(ctx, cfg)
	if err != nil {
		return Sample{}, err
	}
	s := Sample{Wall: time.Since(start), Program: r.CPU(), Stops: float64(r.Stops), Peak: float64(r.MaxRSS), Unseen: r.CPU()}
	after, err := ownTime()
	if err != nil {
		return Sample{}, err
	}
	s.Supervisor = after - before
	if r.Outcome != tracer.OK {
		return s, &HeldError{r}
	}
	return s, nil
}

// ownTime is the CPU time of this process.
func ownTime() (time.Duration, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// advice is what to do about a contender that cannot run the program, or "".
func advice(name string, err error) string {
	var bad *HeldError
	if !errors.As(err, &bad) {
		return ""
	}
	switch r := bad.Result; {
	case name == tracer.Strict.String():
		return "strict is for static programs that do nothing but read, write and end"
	case r.Violation != nil:
		return "allow what it needs: --policy runtime, with --read PATH for more files, or --policy FILE; see warder policy explain"
	case r.Outcome == tracer.Exited:
		return "it runs bare, so something that it needs is refused: --policy runtime, with --read PATH for more files; see warder run --engine " + name
	}
	return ""
}
