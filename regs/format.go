package regs

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Info says what a name stands for.
type Info struct {
	Name string // as it was asked for
	Set  string // "general", "vector" or "debug"
	Bits int    // 1 to 512

	// Lanes is how many equal parts the name shows, and Float whether each is
	// a floating-point number: "xmm0.v4_float" has four of 32 bits. A plain
	// name has one.
	Lanes int
	Float bool

	natural func(v Value) string
}

// ErrSyntax is the cause when a text is no value for a register.
var ErrSyntax = errors.New("not a value")

// Print gives a value as people read it: addresses and flags for what holds
// them, a decimal number, "{1, 2}" for lanes, hexadecimal for wide registers.
func (i Info) Print(v Value) string {
	v, err := v.fit(i.Bits)
	if err != nil {
		return err.Error()
	}
	if i.natural != nil {
		return i.natural(v)
	}
	if i.Lanes <= 1 {
		return i.lane(v)
	}
	size := len(v) / i.Lanes
	parts := make([]string, i.Lanes)
	for k := range parts {
		parts[k] = i.lane(v[k*size : (k+1)*size])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// Line gives a register with its value in the columns of gdb's "info
// registers": name, hexadecimal, and what Print says, where that is more. It
// ends in a newline.
func (i Info) Line(v Value) string {
	hex, meaning := v.String(), i.Print(v)
	if meaning == hex && i.natural == nil {
		meaning = "" // a wide register
	}
	s := fmt.Sprintf("%-15s%-19s %s", i.Name, hex, meaning)
	return strings.TrimRight(s, " ") + "\n"
}

// lane prints one part.
func (i Info) lane(v Value) string {
	switch {
	case i.Float && len(v) == 10:
		return float80(v)
	case i.Float && len(v) == 8:
		return strconv.FormatFloat(math.Float64frombits(v.Uint64()), 'g', -1, 64)
	case i.Float && len(v) == 4:
		return strconv.FormatFloat(float64(math.Float32frombits(uint32(v.Uint64()))), 'g', -1, 32)
	case len(v) > 8:
		return v.String()
	}
	return strconv.FormatUint(v.Uint64(), 10)
}

// maxText bounds what Parse looks at: 64 lanes of 20 digits are shorter, and
// the time for a number grows with the square of its length.
const maxText = 4096

// Parse reads a value for the register. 0x… is its bits, also of a floating
// point register; else a decimal number (0b… and 0o… too), which may be
// negative: then it is the two's complement; or a floating-point number, inf
// or nan where the register holds such. Several lanes are written {1, 2}, the
// lowest first, the braces being optional. The error's cause is ErrRange or
// ErrSyntax.
func (i Info) Parse(s string) (Value, error) {
	var v Value
	err := ErrSyntax
	if len(s) <= maxText {
		v, err = i.parse(strings.TrimSpace(s))
	}
	if err != nil {
		return nil, &Error{"set " + i.Name, 0, fmt.Errorf("%.80q: %w", s, err)}
	}
	return v, nil
}

func (i Info) parse(s string) (Value, error) {
	if i.Lanes <= 1 || isHex(s) {
		return i.parseLane(s, i.Bits)
	}
	list := strings.Split(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"), ",")
	if len(list) != i.Lanes {
		return nil, fmt.Errorf("%w: want %d numbers separated by commas", ErrSyntax, i.Lanes)
	}
	var v Value
	for _, part := range list {
		w, err := i.parseLane(strings.TrimSpace(part), i.Bits/i.Lanes)
		if err != nil {
			return nil, err
		}
		v = append(v, w...)
	}
	return v, nil
}

func isHex(s string) bool { return strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") }

func (i Info) parseLane(s string, width int) (Value, error) {
	if i.Float && !isHex(s) {
		return parseFloat(s, width)
	}
	digits, negative := strings.CutPrefix(s, "-")
	base := 10 // without a prefix: a leading zero is no octal number
	if len(digits) > 1 && digits[0] == '0' && strings.ContainsRune("xXbBoO", rune(digits[1])) {
		base = 0
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok || n.Sign() < 0 || digits[0] == '+' {
		return nil, ErrSyntax
	}
	if negative {
		limit := new(big.Int).Lsh(big.NewInt(1), uint(width-1))
		if n.Cmp(limit) > 0 {
			return nil, ErrRange
		}
		if n.Sign() > 0 {
			n.Sub(limit.Lsh(limit, 1), n)
		}
	}
	return fromBig(n, width)
}

func parseFloat(s string, width int) (Value, error) {
	if width == 80 {
		return parseFloat80(s)
	}
	f, err := strconv.ParseFloat(s, width)
	switch {
	case err != nil && !math.IsInf(f, 0):
		return nil, ErrSyntax
	case err != nil:
		return nil, ErrRange
	case width == 32:
		return Uint(uint64(math.Float32bits(float32(f))))[:4], nil
	}
	return Uint(math.Float64bits(f)), nil
}

// lanes narrows a vector register's Info by the part of a name behind its
// dot, as gdb names it: "v4_float", "v2_double", "v16_int8" … and, with an
// index behind it, one lane. first is that lane's first bit.
func (i Info) lanes(view string) (narrow Info, first int, ok bool) {
	view, index, indexed := strings.Cut(view, "[")
	count, kind, ok := strings.Cut(strings.TrimPrefix(view, "v"), "_")
	n, err := strconv.Atoi(count)
	width := map[string]int{"float": 32, "double": 64, "int8": 8, "int16": 16, "int32": 32, "int64": 64}[kind]
	if !ok || err != nil || view[0] != 'v' || width == 0 || n*width != i.Bits || count[0] == '0' || count[0] == '+' {
		return i, 0, false
	}
	i.Lanes, i.Float = n, kind == "float" || kind == "double"
	i.natural = nil
	if !indexed {
		return i, 0, true
	}
	digits, closed := strings.CutSuffix(index, "]")
	k, err := strconv.Atoi(digits)
	if !closed || err != nil || k < 0 || k >= n || strconv.Itoa(k) != digits {
		return i, 0, false
	}
	i.Lanes, i.Bits = 1, width
	return i, k * width, true
}
