package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"warder/memory"
)

// memWriteFlags are the flags of warder mem PID write.
type memWriteFlags struct {
	what        valueFlags
	file        string
	force, stop bool
}

// maxWrite bounds what is written at a time: it is held in memory.
const maxWrite = 1 << 30

func newMemWrite() *cobra.Command {
	var f memWriteFlags
	cmd := memCommand("write", "ADDR", "Change bytes")
	cmd.Long = `Write at ADDR: 0x… or a decimal number, [heap], [stack]+0x10. The process stands
still meanwhile, so that none of its threads sees half of it (but others that
share the memory do); --stop=false does without.

Pages that the process itself may not write are refused; --force writes through
that, as debuggers do for breakpoints: a private page gets a copy of its own.
What comes before the first byte that cannot be written is written; the error
names that byte.`
	cmd.Example = `  warder mem 1234 write 0x55d0c0b00010 --u32 7
  warder mem 1234 write '[heap]+0x40' --string hello
  warder mem 1234 write 0x401000 --hex cc --force`
	cmd.Args = needArgs("PID", "ADDR")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) }
	fs := cmd.Flags()
	f.what.define(fs)
	fs.StringVar(&f.file, "file", "", "`FILE` whose content to write; - is standard input")
	fs.BoolVar(&f.force, "force", false, "write through the protection of pages")
	stopFlag(fs, &f.stop, true)
	return cmd
}

func (f *memWriteFlags) run(cmd *cobra.Command, args []string) error {
	pid, err := parsePID(args[0])
	if err != nil {
		return err
	}
	at, err := parsePlace(args[1])
	if err != nil {
		return err
	}
	data, err := f.data(cmd)
	if err != nil {
		return err
	}
	return withMemory(pid, f.stop, func(s *memory.Space) error {
		addr, err := at.in(s)
		if err != nil {
			return err
		}
		write := s.WriteAt
		if f.force {
			write = s.WriteForce
		}
		n, err := write(data, int64(addr))
		if err != nil && n > 0 {
			return fmt.Errorf("%w (the %d bytes before are written)", err, n)
		}
		return err
	})
}

func (f *memWriteFlags) data(cmd *cobra.Command) ([]byte, error) {
	if !cmd.Flags().Changed("file") {
		return f.what.bytes(cmd.Flags(), "write")
	}
	if f.what.given(cmd.Flags()) > 0 {
		return nil, errors.New("--file and a value: give one of them")
	}
	in := io.Reader(os.Stdin)
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		defer file.Close() // it was only read
		in = file
	}
	data, err := io.ReadAll(io.LimitReader(in, maxWrite+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("--file: %w", err)
	case len(data) == 0:
		return nil, fmt.Errorf("--file: %s is empty", f.file)
	case len(data) > maxWrite:
		return nil, fmt.Errorf("--file: %s has more than %d MiB", f.file, maxWrite>>20)
	}
	return data, nil
}
