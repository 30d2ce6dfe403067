package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"warder/memory"
)

// memReadFlags are the flags of warder mem PID read.
type memReadFlags struct {
	output             string
	force, holes, stop bool
}

// maxDump bounds a hexadecimal dump: its text is five times as long.
const maxDump = 64 << 20

// readChunk is how much is read at a time: more is no faster.
const readChunk = 1 << 20

func newMemRead() *cobra.Command {
	var f memReadFlags
	cmd := memCommand("read", "ADDR LEN", "Read bytes, as a hexadecimal dump or into a file")
	cmd.Long = `Read LEN bytes at ADDR: 0x… or a decimal number, [heap], [stack]+0x10. They are
printed as hexdump -C does, or written raw with -o (- is standard output).

At the first byte that cannot be read the command ends with an error that names
it, after what came before. With --holes such pages are left out, as a gap in a
dump and as zeros in a file, and named on standard error.`
	cmd.Example = `  warder mem 1234 read 0x7ffd12340000 64
  warder mem 1234 read '[stack]' 4K --holes
  warder mem 1234 read '[heap]+0x10' 1M -o heap.bin --stop`
	cmd.Args = needArgs("PID", "ADDR", "LEN")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd.OutOrStdout(), args) }
	fs := cmd.Flags()
	fs.StringVarP(&f.output, "output", "o", "", "write the bytes to `FILE`, raw; - is standard output")
	fs.BoolVar(&f.holes, "holes", false, "leave out what cannot be read, and name it")
	fs.BoolVar(&f.force, "force", false, "read through the protection of pages (code that may only be executed)")
	stopFlag(fs, &f.stop, false)
	return cmd
}

func (f *memReadFlags) run(w io.Writer, args []string) (err error) {
	pid, err := parsePID(args[0])
	if err != nil {
		return err
	}
	at, err := parsePlace(args[1])
	if err != nil {
		return err
	}
	n, err := parseLength(args[2])
	if err != nil {
		return fmt.Errorf("LEN %w", err)
	}
	if f.holes && f.force {
		return errors.New("--holes and --force: give one of them")
	}
	if f.output == "" && n > maxDump {
		return fmt.Errorf("LEN %s: a dump has at most %d MiB: give -o FILE", args[2], maxDump>>20)
	}
	out, name := w, "standard output"
	if f.output != "" && f.output != "-" {
		file, err := os.OpenFile(f.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		defer func() {
			if closing := file.Close(); closing != nil && err == nil {
				err = fmt.Errorf("--output: %w", closing)
			}
		}()
		out, name = file, "--output"
	}
	b := bufio.NewWriterSize(out, 64<<10)
	d := &dumper{w: b, raw: f.output != ""}
	err = withMemory(pid, f.stop, func(s *memory.Space) error {
		addr, err := at.in(s)
		if err != nil {
			return err
		}
		return f.read(s, addr, n, d)
	})
	if d.err == nil {
		d.err = errors.Join(d.end(), b.Flush())
	}
	for _, h := range d.holes {
		say(fmt.Sprintf("warning: not readable: %#x-%#x (%d bytes)", h.Addr, h.End(), h.Len))
	}
	if d.err != nil {
		return fmt.Errorf("%s: %w", name, d.err)
	}
	return err
}

// read goes through the range piece by piece.
func (f *memReadFlags) read(s *memory.Space, addr, n uint64, d *dumper) error {
	buf := make([]byte, min(n, readChunk))
	for n > 0 {
		p := buf[:min(n, uint64(len(buf)))]
		var got int
		var holes []memory.Range
		var err error
		switch {
		case f.holes:
			got = len(p)
			_, holes, err = s.Read(p, addr)
			if err != nil {
				got = 0
			}
		case f.force:
			got, err = s.ReadForce(p, int64(addr))
		default:
			got, err = s.ReadAt(p, int64(addr))
		}
		if d.take(p[:got], addr, holes); d.err != nil {
			return nil // told by the caller
		}
		if err != nil {
			return err
		}
		addr += uint64(got)
		n -= uint64(got)
	}
	return nil
}

// dumper writes what was read, raw or as a dump.
type dumper struct {
	w     io.Writer
	raw   bool
	holes []memory.Range
	err   error // of writing

	// A dump is made of whole stretches: lines that repeat and the end address
	// are its own.
	part []byte
	at   uint64
}

// take goes on with p, which lies at addr.
func (d *dumper) take(p []byte, addr uint64, holes []memory.Range) {
	for _, h := range holes {
		if last := len(d.holes) - 1; last >= 0 && d.holes[last].End() == h.Addr {
			d.holes[last].Len += h.Len
		} else {
			d.holes = append(d.holes, h)
		}
	}
	if d.raw {
		_, d.err = d.w.Write(p)
		return
	}
	for len(p) > 0 {
		size := uint64(len(p))
		gap := uint64(0)
		if len(holes) > 0 {
			size, gap = holes[0].Addr-addr, holes[0].Len
			holes = holes[1:]
		}
		if len(d.part) == 0 {
			d.at = addr
		}
		d.part = append(d.part, p[:size]...)
		if gap > 0 {
			if d.err = d.end(); d.err != nil {
				return
			}
		}
		p, addr = p[size+gap:], addr+size+gap
	}
}

// end dumps the stretch.
func (d *dumper) end() error {
	if len(d.part) == 0 {
		return nil
	}
	err := memory.Dump(d.w, d.part, d.at)
	d.part = d.part[:0]
	return err
}
