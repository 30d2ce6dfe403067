package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"warder/memory"
	"warder/record"
)

// notFound is the exit status of a search that found nothing, as grep has it.
const notFound = 1

// valueFlags say what bytes are meant.
type valueFlags struct {
	hex, text string
	numbers   [len(numberKinds)]string
}

// numberKinds are the flags for numbers, little-endian.
var numberKinds = [...]struct {
	name   string
	bits   int
	signed bool
	float  bool
}{
	{"u8", 8, false, false},
	{"u16", 16, false, false},
	{"u32", 32, false, false},
	{"u64", 64, false, false},
	{"i8", 8, true, false},
	{"i16", 16, true, false},
	{"i32", 32, true, false},
	{"i64", 64, true, false},
	{"f32", 32, false, true},
	{"f64", 64, false, true},
}

func (f *valueFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.hex, "hex", "", "`BYTES` in hexadecimal: b0 2a c3, b02ac3, \\xb0\\x2a")
	fs.StringVar(&f.text, "string", "", "the bytes of a `TEXT`")
	for i, k := range numberKinds {
		what := fmt.Sprintf("`NUMBER` of %d bits", k.bits)
		switch {
		case k.float:
			what = fmt.Sprintf("floating-point `NUMBER` of %d bits", k.bits)
		case k.signed:
			what += ", with a sign"
		}
		fs.StringVar(&f.numbers[i], k.name, "", what)
	}
}

// given counts the flags that were.
func (f *valueFlags) given(fs *pflag.FlagSet) int {
	n := 0
	for _, name := range f.flags() {
		if fs.Changed(name) {
			n++
		}
	}
	return n
}

func (f *valueFlags) flags() []string {
	names := []string{"hex", "string"}
	for _, k := range numberKinds {
		names = append(names, k.name)
	}
	return names
}

// bytes gives what the one flag that was given means.
func (f *valueFlags) bytes(fs *pflag.FlagSet, verb string) ([]byte, error) {
	if f.given(fs) != 1 {
		return nil, fmt.Errorf("say what to %s, by one of --%s", verb, strings.Join(f.flags(), ", --"))
	}
	if fs.Changed("hex") {
		b, err := parseHex(f.hex)
		if err != nil {
			return nil, fmt.Errorf("--hex: %w", err)
		}
		return b, nil
	}
	if fs.Changed("string") {
		if f.text == "" {
			return nil, errors.New("--string: it is empty")
		}
		return []byte(f.text), nil
	}
	for i, k := range numberKinds {
		if !fs.Changed(k.name) {
			continue
		}
		b, err := encodeNumber(f.numbers[i], k.bits, k.signed, k.float)
		if err != nil {
			return nil, fmt.Errorf("--%s %.80q: %w", k.name, f.numbers[i], err)
		}
		return b, nil
	}
	return nil, errors.New("BUG: a flag without a value")
}

// encodeNumber gives a number as it lies in memory. Integers may be 0x….
func encodeNumber(s string, bits int, signed, float bool) ([]byte, error) {
	var raw uint64
	var err error
	digits, negative := strings.CutPrefix(strings.ToLower(s), "-")
	base := 10
	if h, ok := strings.CutPrefix(digits, "0x"); ok {
		digits, base = h, 16
	}
	switch {
	case float:
		var v float64
		v, err = strconv.ParseFloat(s, bits)
		raw = math.Float64bits(v)
		if bits == 32 {
			raw = uint64(math.Float32bits(float32(v)))
		}
	case signed && negative:
		var v int64
		v, err = strconv.ParseInt("-"+digits, base, bits)
		raw = uint64(v)
	case signed:
		var v int64
		v, err = strconv.ParseInt(digits, base, bits)
		raw = uint64(v)
	case negative:
		err = errors.New("it has a sign")
	default:
		raw, err = strconv.ParseUint(digits, base, bits)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, fmt.Errorf("it does not fit into %d bits", bits)
	case errors.Is(err, strconv.ErrSyntax):
		return nil, errors.New("it is no number")
	case err != nil:
		return nil, err
	}
	return memory.Encode(raw)[:bits/8], nil
}

// memSearchFlags are the flags of warder mem PID search.
type memSearchFlags struct {
	what            valueFlags
	in              string
	aligned, asJSON bool
	stop            bool
	limit           int
}

func newMemSearch() *cobra.Command {
	var f memSearchFlags
	cmd := memCommand("search", "(PATTERN | FLAG)", "Find bytes, text or numbers")
	cmd.Long = `Print the addresses, and in what they lie, at which readable memory holds a
PATTERN of text, or what a flag says: bytes in hexadecimal, text, a number as it
lies in memory (little-endian). Exit status: 0, 1 if nothing was found, 125 for
an error.

Pages that cannot be read are stepped over; at most 16 GiB are read.`
	cmd.Example = `  warder mem 1234 search password
  warder mem 1234 search --u32 1337 --aligned --in '[heap]'
  warder mem 1234 search --f64 3.25 --limit 10
  warder mem 1234 search --hex '48 8b 05' --in libc.so.6`
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		names := []string{"PID"}
		if len(args) > 1 {
			names = append(names, "PATTERN")
		}
		return needArgs(names...)(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) }
	fs := cmd.Flags()
	f.what.define(fs)
	fs.BoolVar(&f.aligned, "aligned", false, "only at multiples of the number's size")
	fs.StringVar(&f.in, "in", "", inUsage)
	fs.IntVar(&f.limit, "limit", 1000, "stop after `N` addresses")
	fs.BoolVar(&f.asJSON, "json", false, "print JSON")
	stopFlag(fs, &f.stop, false)
	return cmd
}

func (f *memSearchFlags) run(cmd *cobra.Command, args []string) error {
	pid, err := parsePID(args[0])
	if err != nil {
		return err
	}
	q, err := f.query(cmd.Flags(), args[1:])
	if err != nil {
		return err
	}
	var found []uint64
	var maps []memory.Mapping
	err = withMemory(pid, f.stop, func(s *memory.Space) (err error) {
		if q.Within, err = within(s, f.in); err != nil {
			return err
		}
		if maps, err = s.Maps(); err != nil {
			return err
		}
		found, err = s.SearchFor(*q)
		return err
	})
	if printed := printFound(cmd.OutOrStdout(), found, maps, f.asJSON); err == nil {
		err = printed
	}
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return statusError(notFound)
	case len(found) == f.limit:
		say(fmt.Sprintf("stopped at %d addresses; there may be more: see --limit", f.limit))
	}
	return nil
}

func (f *memSearchFlags) query(fs *pflag.FlagSet, pattern []string) (*memory.Query, error) {
	if f.limit < 1 {
		return nil, errors.New("--limit: must be more than 0")
	}
	q := &memory.Query{Limit: f.limit}
	var err error
	switch {
	case len(pattern) > 0 && f.what.given(fs) > 0:
		return nil, errors.New("PATTERN and a flag for what to search: give one of them")
	case len(pattern) > 0 && pattern[0] == "":
		return nil, errors.New("PATTERN is empty")
	case len(pattern) > 0:
		q.Pattern = []byte(pattern[0])
	default:
		q.Pattern, err = f.what.bytes(fs, "search")
	}
	if err != nil {
		return nil, err
	}
	if f.aligned {
		if len(pattern) > 0 || fs.Changed("hex") || fs.Changed("string") {
			return nil, errors.New("--aligned is for numbers")
		}
		q.Align = uint64(len(q.Pattern))
	}
	return q, nil
}

func printFound(w io.Writer, found []uint64, maps []memory.Mapping, asJSON bool) error {
	return toStandardOutput(w, func(b *bufio.Writer) error {
		if asJSON {
			type hit struct {
				Address string `json:"address"`
				Place   string `json:"place"`
			}
			hits := make([]hit, 0, len(found))
			for _, addr := range found {
				hits = append(hits, hit{hex(addr), memory.Locate(maps, addr)})
			}
			return printJSON(b, hits)
		}
		for _, addr := range found {
			fmt.Fprintf(b, "%#x %s\n", addr, record.Clean(memory.Locate(maps, addr)))
		}
		return nil
	})
}
