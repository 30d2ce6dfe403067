package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"warder/record"
)

// state is what a check of doctor found.
type state string

const (
	fine    state = "ok"
	limited state = "limited" // works with less
	missing state = "missing"
)

// check is one row of doctor.
type check struct {
	Name      string `json:"name"`
	State     state  `json:"state"`
	Detail    string `json:"detail"`         // what was seen
	Cost      string `json:"cost,omitempty"` // what the lack costs; "" for ok
	Essential bool   `json:"essential"`      // without it warder run does not work as it comes
}

// impaired is the exit status of doctor where something essential is missing.
const impaired = 1

func newDoctor() *cobra.Command {
	var asJSON, walls bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this kernel and this user can do, and what a lack costs",
		Long: `Try what warder needs, by doing it, as the user who runs this. Exit status: 0,
or 1 if something essential is missing.

--walls shows which walls stand around a program, by the way in which warder is
run. In each way a copy of warder holds a tiny program: as root; as an ordinary
user (65534) who may make user namespaces; as one who may not (the copy lives
in a user namespace in which /proc/sys/user/max_user_namespaces is 0); and as
one who runs a binary with these file capabilities:
  ` + fileCapsText() + `
Root tries them all, an ordinary user his own; - is a way that could not be
tried. Nothing is left behind. Exit status: 1 if the caller's own way holds no
program.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if walls {
				return doctorWalls(cmd, asJSON)
			}
			checks := diagnose()
			if err := printChecks(cmd.OutOrStdout(), checks, asJSON); err != nil {
				return fmt.Errorf("standard output: %w", err)
			}
			for _, c := range checks {
				if c.Essential && c.State == missing {
					return statusError(impaired)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	cmd.Flags().BoolVar(&walls, "walls", false, "show the walls around a program, for each way to run warder")
	cmd.AddCommand(newHoldHere(), newPlain())
	return cmd
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printJSONLine prints a value on one line.
func printJSONLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printChecks writes the table, or JSON.
func printChecks(w io.Writer, checks []check, asJSON bool) error {
	if asJSON {
		return printJSON(w, checks)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "CHECK\tSTATE\tSEEN") // Flush tells errors
	for _, c := range checks {
		name := c.Name
		if c.Essential {
			name += " *"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\n", name, c.State, record.Clean(c.Detail))
		if c.Cost != "" {
			_, _ = fmt.Fprintf(t, "\t\t  -> %s\n", c.Cost)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "* warder run needs it")
	return err
}
