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
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this kernel and this user can do, and what a lack costs",
		Long: `Try what warder needs, by doing it, as the user who runs this. Exit status: 0,
or 1 if something essential is missing.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array of objects instead of a table")
	return cmd
}

// printChecks writes the table, or JSON.
func printChecks(w io.Writer, checks []check, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(checks)
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
