package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"warder/record"
	"warder/rules"
	"warder/tracer"
)

// Hidden subcommands of doctor: what a copy of warder does in a way.
const (
	holdHere              = "hold-here"
	withoutUserNamespaces = "without-user-namespaces"
)

// cell says of one wall and one way whether it stands.
type cell struct {
	State  string `json:"state"`            // yes, no, or - where the way could not be tried
	Reason string `json:"reason,omitempty"` // why not, or what of it is missing
}

// wallTable is doctor --walls.
type wallTable struct {
	Ways  []column  `json:"ways"`
	Walls []wallRow `json:"walls"`
}

type column struct {
	way
	Error string `json:"error,omitempty"` // why no program was held in that way
	own   bool   // the caller's own
}

type wallRow struct {
	Wall  tracer.Wall     `json:"wall"`
	Cells map[string]cell `json:"cells"` // by the way's name
}

// holding is what a session found of its walls.
type holding struct {
	Walls       []tracer.Wall `json:"walls"`
	Unavailable []string      `json:"unavailable"`
	Error       string        `json:"error"`
	FileCaps    bool          `json:"file_caps"` // warder had all of fileCaps
	// Only are walls that stand on a condition.
	Only map[tracer.Wall]string `json:"only"`
	// Refused are walls that there is no word of unless they are asked for.
	Refused map[tracer.Wall]string `json:"refused"`

	untried bool // Error is that of the way, not of the session
}

// holdOne holds the least of programs as this process is, under the default
// policy, with every wall that there is to be had, and once more for each that
// did not stand by itself.
func holdOne(ctx context.Context) *holding {
	h := &holding{FileCaps: hasFileCaps(), Only: make(map[tracer.Wall]string), Refused: make(map[tracer.Wall]string)}
	// A file without a name: this process may be killed and leaves nothing.
	fd, err := unix.MemfdCreate("probe", unix.MFD_CLOEXEC)
	if err != nil {
		h.Error = "memfd_create: " + err.Error()
		return h
	}
	file := os.NewFile(uintptr(fd), "probe")
	defer file.Close()
	if _, err := file.Write(quietELF()); err != nil {
		h.Error = err.Error()
		return h
	}
	hold := func(policy *rules.Policy, require ...tracer.Wall) (*tracer.Result, error) {
		r, err := tracer.Run(ctx, &tracer.Config{
			Path: fmt.Sprintf("/proc/self/fd/%d", fd), Args: []string{"probe"}, Policy: policy, Require: require,
			Limits: tracer.Limits{CPU: time.Second, Wall: 5 * time.Second},
		})
		if err == nil && r.Outcome != tracer.OK {
			err = fmt.Errorf("a program that does nothing ended as %s %s", r.Outcome, r.Message)
		}
		return r, err
	}
	defer tracer.CloseIdle()
	r, err := hold(nil)
	if err != nil {
		h.Error = err.Error()
		return h
	}
	h.Walls, h.Unavailable = r.Walls, r.Unavailable
	h.onlyIf(ifAsked, func(w tracer.Wall) (*tracer.Result, error) { return hold(nil, w) })
	if granting, err := rules.Profile("runtime"); err == nil {
		h.onlyIf(ifGranted, func(tracer.Wall) (*tracer.Result, error) { return hold(granting) })
	}
	return h
}

// onlyIf tries walls that did not stand so far in another way, and notes it as
// the condition of those that do.
func (h *holding) onlyIf(condition string, hold func(tracer.Wall) (*tracer.Result, error)) {
	for _, w := range tracer.Walls() {
		if slices.Contains(h.Walls, w) || h.Only[w] != "" {
			continue
		}
		r, err := hold(w)
		if err != nil {
			var require *tracer.RequireError
			if errors.As(err, &require) && len(require.Missing) == 1 {
				why := strings.TrimPrefix(require.Missing[0], string(w)+" (")
				h.Refused[w] = strings.TrimSuffix(why, ")")
			}
			continue
		}
		if slices.Contains(r.Walls, w) {
			h.Only[w] = condition
		} else if also := (&holding{Unavailable: r.Unavailable}).whyNot(w); also != "" && h.whyNot(w) == "" {
			h.Unavailable = append(h.Unavailable, string(w)+": "+also)
		}
	}
}

// newHoldHere and newPlain are of use to doctor --walls and tests alone.
func newHoldHere() *cobra.Command {
	return &cobra.Command{
		Use: holdHere, Hidden: true, Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(holdOne(cmd.Context()))
		},
	}
}

func newPlain() *cobra.Command {
	return &cobra.Command{
		Use: withoutUserNamespaces, Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error { return becomePlain(args) },
	}
}

// wayPatience is how long a copy of warder may take to hold one program.
const wayPatience = 20 * time.Second

// Conditions of walls, in the reasons of cells that say yes.
const (
	ifAsked   = "if --require names it"
	ifGranted = "if the policy grants files, as runtime does"
)

// try holds a program in one way.
func (w *way) try(ctx context.Context) *holding {
	ctx, cancel := context.WithTimeout(ctx, wayPatience)
	defer cancel()
	untried := func(err error) *holding { return &holding{Error: err.Error(), untried: true} }
	cmd, err := w.command(ctx, "doctor", holdHere)
	if err != nil {
		return untried(err)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var h holding
	if jerr := json.Unmarshal(stdout.Bytes(), &h); err == nil && jerr == nil {
		if w.Name == asFileCaps && !h.FileCaps {
			return untried(errors.New("file capabilities have no effect here"))
		}
		return &h
	}
	if said, _, _ := strings.Cut(strings.TrimPrefix(stderr.String(), "warder: "), "\n"); said != "" {
		return untried(errors.New(said))
	}
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) {
		err = fmt.Errorf("warder ended without an answer: %v", cmd.ProcessState)
	}
	return untried(err)
}

// inWays tries all ways. An ordinary user who is refused a user namespace is a
// plain user, and the column of those who are not cannot be tried.
func inWays(ctx context.Context) ([]column, map[string]*holding) {
	found := make(map[string]*holding)
	own := ownWay()
	for _, w := range ways() {
		user := found[asUser]
		if w.Name != asPlain || user.Error != "" || slices.Contains(user.Walls, tracer.WallUserNS) {
			found[w.Name] = w.try(ctx)
			continue
		}
		found[asPlain] = user
		found[asUser] = &holding{Error: "refused by this kernel: " + user.whyNot(tracer.WallUserNS), untried: true}
		if own == asUser {
			own = asPlain
		}
	}
	var columns []column
	for _, w := range ways() {
		columns = append(columns, column{way: w, Error: found[w.Name].Error, own: w.Name == own})
	}
	return columns, found
}

func (h *holding) whyNot(w tracer.Wall) string {
	for _, u := range h.Unavailable {
		if why, ok := strings.CutPrefix(u, string(w)+": "); ok {
			return why
		}
	}
	return ""
}

func (h *holding) cell(w tracer.Wall) cell {
	why := h.whyNot(w)
	switch {
	case h.untried:
		return cell{"-", h.Error}
	case h.Error != "":
		return cell{"no", "nothing runs: " + h.Error}
	case slices.Contains(h.Walls, w):
		return cell{"yes", why}
	case h.Only[w] != "":
		return cell{"yes", h.Only[w]}
	case why != "":
		return cell{"no", why}
	case h.Refused[w] != "" && w != tracer.WallUserNS && w != tracer.WallMountNS:
		return cell{"no", h.Refused[w]}
	case w == tracer.WallUserNS:
		return cell{"no", "not needed: the other namespaces are to be had without"}
	}
	return cell{"no", "not without the root wall"} // mountns, which is for a root with what is granted
}

// lookAtWalls makes the table.
func lookAtWalls(ctx context.Context) *wallTable {
	columns, found := inWays(ctx)
	t := &wallTable{Ways: columns}
	for _, w := range tracer.Walls() {
		row := wallRow{w, make(map[string]cell)}
		for _, c := range columns {
			row.Cells[c.Name] = found[c.Name].cell(w)
		}
		t.Walls = append(t.Walls, row)
	}
	return t
}

// print writes the table for people. Reasons are long and mostly the same:
// they stand below it, by number.
func (t *wallTable) print(out io.Writer) error {
	var reasons []string
	note := func(c cell) string {
		if c.Reason == "" {
			return c.State
		}
		i := slices.Index(reasons, c.Reason)
		if i < 0 {
			i = len(reasons)
			reasons = append(reasons, c.Reason)
		}
		return fmt.Sprintf("%s [%d]", c.State, i+1)
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprint(w, "WALL") // Flush tells errors
	for _, c := range t.Ways {
		_, _ = fmt.Fprintf(w, "\t%s", c.Name)
	}
	_, _ = fmt.Fprintln(w)
	for _, r := range t.Walls {
		_, _ = fmt.Fprint(w, r.Wall)
		for _, c := range t.Ways {
			_, _ = fmt.Fprintf(w, "\t%s", note(r.Cells[c.Name]))
		}
		_, _ = fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, why := range reasons {
		lead := "\n"
		if i > 0 {
			lead = ""
		}
		if _, err := fmt.Fprintf(out, "%s[%d] %s\n", lead, i+1, record.Clean(why)); err != nil {
			return err
		}
	}
	return nil
}

// status is 1 where the caller's own way holds nothing.
func (t *wallTable) status() error {
	for _, c := range t.Ways {
		if c.own && c.Error == "" {
			return nil
		}
	}
	return statusError(impaired)
}

// doctorWalls is warder doctor --walls.
func doctorWalls(cmd *cobra.Command, asJSON bool) error {
	// The copies of warder are ended before this one is.
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	told := make(chan syscall.Signal, 1)
	go func() {
		if s, ok := (<-signals).(syscall.Signal); ok {
			told <- s
			cancel()
		}
	}()
	t := lookAtWalls(ctx)
	if ctx.Err() != nil {
		return statusError(128 + int(<-told))
	}
	err := error(nil)
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), t)
	} else {
		err = t.print(cmd.OutOrStdout())
	}
	if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return t.status()
}
