package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// transcript is a trace in strace's format, made comparable with another one
// of the same command: by thread, each under a name that tells its descent
// ("0" is the program's first, "0.2" the second that it made), with what two
// runs of one program never have in common named or left out.
type transcript struct {
	threads map[string][]string
}

// Lines of a trace.
var (
	traceLine   = regexp.MustCompile(`^(\d+) +(.*)$`)
	resumedLine = regexp.MustCompile(`^<\.\.\. (\S+) resumed>(.*)$`)
	changedLine = regexp.MustCompile(`^(.*?) +<pid changed to (\d+) \.\.\.>$`)
	supersedes  = regexp.MustCompile(`^\+\+\+ superseded by execve in pid (\d+) \+\+\+$`)
	birthLine   = regexp.MustCompile(`^(?:clone3?|v?fork)\(.*\) += (\d+)`)
	// givenLine returns what the kernel numbers as it goes, for all processes.
	givenLine   = regexp.MustCompile(`^(?:shmget|semget|msgget|add_key|keyctl|request_key)\(.*\) += (\d+)$`)
	padding     = regexp.MustCompile(`\) +=`)
	wholeNumber = regexp.MustCompile(`(^|[^\\\w])(\d{2,})\b`)
	// temporary is a name that mkstemp made up.
	temporary = regexp.MustCompile(`^openat\(.*?, "[^"]*?([A-Za-z0-9]{6})(?:\.\w+)?", O_RDWR\|O_CREAT\|O_EXCL.*, 0600\)`)
	// A descriptor of random bytes, until it is closed.
	randomOpened = regexp.MustCompile(`^openat\(.*"/dev/u?random".*\) = (\d+)`)
	closed       = regexp.MustCompile(`^close\((\d+)\)`)
	readFrom     = regexp.MustCompile(`^(read\((\d+)(?:<[^>]*>)?, )".*"(?:\.\.\.)?(, \d+\) = \d+)$`)
	// bigAddress is one that is no size or flag: programs of 64 bits have all
	// of theirs above, but for those that are linked to an address.
	bigAddress = regexp.MustCompile(`0x[0-9a-f]{9,16}\b`)
)

const unfinished = " <unfinished ...>"

// newTranscript reads a trace with bare thread ids. ids are numbers of
// processes outside, by name.
func newTranscript(text string, ids map[string]string, random ...mask) (*transcript, error) {
	lines, children := map[string][]string{}, map[string][]string{}
	begun := map[string]string{}
	root := ""
	given := 0
	var made []string
	names := map[string]string{}
	for number, name := range ids {
		names[number] = name
	}
	for line := range strings.Lines(text) {
		m := traceLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			return nil, fmt.Errorf("line %q", line)
		}
		id, rest := m[1], m[2]
		if root == "" {
			root = id
		}
		switch head, cut := strings.CutSuffix(rest, unfinished); {
		case cut:
			begun[id] = head
			continue
		case changedLine.MatchString(rest):
			m := changedLine.FindStringSubmatch(rest)
			begun[m[2]] = m[1]
			continue
		}
		if m := supersedes.FindStringSubmatch(rest); m != nil && begun[m[1]] != "" {
			begun[id] = begun[m[1]]
		} else if m := resumedLine.FindStringSubmatch(rest); m != nil {
			head, ok := begun[id]
			if !ok || !strings.HasPrefix(head, m[1]+"(") {
				return nil, fmt.Errorf("thread %s resumes what it has not begun: %q", id, rest)
			}
			delete(begun, id)
			rest = putTogether(head, m[2])
		}
		rest = padding.ReplaceAllString(rest, ") =")
		lines[id] = append(lines[id], rest)
		if m := birthLine.FindStringSubmatch(rest); m != nil {
			children[id] = append(children[id], m[1])
		}
		if m := givenLine.FindStringSubmatch(rest); m != nil && names[m[1]] == "" {
			given++
			names[m[1]] = fmt.Sprint("GIVEN", given)
		}
		if m := temporary.FindStringSubmatch(rest); m != nil {
			made = append(made, m[1], "MADEUP")
		}
	}
	threads := descent(root, lines, children)
	for id, name := range threads {
		names[id] = "T" + name
	}
	t := &transcript{threads: map[string][]string{}}
	known := strings.NewReplacer(made...)
	for id, list := range lines {
		hideRandom(list)
		for i, line := range list {
			list[i] = plainLine(known.Replace(line), names, random)
		}
		t.threads[threads[id]] = list
	}
	return t, nil
}

// hideRandom takes away what is read of random bytes.
func hideRandom(lines []string) {
	open := map[string]bool{}
	for i, line := range lines {
		if m := randomOpened.FindStringSubmatch(line); m != nil {
			open[m[1]] = true
		}
		if m := closed.FindStringSubmatch(line); m != nil {
			delete(open, m[1])
		}
		if m := readFrom.FindStringSubmatch(line); m != nil && open[m[2]] {
			lines[i] = m[1] + "RANDOM" + m[3]
		}
	}
}

// putTogether puts the halves of a call together.
func putTogether(head, rest string) string {
	if strings.HasPrefix(rest, " ") && strings.HasSuffix(head, " ") {
		rest = rest[1:]
	}
	return head + rest
}

// descent names threads by who made them.
func descent(root string, lines, children map[string][]string) map[string]string {
	names := map[string]string{root: "0"}
	for queue := []string{root}; len(queue) > 0; queue = queue[1:] {
		for i, child := range children[queue[0]] {
			if names[child] == "" {
				names[child] = names[queue[0]] + "." + strconv.Itoa(i+1)
				queue = append(queue, child)
			}
		}
	}
	strangers := 0
	for _, id := range sortedKeys(lines) {
		if names[id] == "" {
			strangers++
			names[id] = fmt.Sprint("?", strangers)
		}
	}
	return names
}

func sortedKeys(m map[string][]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// without takes lines out, and returns how many.
func (t *transcript) without(pattern *regexp.Regexp) int {
	n := 0
	for name, list := range t.threads {
		rest := slices.DeleteFunc(slices.Clone(list), pattern.MatchString)
		n += len(list) - len(rest)
		t.threads[name] = rest
	}
	return n
}

// mask is a part of some calls' lines that differs between two runs.
type mask struct {
	pattern *regexp.Regexp
	by      string
}

func masked(pattern, by string) []mask { return []mask{{regexp.MustCompile(pattern), by}} }

var (
	everyNumber = masked(`=\d+`, "=N")
	port        = masked(`port=htons\(\d+\)`, "port=htons(PORT)")
	left        = masked(`left \{.*?\}`, "left {TIME}")

	// masks are by call.
	masks = map[string][]mask{
		"clock_gettime":   everyNumber,
		"gettimeofday":    everyNumber,
		"clock_adjtime":   masked(`(offset|freq|maxerror|esterror|status|tv_sec|tv_usec|tick)=[^,}]+`, "$1=N"),
		"adjtimex":        masked(`(offset|freq|maxerror|esterror|status|tv_sec|tv_usec|tick)=[^,}]+`, "$1=N"),
		"time":            masked(`= \d+( \(.*\))?$`, "= TIME"),
		"times":           masked(`=[ \d]\d*`, "=N"),
		"getrusage":       everyNumber,
		"wait4":           masked(`(tv_u?sec)=\d+`, "$1=N"),
		"sysinfo":         masked(`(uptime|freeram|sharedram|bufferram|procs)=\d+|loads=\[[^\]]*\]`, "$1=N"),
		"statfs":          masked(`(f_bfree|f_bavail|f_ffree)=\d+`, "$1=N"),
		"fstatfs":         masked(`(f_bfree|f_bavail|f_ffree)=\d+`, "$1=N"),
		"shmctl":          masked(`(shm_[acd]time)=\d+`, "$1=N"),
		"clock_getres":    masked(`0x[0-9a-f]{8} `, "CLOCK "),
		"getcpu":          masked(`\[\d+\]`, "[N]"),
		"getrandom":       masked(`"[^"]*"`, "RANDOM"),
		"getsockname":     port,
		"getpeername":     port,
		"accept":          port,
		"accept4":         port,
		"connect":         port,
		"recvmmsg":        append(port, left...),
		"pselect6":        left,
		"select":          left,
		"ppoll":           left,
		"clock_nanosleep": masked(`(\}, \{tv_sec=\d+, tv_nsec=)\d+`, "${1}N"),
		"nanosleep":       masked(`(\}, \{tv_sec=\d+, tv_nsec=)\d+`, "${1}N"),
		"timerfd_gettime": masked(`tv_nsec=\d+`, "tv_nsec=N"),
		"timer_gettime":   masked(`tv_nsec=\d+`, "tv_nsec=N"),
		// An absolute time, on the clock of the day.
		"futex": masked(`\{tv_sec=\d{5,}, tv_nsec=\d+\}`, "{TIME}"),
	}
	everywhere = []mask{
		{regexp.MustCompile(`(si_[us]time)=\d+(?: /\* [\d.]+ s \*/)?`), "$1=N"},
		{regexp.MustCompile(`\b(pipe|socket):\[\d+\]`), "$1:[N]"},
		{regexp.MustCompile(`\btmp\.[A-Za-z0-9]{10}\b`), "tmp.RANDOM"},
		{regexp.MustCompile(`/cc[A-Za-z0-9]{6}\.`), "/ccRANDOM."},
		{regexp.MustCompile(`\btmp_(obj|pack|idx)_[A-Za-z0-9]{6}`), "tmp_${1}_RANDOM"},
	}
)

// plainLine is a line without what differs in any two runs.
func plainLine(line string, names map[string]string, random []mask) string {
	call, _, _ := strings.Cut(line, "(")
	for _, list := range [...][]mask{masks[call], everywhere, random} {
		for _, m := range list {
			line = m.pattern.ReplaceAllString(line, m.by)
		}
	}
	return wholeNumber.ReplaceAllStringFunc(line, func(s string) string {
		m := wholeNumber.FindStringSubmatch(s)
		if name := names[m[2]]; name != "" {
			return m[1] + name
		}
		return s
	})
}
