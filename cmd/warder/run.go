package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"warder/internal/guess"
	"warder/rules"
	"warder/tracer"
)

// runFlags are the flags of warder run.
type runFlags struct {
	session sessionFlags
	events  eventFlags

	engine, policy string
	grants         grantFlags
	weaken         []string

	recorded recordedFlags

	dir                   string
	envs                  []string
	stdin, stdout, stderr string
}

// runEnvironment are the flags that WARDER_* variables may set.
var runEnvironment = append([]string{"engine", "policy"}, sessionEnvironment...)

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [flags] [--] PROG [ARGS]",
		Short: "Run a program and hold it to a policy and budgets",
		Long: `Run PROG and hold it: it may compute, read standard input, write standard
output and error, and end. The first word that is no flag is PROG; it is looked
up in warder's own PATH if it has no slash. It starts with PATH and the
variables of --env alone.

Sizes: 64K, 64M, 1.5G, 1T and KiB to TiB are powers of 1024, kB to TB powers of
1000, a bare number is bytes. Times: 1.5s, 500ms, 1m30s; a bare number is
seconds. none and unlimited switch a limit off.

Exit status (--exit-code verdict): the program's own; 128+N if it died of
signal N; 124 CPU or wall time limit; 137 memory; 153 output; 159 policy
violation; 125 warder's own failure; 126 PROG cannot be executed; 127 PROG was
not found. child: the program's own or 128+N, and 137 if warder ended it. zero:
0 whenever there is a result. The report is authoritative.`,
		Example: `  echo 3 1 2 | warder run -- tr ' ' '\n'
  warder run --cpu-time 2 --memory 256M --report result.json -- ./a.out <in >out
  warder run --policy my.yaml --engine ptrace -- ./a.out`,
		Args: needProgram,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	f.define(cmd.Flags())
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// define adds the flags of whatever runs a program.
func (f *runFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.engine, "engine", tracer.Hybrid.String(), "who decides: hybrid (kernel filter and supervisor), ptrace (supervisor alone), seccomp (filter alone) or strict (seccomp mode 1)")
	fs.StringVarP(&f.policy, "policy", "p", "compute", "`PROFILE|FILE` to hold the program to; under --engine strict it is strict")
	f.grants.define(fs)
	fs.StringArrayVar(&f.weaken, "weaken", nil, "run without a `WALL` that this kernel cannot give: landlock")
	fs.StringArrayVarP(&f.envs, "env", "E", nil, "`NAME=VALUE` for the program, or NAME to copy warder's own (repeatable)")
	fs.StringVar(&f.dir, "dir", "", "working `DIR` of the program")
	fs.StringVarP(&f.stdin, "stdin", "i", "", "`FILE` for standard input")
	fs.StringVar(&f.stdout, "stdout", "", "`FILE` for standard output; replaced if it exists")
	fs.StringVar(&f.stderr, "stderr", "", "`FILE` for standard error; replaced if it exists")
	f.events.define(fs)
	f.recorded.define(fs)
	f.session.define(fs)
}

func needProgram(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return fmt.Errorf("no program given; try %s --help", cmd.CommandPath())
	}
	return nil
}

func (f *runFlags) run(cmd *cobra.Command, args []string) error {
	return f.start(cmd, args, func(cfg *tracer.Config) (err error) {
		cfg.Path, err = find(args[0], cfg.Root)
		return err
	})
}

// start runs the program that choose puts into the configuration.
func (f *runFlags) start(cmd *cobra.Command, args []string, choose func(*tracer.Config) error) error {
	fromEnv, err := fromEnvironment(cmd.Flags(), runEnvironment...)
	if err != nil {
		return err
	}
	cfg := tracer.Config{Args: args, Dir: f.dir, Once: true}
	if cfg.Engine, err = tracer.ParseEngine(f.engine); err != nil {
		return err
	}
	given := cmd.Flags().Changed("policy") && !fromEnv["policy"]
	if cfg.Policy, err = f.choosePolicy(cfg.Engine, given); err != nil {
		return err
	}
	if cfg.Env, err = programEnv(f.envs); err != nil {
		return err
	}
	for _, w := range f.weaken {
		if w != "landlock" {
			return fmt.Errorf("--weaken %q: landlock is the only wall that can be done without%s", w, guess.Hint(w, []string{"landlock"}))
		}
		cfg.WithoutLandlock = true
	}
	if err := f.events.choose(&cfg); err != nil {
		return err
	}
	h, err := f.session.prepare(&cfg, args[0])
	if err != nil {
		return err
	}
	closeFiles, err := f.openFiles(&cfg)
	if err != nil {
		return h.abandon(err)
	}
	defer closeFiles()
	if err := choose(&cfg); err != nil {
		return h.failed(err)
	}
	h.program = cfg.Path
	rec, err := f.recorded.open(&cfg)
	if err != nil {
		return h.abandon(err)
	}
	r, err := h.hold(tracer.Run)
	if rec != nil {
		rec.finish(r)
	}
	f.events.finish()
	if err != nil {
		return h.failed(err)
	}
	return h.ended(r)
}

// choosePolicy loads the policy. The strict engine enforces one and no other.
func (f *runFlags) choosePolicy(engine tracer.Engine, given bool) (*rules.Policy, error) {
	name := f.policy
	if engine == tracer.Strict {
		switch {
		case given && name != "strict", f.grants.given():
			return nil, errors.New("--engine strict enforces the strict profile and nothing else: leave out --policy, --read, --exec, --write and --create")
		}
		name = "strict"
	}
	p, err := loadPolicy(name)
	if err != nil {
		return nil, err
	}
	wide, err := widen(p, &f.grants, f.session.walls.root)
	if err == nil && !f.session.quiet {
		f.grants.warn(p, wide)
	}
	return wide, err
}

// openFiles gives the program its standard descriptors.
func (f *runFlags) openFiles(cfg *tracer.Config) (closeAll func(), err error) {
	var files []*os.File
	closeAll = func() {
		for _, file := range files {
			_ = file.Close() // what the program wrote is written
		}
	}
	open := func(flag, name string, std *os.File, mode int) *os.File {
		if name == "" || err != nil {
			return std
		}
		var file *os.File
		if file, err = os.OpenFile(name, mode, 0o666); err != nil {
			err = fmt.Errorf("--%s: %w", flag, err)
			return nil
		}
		files = append(files, file)
		return file
	}
	const replace = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	cfg.Stdin = open("stdin", f.stdin, os.Stdin, os.O_RDONLY)
	cfg.Stdout = open("stdout", f.stdout, plain(os.Stdout), replace)
	cfg.Stderr = open("stderr", f.stderr, plain(os.Stderr), replace)
	if err != nil {
		closeAll()
		return nil, err
	}
	return closeAll, nil
}

// plain gives f by another descriptor: when nobody reads it any more, a write
// to descriptor 1 or 2 ends a Go program, and to another fails.
func plain(f *os.File) *os.File {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return f // closed: the session finds out
	}
	return os.NewFile(uintptr(fd), f.Name())
}

// find gives the program's file: a name without a slash is looked up in PATH.
// In another root it is a path there.
func find(name, root string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	if root != "" && root != tracer.EmptyRoot {
		return "", fmt.Errorf("%s: with --root give a path in %s, such as /bin/%[1]s", name, root)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", &notFoundError{name, err}
	}
	return path, nil
}

// notFoundError is a program that PATH does not have.
type notFoundError struct {
	name string
	err  error
}

func (e *notFoundError) Error() string {
	if errors.Is(e.err, exec.ErrDot) {
		return fmt.Sprintf("%s: found only by a relative entry of PATH: run ./%s", e.name, e.name)
	}
	return e.name + ": not found in PATH"
}

func (e *notFoundError) Unwrap() error { return e.err }
