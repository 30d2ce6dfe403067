package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"warder/internal/guess"
	"warder/snapshot"
	"warder/tracer"
)

// snapshotFlags are the flags of warder snapshot.
type snapshotFlags struct {
	out, method   string
	files, asJSON bool
	noSync        bool
	every         string
	count         int
}

// methods are the words of --method.
var methods = map[string]snapshot.Method{"auto": "", "stop": snapshot.StopCopy, "precopy": snapshot.PreCopy}

func newSnapshot() *cobra.Command {
	var f snapshotFlags
	cmd := &cobra.Command{
		Use:   "snapshot [flags] PID -o FILE",
		Short: "Write a running process's state as an ELF core file, and let it go on",
		Long: `Write the state of a process that you may trace into FILE, an ordinary ELF core
file: gdb, lldb, delve and the elfutils open it. The process goes on; it stands
still while it is copied or, where that takes long and the kernel can watch its
memory, while what it wrote meanwhile is copied. FILE replaces one of that name
when it is complete; a name that ends in .zst is compressed.

With --every the process is watched and written again and again: the first file
is whole, and each later one holds only what has changed since the one before
it. "warder snapshot merge" makes one whole core of all up to one of them. %n in
the name of FILE is their number, from 1.

With --files the core has the clean pages of mapped files, too, so it needs none
of them, and "warder resume" can go on from it.`,
		Example: `  warder snapshot 1234 -o app.core && gdb app app.core
  warder snapshot --files 1234 -o app.core.zst
  warder snapshot --every 1s --count 10 1234 -o app.%n.core
  warder snapshot merge -o full.core app.1.core app.2.core app.3.core`,
		Args: needArgs("PID"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.take(cmd.OutOrStdout(), args[0]) },
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.out, "output", "o", "", "`FILE` to write")
	fs.StringVar(&f.method, "method", "auto", "auto, stop (copy while it stands still) or precopy (copy while it runs, then what it wrote)")
	fs.BoolVar(&f.files, "files", false, "add the clean pages of mapped files")
	fs.BoolVar(&f.noSync, "no-sync", false, "do not wait until the file is on its disk")
	fs.StringVar(&f.every, "every", "", "take one each `TIME`, increments but for the first, until --count or SIGINT")
	fs.IntVar(&f.count, "count", 0, "how many to take with --every; 0 is no limit")
	fs.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	cmd.AddCommand(newSnapshotMerge())
	return cmd
}

func (f *snapshotFlags) take(w io.Writer, arg string) error {
	pid, err := parsePID(arg)
	if err != nil {
		return err
	}
	if f.out == "" {
		return errors.New("no -o FILE given; try warder snapshot --help")
	}
	method, ok := methods[f.method]
	if f.method == "fork" {
		return errors.New("--method fork is for programs that warder holds (run --snapshot-method fork): here the copy would stay in the process as a zombie child that it does not know")
	}
	if !ok {
		words := []string{"auto", "stop", "precopy"}
		return fmt.Errorf("--method %q: want auto, stop or precopy%s", f.method, guess.Hint(f.method, words))
	}
	// First of all, whether it may be: Attach says why not.
	src := &attachedSource{pid: pid}
	if _, err := src.Stop(); err != nil {
		return err
	}
	if err := src.Start(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cfg := &snapshot.Config{Method: method, Files: f.files, NoSync: f.noSync}
	if f.every != "" {
		return f.series(ctx, w, src, cfg)
	}
	r, err := snapshot.Capture(ctx, src, f.out, cfg)
	if err != nil {
		return err
	}
	return f.tell(w, f.out, r)
}

// series takes a chain of snapshots.
func (f *snapshotFlags) series(ctx context.Context, w io.Writer, src *attachedSource, cfg *snapshot.Config) error {
	every, err := parseDuration(f.every)
	switch {
	case err != nil:
		return fmt.Errorf("--every: %w", err)
	case every < time.Millisecond:
		return fmt.Errorf("--every %s: at least 1ms", f.every)
	case f.count < 0:
		return fmt.Errorf("--count %d: want 0 or more", f.count)
	case !strings.Contains(f.out, "%n"):
		return fmt.Errorf("-o %s: with --every the name needs a %%n, which counts", f.out)
	}
	if cfg.Tracker, err = snapshot.Track(src); err != nil {
		return err
	}
	defer cfg.Tracker.Close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 1; f.count == 0 || n <= f.count; n++ {
		name := strings.ReplaceAll(f.out, "%n", strconv.Itoa(n))
		r, err := snapshot.Capture(ctx, src, name, cfg)
		if err == nil {
			err = f.tell(w, name, r)
		}
		if err != nil {
			return err
		}
		if n == f.count {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// tell prints the report of one snapshot.
func (f *snapshotFlags) tell(w io.Writer, name string, r *snapshot.Report) error {
	if f.asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	_, err := fmt.Fprintln(w, snapshotText(name, r))
	for _, note := range r.Notes {
		say(note)
	}
	if r.Why != "" {
		say(r.Why)
	}
	return err
}

func newSnapshotMerge() *cobra.Command {
	var out string
	var noSync bool
	cmd := &cobra.Command{
		Use:     "merge -o FILE BASE INCREMENT...",
		Short:   "Make one full snapshot of a chain",
		Example: `  warder snapshot merge -o full.core base.core one.core two.core`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("no -o FILE given; try warder snapshot merge --help")
			}
			var list []*snapshot.Core
			for _, name := range args {
				core, err := snapshot.Open(name, nil)
				if err != nil {
					return err
				}
				defer core.Close()
				list = append(list, core)
			}
			return snapshot.Merge(context.Background(), out, noSync, list...)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "`FILE` to write")
	cmd.Flags().BoolVar(&noSync, "no-sync", false, "do not wait until the file is on its disk")
	return cmd
}

// attachedSource is a process that is attached to for each stop.
type attachedSource struct {
	pid int
	a   *tracer.Attached
}

// PID is the process's id.
func (s *attachedSource) PID() int { return s.pid }

// Stop attaches, and lists the threads: the process's first one first.
func (s *attachedSource) Stop() (list []snapshot.Stopped, err error) {
	if s.a, err = tracer.Attach(s.pid); err != nil {
		return nil, err
	}
	s.pid = s.a.PID()
	err = s.a.Do(func(st *tracer.Stopped) error {
		for _, tid := range st.Threads() {
			list = append(list, snapshot.Stopped{TID: tid, Signal: st.Signal(tid)})
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, s.a.Detach())
	}
	return list, nil
}

// Start lets the process go.
func (s *attachedSource) Start() error { return s.a.Detach() }

// Do runs f on the thread that traces.
func (s *attachedSource) Do(f func() error) error {
	return s.a.Do(func(*tracer.Stopped) error { return f() })
}

// Inject makes calls in a thread.
func (s *attachedSource) Inject(tid int, calls []snapshot.Call) error {
	return s.a.Do(func(st *tracer.Stopped) error { return st.Inject(tid, calls) })
}
