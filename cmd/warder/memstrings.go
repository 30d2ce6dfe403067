package main

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"warder/memory"
)

// memStringsFlags are the flags of warder mem PID strings.
type memStringsFlags struct {
	least, limit int
	in           string
	asJSON, stop bool
}

func newMemStrings() *cobra.Command {
	var f memStringsFlags
	cmd := memCommand("strings", "", "Print runs of printable text, with their addresses")
	cmd.Long = `Print runs of printable ASCII characters (tabs included) in readable memory,
each with its address, as strings(1) does for files. Runs of more than 4096
characters come in pieces. Pages that cannot be read end a run; at most 16 GiB
are read.`
	cmd.Example = `  warder mem 1234 strings -n 8 --in '[heap]'
  warder mem 1234 strings --in '[stack]' | grep HOME=`
	cmd.Args = needArgs("PID")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) }
	fs := cmd.Flags()
	fs.IntVarP(&f.least, "bytes", "n", 4, "only runs of `N` characters and more, up to 4096")
	fs.StringVar(&f.in, "in", "", inUsage)
	fs.IntVar(&f.limit, "limit", 0, "stop after `N` runs; 0 is no limit")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON, one object a line")
	stopFlag(fs, &f.stop, false)
	return cmd
}

func (f *memStringsFlags) run(cmd *cobra.Command, args []string) error {
	pid, err := parsePID(args[0])
	if err != nil {
		return err
	}
	switch {
	case f.least < 1 || f.least > memory.MaxText:
		return fmt.Errorf("--bytes %d: want 1 to %d", f.least, memory.MaxText)
	case f.limit < 0:
		return errors.New("--limit: must not be negative")
	}
	return toStandardOutput(cmd.OutOrStdout(), func(b *bufio.Writer) error {
		var failed error
		n := 0
		err := withMemory(pid, f.stop, func(s *memory.Space) error {
			ranges, err := within(s, f.in)
			if err != nil {
				return err
			}
			return s.Strings(memory.TextQuery{Min: f.least, Within: ranges}, func(x memory.Text) bool {
				n++
				failed = f.print(b, x)
				return failed == nil && (f.limit == 0 || n < f.limit)
			})
		})
		if failed != nil {
			return fmt.Errorf("standard output: %w", failed)
		}
		if f.limit > 0 && n == f.limit {
			say(fmt.Sprintf("stopped at %d runs; there may be more: see --limit", n))
		}
		return err
	})
}

func (f *memStringsFlags) print(b *bufio.Writer, x memory.Text) error {
	if !f.asJSON {
		_, err := fmt.Fprintf(b, "%x %s\n", x.Addr, x.Text)
		return err
	}
	return printJSONLine(b, struct {
		Address string `json:"address"`
		Text    string `json:"text"`
		Cut     bool   `json:"cut,omitempty"`
	}{hex(x.Addr), x.Text, x.Cut})
}
