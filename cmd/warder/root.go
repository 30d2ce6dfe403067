package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"warder/internal/guess"
)

// subcommands in the order of help. Each is built only when it is asked for:
// a short run does not pay for the flags of the others.
var subcommands = [...]struct {
	name string
	make func() *cobra.Command
}{
	{"run", newRun},
	{"trace", newTrace},
	{"resume", newResume},
	{"snapshot", newSnapshot},
	{"code", newCode},
	{"regs", newRegs},
	{"mem", newMem},
	{"learn", newLearn},
	{"policy", newPolicy},
	{"bench", newBench},
	{"doctor", newDoctor},
	{"version", newVersion},
}

// newRoot builds the command line. Where args plainly names one subcommand it
// is the only one; help, completion and mistakes need them all.
func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "warder",
		Short: "Run untrusted, compute-only programs",
		Long: `warder runs untrusted programs that compute: they may read standard input,
write standard output and error within their budgets, and end. Everything else
is refused, by the kernel where it can decide and by the supervisor where not.

  warder run -- PROG [ARGS]

Flags of run, but for those that widen what a program may do, may be given as
environment variables: --cpu-time as WARDER_CPU_TIME. A flag wins.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE: func(*cobra.Command, []string) error {
			return errors.New("no subcommand; try warder --help")
		},
	}
	root.SetFlagErrorFunc(flagError)
	for _, s := range subcommands {
		if len(args) > 0 && args[0] == s.name {
			root.AddCommand(s.make())
			root.CompletionOptions.DisableDefaultCmd = true
			return root
		}
	}
	for _, s := range subcommands {
		root.AddCommand(s.make())
	}
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fmt.Errorf("unknown subcommand %q%s; try %s --help", args[0], guess.Hint(args[0], names), cmd.CommandPath())
}

// group is a command that only has subcommands.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return fmt.Errorf("%s needs a subcommand: %s", cmd.CommandPath(), strings.Join(names, ", "))
		},
	}
	cmd.AddCommand(subs...)
	return cmd
}
