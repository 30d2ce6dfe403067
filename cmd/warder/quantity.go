package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"warder/tracer"
)

// units of sizes. A bare letter and the forms with i are powers of 1024, as in
// ulimit, dd and docker; the forms with a lone B are powers of 1000, as the
// international system has them. Case does not matter.
var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1 << 10, "ki": 1 << 10, "kib": 1 << 10, "kb": 1e3,
	"m": 1 << 20, "mi": 1 << 20, "mib": 1 << 20, "mb": 1e6,
	"g": 1 << 30, "gi": 1 << 30, "gib": 1 << 30, "gb": 1e9,
	"t": 1 << 40, "ti": 1 << 40, "tib": 1 << 40, "tb": 1e12,
}

// isUnlimited recognises the words that switch a budget off.
func isUnlimited(s string) bool {
	switch strings.ToLower(s) {
	case "unlimited", "none":
		return true
	}
	return false
}

// errZero refuses a budget of nothing: to the library a zero means the default.
var errZero = errors.New("must be more than 0; unlimited switches it off")

// parseSize reads 64M, 64MiB, 1.5G, 10MB, 4096 or unlimited.
func parseSize(s string) (int64, error) {
	if isUnlimited(s) {
		return tracer.Unlimited, nil
	}
	digits := strings.TrimRight(s, "bBiIkKmMgGtT ")
	unit, ok := units[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	n, err := decimal(digits)
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is not a size: want 4096, 64K, 64M, 1.5G (powers of 1024; so are KiB, MiB, GiB), 10MB (powers of 1000) or unlimited", s)
	}
	switch n *= unit; {
	case n >= math.MaxInt64:
		return 0, fmt.Errorf("%q is too large; unlimited is none", s)
	case n < 1:
		return 0, errZero
	}
	return int64(n), nil
}

// parseCount reads a whole number or unlimited.
func parseCount(s string) (int64, error) {
	if isUnlimited(s) {
		return tracer.Unlimited, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a number: want 1 or more, or unlimited", s)
	}
	if n == 0 {
		return 0, errZero
	}
	return n, nil
}

// parseDuration reads 1.5s, 500ms, 1m30s, plain seconds (2, 0.5) or none.
func parseDuration(s string) (time.Duration, error) {
	if isUnlimited(s) {
		return tracer.Unlimited, nil
	}
	var d time.Duration
	n, err := decimal(s)
	if err == nil {
		if n >= math.MaxInt64/1e9 {
			return 0, fmt.Errorf("%q is too long; none is no limit", s)
		}
		d = time.Duration(math.Round(n * 1e9))
	} else if d, err = time.ParseDuration(s); err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration: want 2 (seconds), 1.5s, 500ms, 1m30s or none", s)
	}
	if d == 0 {
		return 0, errZero
	}
	return d, nil
}

// decimal reads digits with at most one point: no sign, exponent, hexadecimal,
// infinity or underscore, which strconv would take.
func decimal(s string) (float64, error) {
	if s == "" || s == "." || strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}
