package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"warder/abi"
	"warder/internal/guess"
	"warder/record"
	"warder/tracer"
)

// sessionFlags are what every subcommand that holds a program has.
type sessionFlags struct {
	limits   tracer.Limits
	report   reportFlags
	walls    wallFlags
	exitCode string
	quiet    bool
	log      logFlags
}

// sessionEnvironment are those that WARDER_* variables may set.
var sessionEnvironment = []string{
	"cpu-time", "wall-time", "memory", "stack", "output", "file-size", "processes", "open-files",
	"report", "report-fd", "report-format", "require", "exit-code", "quiet", "log-level", "log-format",
}

func (f *sessionFlags) define(fs *pflag.FlagSet) {
	budgetFlags(fs, &f.limits)
	f.report.define(fs)
	f.walls.define(fs)
	fs.StringVar(&f.exitCode, "exit-code", "verdict", "what warder's status tells: verdict, child or zero")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "do not say on standard error how the program ended")
	f.log.define(fs)
}

// held is one session from the command line: its configuration, and what is
// to be said of its end.
type held struct {
	cfg     *tracer.Config
	program string // for messages
	report  *report
	exit    func(*tracer.Result) int
	quiet   bool

	ctx    context.Context
	cancel context.CancelCauseFunc

	telling sync.Mutex     // held by whoever tells the end
	told    syscall.Signal // that ended warder, or 0; under telling
}

// prepare checks the flags and opens the report, before anything runs.
func (f *sessionFlags) prepare(cfg *tracer.Config, program string) (*held, error) {
	h := &held{cfg: cfg, program: program, quiet: f.quiet}
	switch f.exitCode {
	case "verdict":
		h.exit = record.ExitStatus
	case "child":
		h.exit = record.ChildStatus
	case "zero":
		h.exit = func(r *tracer.Result) int {
			if r.Outcome == tracer.Failed {
				return record.StatusFailed
			}
			return 0
		}
	default:
		words := []string{"verdict", "child", "zero"}
		return nil, fmt.Errorf("--exit-code %q: want %s%s", f.exitCode, strings.Join(words, ", "), guess.Hint(f.exitCode, words))
	}
	cfg.Limits = f.limits
	if err := f.walls.choose(cfg); err != nil {
		return nil, err
	}
	keepFew(cfg)
	var err error
	if cfg.Log, err = f.log.logger(); err != nil {
		return nil, err
	}
	if h.report, err = f.report.open(); err != nil {
		return nil, err
	}
	return h, nil
}

// stuck is how long a session may take to end after a signal to warder. It
// takes milliseconds, unless whoever reads the program's output does not.
const stuck = 2 * time.Second

// hold runs a session that SIGINT, SIGTERM, SIGQUIT and SIGHUP end. A second
// one, or output that nobody takes, ends warder without waiting; the kernel
// kills the program with it.
//
// The session runs on the calling goroutine and thread: another would have to
// be woken first, which a launch notices. So is the time that it takes to
// catch signals, half a launch, and it passes beside the launch. Until then
// they end warder as they end any program, and the kernel kills what it has
// started; the program's first instruction waits for it.
func (h *held) hold(run func(context.Context, *tracer.Config) (*tracer.Result, error)) (*tracer.Result, error) {
	h.ctx, h.cancel = context.WithCancelCause(context.Background())
	caught := make(chan struct{})
	go h.attend(caught)
	if h.report.temp != "" {
		<-caught // its file would be left
	}
	entry := h.cfg.Hooks.Entry
	h.cfg.Hooks.Entry = func(t *tracer.Tracee) {
		<-caught
		if entry != nil {
			entry(t)
		}
	}
	r, err := run(h.ctx, h.cfg)
	<-caught
	// Never given back: from here on the end is told, once, and warder exits.
	h.telling.Lock()
	return r, err
}

// attend answers signals to warder. Where the session does not end in time, it
// tells of that in the session's place and exits.
func (h *held) attend(caught chan<- struct{}) {
	// SIGPIPE must neither end warder under its session nor be ignored: an
	// ignored signal is inherited by the program.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGPIPE)
	if !signal.Ignored(syscall.SIGHUP) { // nohup(1) says that it should be
		signal.Notify(signals, syscall.SIGHUP)
	}
	close(caught)
	var timeout <-chan time.Time
	for {
		select {
		case <-timeout:
			h.telling.Lock()
			os.Exit(exitStatus(h.ended(h.cutShort())))
		case s := <-signals:
			sig, ok := s.(syscall.Signal)
			if !ok || sig == syscall.SIGPIPE {
				continue
			}
			h.telling.Lock()
			if h.told != 0 {
				os.Exit(exitStatus(h.ended(h.cutShort())))
			}
			h.told = sig
			h.telling.Unlock()
			h.cancel(errors.New(abi.SignalName(int(sig)) + " to warder"))
			timeout = time.After(stuck)
		}
	}
}

// cutShort is the result of a session that could not be waited for.
func (h *held) cutShort() *tracer.Result {
	return &tracer.Result{
		Outcome: tracer.Failed, ExitCode: -1, Engine: h.cfg.Engine, Policy: h.policyName(),
		Message: "interrupted: " + context.Cause(h.ctx).Error() + "; its end was not waited for",
	}
}

func (h *held) policyName() string {
	if h.cfg.Policy == nil {
		return "strict"
	}
	return h.cfg.Policy.Name
}

// ended tells a result: the report, the line, the status.
func (h *held) ended(r *tracer.Result) error {
	interrupted := h.told != 0 && r.Outcome == tracer.Failed
	if !h.quiet {
		if line := record.Line(r, h.lineProgram(interrupted)); line != "" {
			_, _ = fmt.Fprintln(os.Stderr, line)
		}
		if r.Violation != nil {
			for i, frame := range r.Violation.Backtrace {
				_, _ = fmt.Fprintln(os.Stderr, record.Clean(fmt.Sprintf("#%-2d %s", i, frame)))
			}
		}
		h.warn(r)
	}
	if err := h.report.write(r, h.program); err != nil {
		return err
	}
	if interrupted {
		return statusError(128 + int(h.told))
	}
	if status := h.exit(r); status != 0 {
		return statusError(status)
	}
	return nil
}

// lineProgram is the program's name where its file is at fault, not the operator.
func (h *held) lineProgram(interrupted bool) string {
	if interrupted {
		return ""
	}
	return h.program
}

// warn tells of the walls that the operator chose to do without.
func (h *held) warn(r *tracer.Result) {
	if !h.cfg.WithoutLandlock {
		return
	}
	for _, u := range r.Unavailable {
		if strings.HasPrefix(u, "landlock:") {
			say("warning: ran without " + u)
		}
	}
}

// failed tells an error of the launch or of warder, in the report as well.
func (h *held) failed(err error) error {
	complain(err)
	r := &tracer.Result{
		Outcome: tracer.Failed, ExitCode: -1, Engine: h.cfg.Engine, Policy: h.policyName(),
		Message: err.Error(),
	}
	if werr := h.report.write(r, h.program); werr != nil {
		complain(werr)
	}
	return statusError(launchStatus(err))
}

// abandon gives err after the report's file, which will not be written, is gone.
func (h *held) abandon(err error) error {
	h.report.discard()
	return err
}

// launchStatus tells a missing program from one that cannot be executed.
func launchStatus(err error) int {
	var missing *notFoundError
	if errors.As(err, &missing) {
		return record.StatusNotFound
	}
	var launch *tracer.LaunchError
	if !errors.As(err, &launch) {
		return record.StatusFailed
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		// A program that is there may lack its interpreter.
		if _, err := os.Stat(launch.Path); err != nil {
			return record.StatusNotFound
		}
	}
	return record.StatusNotExecutable
}
