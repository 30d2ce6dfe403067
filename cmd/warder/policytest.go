package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"warder/abi"
	"warder/decode"
	"warder/record"
	"warder/record/cases"
	"warder/record/trace"
	"warder/rules"
)

// unexpected is the exit status of policy test where a call is not decided as
// its case expects.
const unexpected = 1

// testFlags are the flags of policy test.
type testFlags struct {
	json, quiet bool
	stage, arch string
	self        uint32
}

func newPolicyTest() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test FILE|PROFILE CASES",
		Short: "Tell what a policy would do with recorded calls",
		Long: `Decide recorded calls by a policy, and say what it would do with each, by which
rule and why. CASES is a JSON trace as warder trace writes it, or a YAML list:

  - call: openat
    args: [AT_FDCWD, /etc/passwd, O_RDONLY]
    stage: main
    expect: kill

No program runs and no kernel is asked. What the policy's paths say of a file is
advice: the kernel decides on what a path leads to. A trace does not tell the
stage of a call; where the two stages differ both verdicts are given. Exit
status: 0, 1 if a call is not decided as its case expects, 125 if the policy or
the cases cannot be read.`,
		Args: needArgs("FILE or PROFILE", "CASES"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return testPolicy(cmd.OutOrStdout(), args[0], args[1], &f)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.json, "json", false, "print JSON lines, the last one with the sums")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "print only what is unexpected, and the sums")
	fs.StringVar(&f.stage, "stage", "", "the `STAGE` of calls that do not say theirs: loader or main")
	fs.StringVar(&f.arch, "arch", abi.Native().String(), "x86_64 or aarch64, for a YAML list")
	fs.Uint32Var(&f.self, "self", 0, "the process id of a trace's first process, where it is not that of its first line")
	return cmd
}

func testPolicy(w io.Writer, name, file string, f *testFlags) (err error) {
	arch, ok := abi.ParseArch(f.arch)
	if !ok || arch == abi.I386 {
		return fmt.Errorf("--arch %q: want x86_64 or aarch64", f.arch)
	}
	stage, err := (&cases.Line{Stage: f.stage}).StageOf()
	if err != nil {
		return fmt.Errorf("--stage: %w", err)
	}
	in, err := openCases(file)
	if err != nil {
		return err
	}
	defer func() {
		if e := in.Close(); err == nil && e != nil {
			err = fmt.Errorf("cases: %w", e)
		}
	}()
	text := bufio.NewReaderSize(in, 64<<10)
	t := caseTest{file: file, stage: stage, flags: f, arch: arch, policyName: name}
	out := bufio.NewWriter(w)
	t.out = out
	if isTrace(text) {
		err = t.trace(text)
	} else {
		err = t.list(text)
	}
	if err == nil {
		err = t.end()
	}
	if e := out.Flush(); e != nil {
		return fmt.Errorf("standard output: %w", e)
	}
	if err == nil && t.failed > 0 {
		return statusError(unexpected)
	}
	return err
}

func openCases(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return in, nil
}

// isTrace looks at the first character that is no space: JSON lines begin with
// a brace, and a list does not.
func isTrace(text *bufio.Reader) bool {
	head, _ := text.Peek(4096) // what is there of it
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n\ufeff"), []byte("{"))
}

// caseTest is one run of policy test.
type caseTest struct {
	file, policyName string
	flags            *testFlags
	stage            rules.Stage
	arch             abi.Arch
	out              io.Writer

	policy  *rules.Policy
	matcher *rules.Matcher
	self    uint32 // of a trace
	tally   tally
	checked int // expectations
	failed  int

	launched bool
}

// load reads the policy for the cases' architecture.
func (t *caseTest) load(arch abi.Arch) (err error) {
	if t.policy, err = loadPolicyFor(t.policyName, arch); err != nil {
		return err
	}
	t.arch, t.matcher = arch, rules.NewMatcher(t.policy, arch)
	return nil
}

// maxCases bounds a list of cases, in bytes, so that ParseCases says it.
const maxCases = 2 << 20

func (t *caseTest) list(text io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(text, maxCases))
	if err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	list, err := rules.ParseCases(t.file, data, t.arch)
	if err != nil {
		return err
	}
	if err := t.load(t.arch); err != nil {
		return err
	}
	for i := range list {
		c := &list[i]
		d := decode.Decode(c.Call.Arch, c.Call.Nr, c.Call.Args, nil, decode.Options{})
		sig, _ := c.Call.Arch.Lookup(c.Name)
		for j := range d.Args {
			if k, ok := sig.Arg(d.Args[j].Name); ok && c.Paths[k] != "" {
				d.Args[j].Text = strconv.Quote(c.Paths[k])
			}
		}
		if err := t.one(c, d.String()); err != nil {
			return err
		}
	}
	return nil
}

func (t *caseTest) trace(text io.Reader) error {
	r := cases.NewReader(t.file, text)
	for {
		l, err := r.Next()
		if errors.Is(err, io.EOF) {
			if t.policy == nil {
				return t.load(t.arch) // that it is bad is said all the same
			}
			return nil
		}
		if err != nil {
			return err
		}
		if l.Kind != trace.CallKind {
			continue
		}
		c, err := traceCase(l)
		if err != nil {
			return &cases.Error{Source: t.file, Line: l.Number, Err: err}
		}
		if t.policy == nil {
			// A program's own calls come first, and foreign ones are refused.
			arch := c.Call.Arch
			if arch == abi.I386 {
				arch = t.arch
			}
			if err := t.load(arch); err != nil {
				return err
			}
			if t.self = uint32(l.PID); t.flags.self != 0 {
				t.self = t.flags.self
			}
		}
		c.Self = t.self
		if launches(&l.Event) && t.tally.calls == 0 && !t.launched {
			t.launched = true
			if t.flags.quiet || t.flags.json {
				continue
			}
			if _, err := fmt.Fprintf(t.out, "%s:%d: %s: the launch, which needs no rule\n", t.file, l.Number, tracedText(&l.Event)); err != nil {
				return fmt.Errorf("standard output: %w", err)
			}
			continue
		}
		if err := t.one(&c, tracedText(&l.Event)); err != nil {
			return err
		}
	}
}

// launches reports whether an event that comes before all others is what
// started the program: warder's own call, which no policy decides.
func launches(e *trace.Event) bool {
	return (e.Name == "execve" || e.Name == "execveat") && e.Errno == ""
}

// traceCase is a line of a trace as a case.
func traceCase(l *cases.Line) (rules.Case, error) {
	c, err := cases.CallOf(&l.Event)
	if err != nil {
		return c, err
	}
	c.Line = l.Number
	if c.Stage, err = l.StageOf(); err != nil {
		return c, err
	}
	c.Expect, err = rules.ParseExpectation(l.Expect, l.Files)
	return c, err
}

// tracedText prints a call as its trace has it, cut where it is long.
func tracedText(e *trace.Event) string {
	const longest = 200
	args := make([]string, len(e.Args))
	for i := range e.Args {
		args[i] = e.Args[i].Text
	}
	text := record.Clean(e.Name + "(" + strings.Join(args, ", ") + ")")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
