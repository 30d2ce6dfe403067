package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"warder/abi"
	"warder/internal/guess"
)

// Summary counts calls, for strace's -c, or -C beside another sink. Only
// calls that return are counted, as strace does: exit_group is not.
//
// The time is that between entry and return by the clock, what strace counts
// with -w: it holds what the call waited for and what the two stops cost.
// Without -w strace counts CPU time of the kernel, which no stop tells us.
type Summary struct {
	counts [tables]*[tableSize + 1]count // the last is for numbers without a name
}

var _ Sink = (*Summary)(nil)

// count is one call's.
type count struct {
	calls, errors uint64
	time          time.Duration
	least, most   time.Duration
}

// Enter counts nothing.
func (*Summary) Enter(*Call) {}

// Tell counts nothing.
func (*Summary) Tell(*Event, int) {}

// Return counts a call.
func (s *Summary) Return(c *Call) {
	if !c.Returned {
		return
	}
	arch, nr := int(c.Text.Arch), c.Text.Nr
	if arch >= tables {
		arch = 0
	}
	row := s.counts[arch]
	if row == nil {
		row = new([tableSize + 1]count)
		s.counts[arch] = row
	}
	n, spent := &row[min(nr, tableSize)], c.Duration()
	if n.calls == 0 || spent < n.least {
		n.least = spent
	}
	n.most = max(n.most, spent)
	n.calls++
	n.time += spent
	if c.Failed {
		n.errors++
	}
}

// Sort is an order of a Summary's lines.
type Sort uint8

// The orders. Where two calls are equal, the lower number comes first.
const (
	ByTime    Sort = iota // most first
	ByCalls               // most first
	ByErrors              // most first
	ByName                // from a to z
	ByAverage             // slowest first
	ByLeast               // the one whose fastest call is slowest first
	ByMost                // the one with the slowest call first
	ByNothing             // by number
)

var sortWords = []struct {
	word string
	sort Sort
}{
	{"time", ByTime},
	{"calls", ByCalls},
	{"errors", ByErrors},
	{"name", ByName},
	{"avg-time", ByAverage},
	{"min-time", ByLeast},
	{"max-time", ByMost},
	{"nothing", ByNothing},

	{"time-percent", ByTime},
	{"time-total", ByTime},
	{"total-time", ByTime},
	{"count", ByCalls},
	{"error", ByErrors},
	{"syscall", ByName},
	{"syscall-name", ByName},
	{"time-avg", ByAverage},
	{"shortest", ByLeast},
	{"time-min", ByLeast},
	{"longest", ByMost},
	{"time-max", ByMost},
	{"none", ByNothing},
}

// ParseSort reads strace's words for -S.
func ParseSort(word string) (Sort, error) {
	var words []string
	for _, w := range sortWords {
		if w.word == word {
			return w.sort, nil
		}
		words = append(words, w.word)
	}
	return 0, fmt.Errorf("no order %q: want time, calls, errors, name, avg-time, min-time, max-time or nothing%s",
		word, guess.Hint(word, words))
}

// line is one of a table.
type line struct {
	name string
	count
}

func (n *count) average() time.Duration {
	if n.calls == 0 {
		return 0
	}
	return n.time / time.Duration(n.calls)
}

// less orders two lines.
func (s Sort) compare(a, b line) int {
	switch s {
	case ByTime:
		return cmp.Compare(b.time, a.time)
	case ByCalls:
		return cmp.Compare(b.calls, a.calls)
	case ByErrors:
		return cmp.Compare(b.errors, a.errors)
	case ByName:
		return strings.Compare(a.name, b.name)
	case ByAverage:
		return cmp.Compare(b.average(), a.average())
	case ByLeast:
		return cmp.Compare(b.least, a.least)
	case ByMost:
		return cmp.Compare(b.most, a.most)
	case ByNothing:
	}
	return 0
}

// Write writes strace's table: one for each architecture whose calls were
// made, the native one first. Where no call was made there is nothing.
func (s *Summary) Write(w io.Writer, order Sort) error {
	var b strings.Builder
	native := abi.Native()
	if s.counts[native] != nil {
		s.table(&b, native, order)
	}
	for arch := range abi.Arch(tables) {
		if arch == native || s.counts[arch] == nil {
			continue
		}
		fmt.Fprintf(&b, "System call usage summary for %s:\n", modeName(arch))
		s.table(&b, arch, order)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// modeName is what strace calls the calls of another architecture.
func modeName(arch abi.Arch) string {
	if arch == abi.I386 {
		return "32 bit mode"
	}
	return arch.String()
}

func (s *Summary) table(b *strings.Builder, arch abi.Arch, order Sort) {
	var lines []line
	total := line{name: "total"}
	if row := s.counts[arch]; row != nil {
		for nr := range row {
			if row[nr].calls == 0 {
				continue
			}
			name, ok := arch.Name(uint32(nr))
			if !ok {
				name = fmt.Sprintf("syscall_0x%x", nr)
			}
			if nr == tableSize {
				name = "others"
			}
			lines = append(lines, line{name, row[nr]})
			total.calls += row[nr].calls
			total.errors += row[nr].errors
			total.time += row[nr].time
		}
	}
	slices.SortStableFunc(lines, order.compare)
	widths := [...]int{6, 11, 11, 9, 9, 16}
	var rows [][len(widths)]string
	for _, l := range append(lines, total) {
		percent := 100.0
		if l.name != total.name {
			percent = 0
			if total.time > 0 {
				percent = 100 * l.time.Seconds() / total.time.Seconds()
			}
		}
		errors := ""
		if l.errors > 0 {
			errors = fmt.Sprint(l.errors)
		}
		rows = append(rows, [...]string{
			fmt.Sprintf("%.2f", percent), fmt.Sprintf("%.6f", l.time.Seconds()),
			fmt.Sprint(l.average().Microseconds()), fmt.Sprint(l.calls), errors, l.name,
		})
		for i, cell := range rows[len(rows)-1] {
			if i == len(widths)-1 && l.name != total.name {
				cell += " " // strace's rule is one longer than a long name
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	// The last head is as wide as the last column, so that it stands left.
	fmt.Fprintf(b, "%*s %*s %*s %*s %*s %s\n", widths[0], "% time", widths[1], "seconds", widths[2], "usecs/call",
		widths[3], "calls", widths[4], "errors", "syscall")
	var rule []string
	for _, width := range widths {
		rule = append(rule, strings.Repeat("-", width))
	}
	ruler := strings.Join(rule, " ") + "\n"
	b.WriteString(ruler)
	for i, row := range rows {
		if i == len(rows)-1 {
			b.WriteString(ruler)
		}
		fmt.Fprintf(b, "%*s %*s %*s %*s %*s %s\n", widths[0], row[0], widths[1], row[1], widths[2], row[2],
			widths[3], row[3], widths[4], row[4], row[5])
	}
}
