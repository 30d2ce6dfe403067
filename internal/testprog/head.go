package testprog

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"warder/internal/testutil"
)

// AttackInfo is the head comment of an attack.
type AttackInfo struct {
	Name  string // of the file, without .c
	Path  string // of the source
	Claim string
	Class string

	// Bare lists the right outcomes without a supervisor: an exit status,
	// "signaled SIGXCPU", or "timeout" for one that never ends.
	Bare []string

	// Expect lists, for a profile ("compute") or a profile under an engine
	// ("compute/hybrid"), the right outcomes: "ok" (exit status 0, contained)
	// or an outcome and, for a violation, the call's name.
	Expect map[string][]string

	Needs []testutil.Need
	See   []int // items of the list of pitfalls
}

// Expected returns what is right under a profile and an engine: the entry for
// the two if there is one, otherwise that of the profile.
func (a AttackInfo) Expected(profile, engine string) []string {
	if expect, ok := a.Expect[profile+"/"+engine]; ok {
		return expect
	}
	return a.Expect[profile]
}

// Attacks reads the heads of all attacks, in the order of their names.
func Attacks(t testing.TB) []AttackInfo {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(attackDir(), "*.c"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatalf("no attacks in %s", attackDir())
	}
	infos := make([]AttackInfo, 0, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := parseHead(path, text)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	return infos
}

var headPattern = regexp.MustCompile(`(?m)^ \* ([a-z][a-z0-9/-]*): (.*)$`)

// parseHead reads the first comment of an attack's source.
func parseHead(path string, text []byte) (AttackInfo, error) {
	info := AttackInfo{
		Name:   strings.TrimSuffix(filepath.Base(path), ".c"),
		Path:   path,
		Expect: map[string][]string{},
	}
	fail := func(format string, args ...any) (AttackInfo, error) {
		return AttackInfo{}, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	}
	head, _, closed := strings.Cut(string(text), "\n */\n")
	if !closed || !strings.HasPrefix(head, "/*\n") {
		return fail("no head comment")
	}
	seen := map[string]bool{}
	for _, line := range strings.Split(head, "\n")[1:] {
		m := headPattern.FindStringSubmatch(line)
		if m == nil {
			return fail("not a line of a head: %q", line)
		}
		key, value := m[1], strings.TrimSpace(m[2])
		if seen[key] || value == "" {
			return fail("%q is empty or there twice", key)
		}
		seen[key] = true
		switch key {
		case "claim":
			info.Claim = value
		case "class":
			info.Class = value
		case "bare":
			info.Bare = split(value, "|")
		case "needs":
			for _, need := range split(value, ",") {
				info.Needs = append(info.Needs, testutil.Need(need))
			}
		case "see":
			for _, item := range split(strings.TrimPrefix(value, "pitfalls "), ",") {
				n, err := strconv.Atoi(item)
				if err != nil {
					return fail("see: %q is no number", item)
				}
				info.See = append(info.See, n)
			}
		default:
			info.Expect[key] = split(value, "|")
		}
	}
	return info, nil
}

func split(list, separator string) []string {
	parts := strings.Split(list, separator)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// headLine returns the value of one line of a source's first comment, in the
// style of C ("/* build: -static */", " * build: -static") or of the shell
// ("# build: -static"), or nothing.
func headLine(text []byte, key string) string {
	m := regexp.MustCompile(`(?m)^(?:/?\*|//| \*|#) *` + key + `: *(.*?) *(?:\*/)?$`).FindSubmatch(text[:min(len(text), 2048)])
	if m == nil {
		return ""
	}
	return string(m[1])
}
