package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"warder/record"
	"warder/record/cases"
	"warder/record/learn"
	"warder/rules"
)

// incomplete is the exit status of learn where something was seen that the
// policy does not let pass.
const incomplete = 1

// learnFlags are the flags of learn.
type learnFlags struct {
	out        string
	from       []string
	dir        string
	envs       []string
	generalise int
}

func newLearn() *cobra.Command {
	var f learnFlags
	cmd := &cobra.Command{
		Use:   "learn [flags] [--] PROG [ARGS]\n  warder learn [flags] --from TRACE",
		Short: "Write the smallest policy under which a program does what it was seen to do",
		Long: `Run PROG, which is not held, and write the smallest policy under which all that
it was seen to do passes: calls, conditions on arguments that were always alike,
files and ports, with comments that say what was seen how often. Or learn from
the JSON lines of warder trace.

With -o a policy that is in FILE already is merged into: run it several times,
with all that the program should do. What a person has written there is kept.
PROG starts as under warder run: with a PATH and the variables of --env, and with
pipes for its standard output and error. Where the policy is written to standard
output, what PROG writes there goes to standard error.

Exit status: PROG's own is told and does not count; 0; 1 if something was seen
that no policy lets pass, which is told; 125 warder's own failure; 126 and 127
if PROG cannot be run.`,
		Example: `  warder learn -o gcc.yaml -- gcc -c hello.c
  warder learn -o gcc.yaml -- gcc hello.o
  warder trace --json -o t.jsonl -- ls; warder learn --from t.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.learn(cmd.OutOrStdout(), args) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.out, "output", "o", "", "write the policy to `FILE`, merged with what it is; - or none for standard output")
	fs.StringArrayVar(&f.from, "from", nil, "learn from the JSON lines in `TRACE`, - for standard input (repeatable)")
	fs.StringVar(&f.dir, "dir", "", "working `DIR` of PROG, or of the first process of a TRACE")
	fs.StringArrayVarP(&f.envs, "env", "E", nil, "`NAME=VALUE` for the program, or NAME to copy warder's own (repeatable)")
	fs.IntVar(&f.generalise, "generalise", 0, "grant a directory instead of `N` files or more that were read in it; 0: never")
	fs.SetInterspersed(false)
	return cmd
}

func (f *learnFlags) learn(w io.Writer, args []string) error {
	switch {
	case len(f.from) > 0 && len(args) > 0:
		return errors.New("--from and a program: give one of them")
	case len(f.from) == 0 && len(args) == 0:
		return errors.New("no program and no --from TRACE given; try warder learn --help")
	case f.generalise < 0 || f.generalise == 1:
		return fmt.Errorf("--generalise %d: want 0, or 2 or more files", f.generalise)
	}
	old, err := f.old()
	if err != nil {
		return err
	}
	opt := learn.Options{Generalise: f.generalise, Interpreters: interpreters, Resolve: resolved, Exists: present}
	if opt.Dir, err = f.workingDir(); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	l := learn.New(opt)
	if len(args) > 0 {
		err = f.run(l, args)
	}
	for _, name := range f.from {
		if err = learnTrace(l, name); err != nil {
			break
		}
	}
	if err != nil {
		return statusAfter(err)
	}
	return f.write(w, l, old)
}

// workingDir is where the first process begins, "" where that is not known.
func (f *learnFlags) workingDir() (string, error) {
	if f.dir == "" && len(f.from) > 0 {
		return "", nil
	}
	dir, err := absolute(cmp.Or(f.dir, "."), false)
	if err != nil || len(f.from) > 0 {
		return dir, err
	}
	st, err := os.Stat(dir)
	if err == nil && !st.IsDir() {
		err = &fs.PathError{Op: "working directory", Path: dir, Err: syscall.ENOTDIR}
	}
	return dir, err
}

// old is the policy that is merged into, nil for none.
func (f *learnFlags) old() ([]byte, error) {
	if f.out == "" || f.out == "-" {
		return nil, nil
	}
	text, err := os.ReadFile(f.out)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(bytes.TrimSpace(text)) == 0:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("-o: %w", err)
	}
	// Before the program runs: it may take long.
	if _, err := rules.Parse(f.out, text, rules.ParseOptions{}); err != nil {
		return nil, err
	}
	return text, nil
}

// learnTrace learns from a recorded trace.
func learnTrace(l *learn.Learner, name string) error {
	in, err := openCases(name)
	if err != nil {
		return fmt.Errorf("--from: %w", errors.Unwrap(err))
	}
	defer in.Close() // it was only read
	r := cases.NewReader(name, in)
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			l.End()
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.Add(&line.Event); err != nil {
			return &cases.Error{Source: name, Line: line.Number, Err: err}
		}
	}
}

// write puts the policy in its place: all of it, or the old one stays.
func (f *learnFlags) write(w io.Writer, l *learn.Learner, old []byte) error {
	text, err := l.Policy(f.out, old)
	if err != nil {
		return err
	}
	if old == nil && (f.out == "" || f.out == "-") {
		if _, err := w.Write(text); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
	} else if err := replaceFile(f.out, text); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	p, err := rules.Parse(f.out, text, rules.ParseOptions{})
	if err != nil {
		return err
	}
	for _, warning := range p.Warnings() {
		say("warning: " + warning)
	}
	for _, note := range l.Notes() {
		say("not allowed: " + record.Clean(note))
	}
	if len(l.Notes()) > 0 {
		return statusError(incomplete)
	}
	return nil
}

// replaceFile writes a file beside the old one, and puts it in its place.
func replaceFile(name string, text []byte) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	t, err := os.CreateTemp(filepath.Dir(name), ".warder-learn-*")
	if err != nil {
		return err
	}
	defer os.Remove(t.Name()) // gone, once it has its name
	mode := os.FileMode(0o644)
	if st, err := os.Stat(name); err == nil {
		mode = st.Mode().Perm()
	}
	_, err = t.Write(text)
	err = errors.Join(err, t.Chmod(mode), t.Close())
	if err != nil {
		return err
	}
	return os.Rename(t.Name(), name)
}
