package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"warder/memory"
)

// memActions in the order of help.
var memActions = []string{"maps", "read", "write", "search", "strings"}

func newMem() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mem PID ACTION",
		Short: "Show, read, write and search the memory of a running process",
		Long: `Look at the memory of a process that you may trace, or change it.

  warder mem PID maps                   its mappings
  warder mem PID read ADDR LEN          bytes, as a dump or into a file
  warder mem PID write ADDR --hex …     change bytes
  warder mem PID search --u32 1234      where a value is
  warder mem PID strings                printable text

ADDR is 0x… or a decimal number, or the beginning of a mapping by its name in
brackets, with an offset if need be: [heap], [stack]+0x10. LEN is 64, 0x40, 4K.
The process runs on while it is read, so what is seen may be of different
moments; --stop makes it stand still for as long as it takes.`,
		Args: unknownCommand,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("no PID and action given (%s); try warder mem --help", strings.Join(memActions, ", "))
		},
	}
	cmd.AddCommand(newMemMaps(), newMemRead(), newMemWrite(), newMemSearch(), newMemStrings())
	return cmd
}

// memOrder puts the action before the process's id, as the commands are built:
// "mem 12 maps" and "mem maps 12" are the same.
func memOrder(args []string) []string {
	if len(args) < 2 || args[0] != "mem" {
		return args
	}
	if _, err := strconv.Atoi(args[1]); err != nil {
		return args
	}
	if len(args) == 2 || strings.HasPrefix(args[2], "-") {
		return args[:1] // said to lack an action
	}
	order := slices.Clone(args)
	order[1], order[2] = args[2], args[1]
	return order
}

// memCommand is one action, whose usage shows the order that people type.
func memCommand(action, arguments, short string) *cobra.Command {
	cmd := &cobra.Command{Use: strings.TrimSpace(action + " PID " + arguments), Short: short}
	usage := strings.TrimSpace("warder mem PID "+action+" "+arguments) + " [flags]"
	cmd.SetUsageTemplate(strings.ReplaceAll(cmd.UsageTemplate(), "{{.UseLine}}", usage))
	return cmd
}

// stopFlag is --stop.
func stopFlag(fs *pflag.FlagSet, stop *bool, byDefault bool) {
	fs.BoolVar(stop, "stop", byDefault, "stop the process meanwhile")
}

// toStandardOutput gives f a buffer before standard output.
func toStandardOutput(w io.Writer, f func(*bufio.Writer) error) error {
	b := bufio.NewWriterSize(w, 64<<10)
	err := f(b)
	if full := b.Flush(); full != nil && err == nil {
		err = fmt.Errorf("standard output: %w", full)
	}
	return err
}

// place is an address as it was typed: absolute, or by a mapping's name.
type place struct {
	name string // "[heap]", or ""
	off  uint64
}

// parsePlace reads 0x1000, 4096, [heap] or [heap]+0x10.
func parsePlace(s string) (place, error) {
	if !strings.HasPrefix(s, "[") {
		n, err := parseNumber(s)
		if err != nil {
			return place{}, fmt.Errorf("address %w", err)
		}
		return place{off: n}, nil
	}
	end := strings.IndexByte(s, ']') + 1
	if end == 0 {
		return place{}, fmt.Errorf("address %q: no ] behind the mapping's name", s)
	}
	p := place{name: s[:end]}
	if end == len(s) {
		return p, nil
	}
	off, ok := strings.CutPrefix(s[end:], "+")
	n, err := parseNumber(off)
	if !ok || err != nil {
		return place{}, fmt.Errorf("address %q: want %s or %s+OFFSET", s, p.name, p.name)
	}
	p.off = n
	return p, nil
}

// in is the address in a process.
func (p place) in(s *memory.Space) (uint64, error) {
	if p.name == "" {
		return p.off, nil
	}
	maps, err := s.Maps()
	if err != nil {
		return 0, err
	}
	for _, m := range maps {
		if m.Path == p.name {
			if p.off > math.MaxUint64-m.Start {
				break
			}
			return m.Start + p.off, nil
		}
	}
	return 0, fmt.Errorf("the process has no mapping %s that reaches so far", p.name)
}

// parseNumber reads 0x… or a decimal number.
func parseNumber(s string) (uint64, error) {
	digits, hex := strings.CutPrefix(strings.ToLower(s), "0x")
	base := 10
	if hex {
		base = 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%.80q is beyond 64 bits", s)
	case err != nil:
		if _, err := strconv.ParseUint(digits, 16, 64); err == nil {
			return 0, fmt.Errorf("%.80q is no decimal number (did you mean 0x%s?)", s, digits)
		}
		return 0, fmt.Errorf("%.80q is no number: want 0x… or decimal digits", s)
	}
	return n, nil
}

// parseLength reads 64, 0x40, 4K, 1.5MiB.
func parseLength(s string) (uint64, error) {
	if strings.HasPrefix(strings.ToLower(s), "0x") {
		n, err := parseNumber(s)
		if err == nil && n == 0 {
			err = errors.New("must be more than 0")
		}
		return n, err
	}
	if isUnlimited(s) {
		return 0, fmt.Errorf("%q is not a length", s)
	}
	n, err := parseSize(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a length: want 64, 0x40, 4K, 1.5MiB", s)
	}
	return uint64(n), nil
}

// parseWithin reads what --in says: START-END as maps prints it, START+LEN, or
// the name of a mapping, a file's path or its last part. It gives the ranges in
// ascending order.
func parseWithin(s string, maps []memory.Mapping) ([]memory.Range, error) {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, err1 := strconv.ParseUint(strings.TrimPrefix(from, "0x"), 16, 64)
		b, err2 := strconv.ParseUint(strings.TrimPrefix(to, "0x"), 16, 64)
		if err1 == nil && err2 == nil {
			if b <= a {
				return nil, fmt.Errorf("--in %s: it ends before it begins", s)
			}
			return []memory.Range{{Addr: a, Len: b - a}}, nil
		}
	}
	if from, size, ok := strings.Cut(s, "+"); ok {
		a, err1 := parseNumber(from)
		n, err2 := parseLength(size)
		if err1 == nil && err2 == nil {
			return []memory.Range{{Addr: a, Len: n}}, nil
		}
	}
	var ranges []memory.Range
	for _, m := range maps {
		if m.Path == s || strings.HasPrefix(m.Path, "/") && strings.HasSuffix(m.Path, "/"+s) {
			ranges = append(ranges, m.Range())
		}
	}
	if len(ranges) == 0 {
		return nil, fmt.Errorf("--in %s: no mapping of that name; want START-END as maps prints it, START+LEN, [heap], [stack], a file's path or name", s)
	}
	return ranges, nil
}

// within gives the ranges of --in, or nil for all of memory.
func within(s *memory.Space, in string) ([]memory.Range, error) {
	if in == "" {
		return nil, nil
	}
	maps, err := s.Maps()
	if err != nil {
		return nil, err
	}
	return parseWithin(in, maps)
}

const inUsage = "`WHERE`: START-END as maps prints it, START+LEN, or mappings by name: [heap], libc.so.6"
