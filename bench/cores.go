package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Cores are the two that mechanisms are measured on: calls are made on One,
// and so is supervision but where it is on Other. Other is -1 where the caller
// may run on one core only.
type Cores struct{ One, Other int }

// ChooseCores takes cores that the caller may run on: the last, for the first
// has most of the machine's interrupts, and another that shares no execution
// units with it if there is one.
func ChooseCores() (Cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return Cores{}, fmt.Errorf("sched_getaffinity: %w", err)
	}
	var may []int
	for core := range 64 * len(set) {
		if set.IsSet(core) {
			may = append(may, core)
		}
	}
	if len(may) == 0 {
		return Cores{}, fmt.Errorf("sched_getaffinity: %w", unix.EINVAL)
	}
	c := Cores{One: may[len(may)-1], Other: -1}
	text, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c.One))
	if err != nil {
		text = nil // unknown: any other will do
	}
	siblings := parseCores(string(text))
	for i := len(may) - 2; i >= 0; i-- {
		if !siblings[may[i]] {
			c.Other = may[i]
			return c, nil
		}
	}
	if len(may) > 1 {
		c.Other = may[len(may)-2]
	}
	return c, nil
}

// parseCores reads a list such as "0-2,5" (Documentation/admin-guide/cputopology.rst).
// What is no number is left out.
func parseCores(list string) map[int]bool {
	set := make(map[int]bool)
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		first, last, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		for core := a; core <= b && core-a < 1<<16; core++ {
			set[core] = true
		}
	}
	return set
}
