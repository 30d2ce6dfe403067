package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"warder/bench"
)

// benchProgramFlags are those about a program.
type benchProgramFlags struct {
	policy, stdin     string
	grants            grantFlags
	envs              []string
	threads, sessions string
	against           []string
}

// aboutProgram are the flags that mean nothing without one.
var aboutProgram = []string{"policy", "stdin", "read", "exec", "write", "create", "env", "threads", "sessions", "against"}

func (f *benchProgramFlags) define(fs *pflag.FlagSet) {
	fs.StringVarP(&f.policy, "policy", "p", "", "`PROFILE|FILE` to hold the program to; the default is compute, and runtime for the seccomp engine")
	f.grants.define(fs)
	fs.StringArrayVarP(&f.envs, "env", "E", nil, "`NAME=VALUE` for the program, or NAME to copy warder's own (repeatable)")
	fs.StringVarP(&f.stdin, "stdin", "i", "", "`FILE` for standard input, read anew by each run")
	fs.StringVar(&f.threads, "threads", "1,2,4,8,16", "`NUMBERS` of threads and of processes to measure growth with, 1 to 64, or none")
	fs.StringVar(&f.sessions, "sessions", "1,4,16,64", "`NUMBERS` of sessions at once to measure the rate with, 1 to 1024, or none")
	fs.StringSliceVar(&f.against, "against", nil, "also under these `COMMANDS`, to which the program is added: 'strace -f -o /dev/null' (comma-separated, repeatable)")
}

// unused refuses flags that are about a program where there is none.
func (f *benchProgramFlags) unused(fs *pflag.FlagSet) error {
	for _, name := range aboutProgram {
		if fs.Changed(name) {
			return fmt.Errorf("--%s needs a program: warder bench --%[1]s … -- PROG [ARGS]", name)
		}
	}
	return nil
}

// measure compares the program's engines.
func (f *benchProgramFlags) measure(ctx context.Context, args []string, opts bench.Options) (*bench.Report, error) {
	c := bench.Comparison{Command: bench.Command{Args: args, Stdin: f.stdin}}
	var err error
	if c.Command.Path, err = find(args[0], ""); err != nil {
		complain(err)
		return nil, statusError(launchStatus(err))
	}
	if c.Command.Env, err = programEnv(f.envs); err != nil {
		return nil, err
	}
	if err := repeatable(f.stdin); err != nil {
		return nil, err
	}
	if f.policy != "" || f.grants.given() {
		name := f.policy
		if name == "" {
			name = "compute"
		}
		if c.Policy, err = loadPolicy(name); err != nil {
			return nil, err
		}
		if c.Policy, err = widen(c.Policy, &f.grants, ""); err != nil {
			return nil, err
		}
	}
	const mostThreads, mostSessions = 64, 1024
	if c.Threads, err = numbers("threads", f.threads, mostThreads); err != nil {
		return nil, err
	}
	if c.Sessions, err = numbers("sessions", f.sessions, mostSessions); err != nil {
		return nil, err
	}
	for _, line := range f.against {
		tool, err := parseTool(line)
		if err != nil {
			return nil, err
		}
		c.Against = append(c.Against, tool)
	}
	r, err := bench.Compare(ctx, &c, opts)
	var bad *bench.ProgramError
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%s: %w without warder around it: give it arguments, and input by --stdin, with which it ends with 0", args[0], err)
	}
	return r, err
}

// repeatable refuses an input that one run would use up.
func repeatable(name string) error {
	if name == "" {
		return nil
	}
	st, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("--stdin: %w", err)
	case st.IsDir():
		return fmt.Errorf("--stdin: %s is a directory", name)
	case !st.Mode().IsRegular() && name != os.DevNull:
		return fmt.Errorf("--stdin: %s is no regular file, and each run reads it from its beginning", name)
	}
	return nil
}

// numbers reads "1,2,4".
func numbers(flag, text string, most int) ([]int, error) {
	if text == "none" {
		return nil, nil
	}
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > most {
			return nil, fmt.Errorf("--%s: %q: want numbers from 1 to %d, such as 1,2,4, or none", flag, part, most)
		}
		list = append(list, n)
	}
	return list, nil
}

// parseTool takes a command line apart.
func parseTool(line string) (bench.Tool, error) {
	words, err := splitWords(line)
	if err == nil && len(words) == 0 {
		err = errors.New("no command")
	}
	if err != nil {
		return bench.Tool{}, fmt.Errorf("--against %q: %w", line, err)
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return bench.Tool{}, fmt.Errorf("--against %q: %s is not in PATH: install it, or give its path", line, words[0])
	}
	return bench.Tool{Name: line, Path: path, Words: words}, nil
}

// splitWords splits at blanks as a shell does, with single and double quotes
// and backslashes, and expands nothing.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	begun, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			begun, escaped = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				word.WriteRune(r)
			}
		case r == '\'' || r == '"':
			begun, quote = true, r
		case r == ' ' || r == '\t':
			if begun {
				words = append(words, word.String())
				word.Reset()
				begun = false
			}
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if begun {
		words = append(words, word.String())
	}
	return words, nil
}
