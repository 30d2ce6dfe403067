package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"warder/internal/guess"
)

// flagError words a mistake in flags, with the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	hint := ""
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		hint = guess.Hint(unknown.GetSpecifiedName(), names)
	}
	return fmt.Errorf("%w%s; try %s --help", err, hint, cmd.CommandPath())
}

// needArgs asks for exactly the named arguments.
func needArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("no %s given; try %s --help", names[len(args)], cmd.CommandPath())
		case len(args) > len(names):
			return fmt.Errorf("unexpected argument %q; try %s --help", args[len(names)], cmd.CommandPath())
		}
		return nil
	}
}
