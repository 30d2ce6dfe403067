package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"warder/snapshot"
	"warder/tracer"
)

// resumeFlags are the flags of warder resume.
type resumeFlags struct{ run runFlags }

func newResume() *cobra.Command {
	var f resumeFlags
	cmd := &cobra.Command{
		Use:   "resume [flags] FILE",
		Short: "Start a new held process from a snapshot, which goes on from where it was",
		Long: `Start a new process under policy and budgets, as run does, and make it into the
one that FILE is a snapshot of: memory, registers, signals and threads are as
they were, process and thread ids are new. Its standard descriptors are
warder's, or those of the flags; a file for --stdin is read on from where the
program was.

FILE must have the pages of the files that the program mapped, as those of
"run --do snapshot:FILE" and "snapshot --files" have, and be of this kernel and
a CPU with no more features than this one. What cannot be resumed is refused by
name: other open files, sockets, children, timers. A compressed file is
decompressed into memory first.

The snapshot is trusted no more than a program: policy and walls hold what
comes out of it. Exit status: as of run.`,
		Example: `  warder run --on syscall:write --do snapshot:s.core --do stop -- ./a.out
  warder resume s.core
  warder resume --cpu-time 10 --report r.json s.core <input`,
		Args: needArgs("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.resume(cmd, args[0]) },
	}
	f.run.define(cmd.Flags())
	return cmd
}

func (f *resumeFlags) resume(cmd *cobra.Command, name string) error {
	core, err := snapshot.Open(name, nil)
	if err != nil {
		return err
	}
	defer core.Close()
	anchor, err := anchorFile(core)
	if err != nil {
		return err
	}
	defer anchor.Close()
	prepare := func(cfg *tracer.Config) {
		cfg.Path = fmt.Sprintf("/proc/self/fd/%d", anchor.Fd())
		cfg.Keep = core.File()
		next := cfg.Hooks.Event
		cfg.Watch.Entry, cfg.Renames = true, true
		begun := false
		cfg.Hooks.Event = func(frozen *tracer.Frozen, e *tracer.Event) {
			if e.Kind == tracer.EntryEvent && !begun {
				begun = true
				notes, err := snapshot.Resume(frozen, core)
				if err != nil {
					frozen.Fail(err)
					return
				}
				for _, note := range notes {
					say(note)
				}
			}
			if next != nil {
				next(frozen, e)
			}
		}
	}
	return f.run.start(cmd, []string{name}, func(cfg *tracer.Config) error {
		if err := goOn(cfg.Stdin, core.State()); err != nil && f.run.stdin != "" {
			return err
		}
		prepare(cfg)
		return nil
	})
}

// anchorFile is the program that is started in the snapshot's place.
func anchorFile(core *snapshot.Core) (*os.File, error) {
	image, err := snapshot.Anchor(core)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("resumed", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "resumed")
	if _, err := file.Write(image); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// goOn moves a file for standard input to where the program had read it.
func goOn(stdin *os.File, s *snapshot.State) error {
	for _, d := range s.Process.Descriptors {
		if d.FD == 0 && d.Kind == "file" && stdin != nil {
			_, err := stdin.Seek(d.Pos, io.SeekStart)
			return err
		}
	}
	return nil
}
