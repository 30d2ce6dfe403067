package bench

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is what figures are of, and what else it did meanwhile.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"` // that the caller may run on
	One       int    `json:"core"`  // where calls are made
	Other     int    `json:"other_core"`
	Kernel    string `json:"kernel"`
	Arch      string `json:"arch"` // as Go names it
	Clock     string `json:"clocksource"`
	// Virtual is the hypervisor's mark in /proc/cpuinfo.
	Virtual bool   `json:"virtual"`
	Go      string `json:"go"`
	// Spectre is what the kernel does at each entry against speculation, as
	// /sys/devices/system/cpu/vulnerabilities has it.
	Spectre map[string]string `json:"mitigations,omitempty"`

	Load float64 `json:"load"` // average of the last minute, before the run
	// Others is the part of all processors that ran something else meanwhile,
	// Stolen what the hypervisor gave to other machines: 0 to 1.
	Others float64 `json:"others"`
	Stolen float64 `json:"stolen"`
}

// What makes a machine too busy to measure on.
const (
	mostOthers = 0.10
	mostStolen = 0.05
)

// Busy says that the machine did too much else for any figure to be trusted.
func (m *Machine) Busy() bool { return m.Others > mostOthers || m.Stolen > mostStolen }

// look describes the running machine. What cannot be read is left empty.
func (m *Machine) look(cores Cores) {
	m.One, m.Other, m.Arch, m.Go = cores.One, cores.Other, runtime.GOARCH, runtime.Version()
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) == nil {
		m.Cores = set.Count()
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	m.Clock = line("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	first, _, _ := strings.Cut(line("/proc/loadavg"), " ")
	m.Load, _ = strconv.ParseFloat(first, 64) // 0 where it is unknown
	m.readProcessor()
	m.Spectre = make(map[string]string)
	for _, flaw := range []string{"meltdown", "spectre_v1", "spectre_v2", "spec_store_bypass", "retbleed", "vmscape"} {
		if text := line("/sys/devices/system/cpu/vulnerabilities/" + flaw); text != "" {
			m.Spectre[flaw] = text
		}
	}
}

func (m *Machine) readProcessor() {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "model name":
			m.Processor = value
		case "flags":
			m.Virtual = strings.Contains(" "+value+" ", " hypervisor ")
			return // the first processor's is enough
		}
	}
}

// line is the first line of a file, or "".
func line(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(first)
}

// account is how the machine's time was spent at one moment.
type account struct {
	at           time.Time
	busy, stolen time.Duration // of all processors together
	own          time.Duration // of this process and its dead children
	processors   int
}

// userTick is the unit of /proc/stat (USER_HZ, 100 on every architecture that
// warder knows).
const userTick = 10 * time.Millisecond

func takeAccount() (account, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return account{}, err
	}
	a := account{at: time.Now()}
	if err := a.parse(string(text)); err != nil {
		return account{}, err
	}
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			return account{}, fmt.Errorf("getrusage: %w", err)
		}
		a.own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return a, nil
}

// parse reads /proc/stat (proc_stat(5)).
func (a *account) parse(text string) error {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu") {
			break
		}
		if fields[0] != "cpu" {
			a.processors++
			continue
		}
		// user nice system idle iowait irq softirq steal, guests in user
		for i, field := range fields[1:min(len(fields), 9)] {
			n, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return fmt.Errorf("/proc/stat: %w", err)
			}
			switch ticks := time.Duration(n) * userTick; i {
			case 3, 4: // idle, and idle with input or output under way
			case 7:
				a.stolen += ticks
			default:
				a.busy += ticks
			}
		}
	}
	if a.processors == 0 {
		return fmt.Errorf("/proc/stat: no processor")
	}
	return nil
}

// spent fills in what the machine did from one moment to another; unseen is
// CPU time of our own that own does not count.
func (m *Machine) spent(from, to account, unseen time.Duration) {
	whole := float64(to.at.Sub(from.at)) * float64(to.processors)
	if whole <= 0 {
		return
	}
	share := func(d time.Duration) float64 {
		return math.Round(1000*min(max(float64(d)/whole, 0), 1)) / 1000
	}
	m.Others = share((to.busy - from.busy) - (to.own - from.own) - unseen)
	m.Stolen = share(to.stolen - from.stolen)
}
