package testprog

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"warder/internal/testutil"
)

var (
	classes = []string{
		"files", "tree", "signals", "abi", "filter", "memory", "time", "cpu", "output", "terminal",
		"resource", "ptrace", "net", "exec", "creds", "sysinfo",
	}
	barePattern   = regexp.MustCompile(`^([0-9]{1,3}|timeout|signaled SIG[A-Z0-9]+)$`)
	expectPattern = regexp.MustCompile(`^(ok|exited [0-9]{1,3}|signaled SIG[A-Z0-9]+|cpu-time-limit|wall-time-limit|` +
		`memory-limit|output-limit|policy-violation( [a-z_0-9]+)?)$`)
)

// TestHeads holds every attack to the form of its head.
func TestHeads(t *testing.T) {
	infos := Attacks(t)
	if len(infos) < 50 {
		t.Errorf("%d attacks, want 50 at least", len(infos))
	}
	claims, names, used := map[string]string{}, map[string]bool{}, map[string]int{}
	for _, info := range infos {
		if names[info.Name] {
			t.Errorf("%s: the name is there twice", info.Name)
		}
		names[info.Name] = true
		if info.Claim == "" {
			t.Errorf("%s: no claim", info.Name)
		}
		if other := claims[info.Claim]; other != "" {
			t.Errorf("%s: the claim is that of %s", info.Name, other)
		}
		claims[info.Claim] = info.Name
		if !slices.Contains(classes, info.Class) {
			t.Errorf("%s: class %q", info.Name, info.Class)
		}
		used[info.Class]++
		if len(info.Bare) == 0 {
			t.Errorf("%s: no bare outcome", info.Name)
		}
		for _, bare := range info.Bare {
			if !barePattern.MatchString(bare) {
				t.Errorf("%s: bare: %q", info.Name, bare)
			}
		}
		if len(info.Expected("compute", "")) == 0 {
			t.Errorf("%s: nothing expected under compute", info.Name)
		}
		for key, expect := range info.Expect {
			for _, e := range expect {
				if !expectPattern.MatchString(e) {
					t.Errorf("%s: %s: %q", info.Name, key, e)
				}
			}
		}
		for _, need := range info.Needs {
			if !testutil.Known(need) {
				t.Errorf("%s: needs: %q", info.Name, need)
			}
		}
		if len(info.See) == 0 {
			t.Errorf("%s: no pitfall named", info.Name)
		}
	}
	for _, class := range classes {
		if used[class] == 0 {
			t.Errorf("no attack of class %s", class)
		}
	}
}

func TestParseHead(t *testing.T) {
	const good = "/*\n * claim: does x\n * class: files\n * bare: 1 | 77\n * compute: ok | policy-violation open\n" +
		" * compute/trace: ok\n * needs: root, i386\n * see: pitfalls 1, 22\n */\nint main;\n"
	info, err := parseHead("/x/y.c", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "y" || info.Claim != "does x" || info.Class != "files" ||
		!slices.Equal(info.Bare, []string{"1", "77"}) || !slices.Equal(info.See, []int{1, 22}) ||
		!slices.Equal(info.Needs, []testutil.Need{"root", "i386"}) ||
		!slices.Equal(info.Expected("compute", "filter"), []string{"ok", "policy-violation open"}) ||
		!slices.Equal(info.Expected("compute", "trace"), []string{"ok"}) {
		t.Errorf("read as %+v", info)
	}
	for _, bad := range []string{
		"int main;\n",
		strings.Replace(good, "\n */", "", 1),
		strings.Replace(good, "class: files", "claim: again", 1),
		strings.Replace(good, " * bare", " bare", 1),
		strings.Replace(good, "pitfalls 1,", "pitfalls one,", 1),
	} {
		if _, err := parseHead("/x/y.c", []byte(bad)); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
}

func TestHeadLine(t *testing.T) {
	for text, want := range map[string]string{
		"/*\n * Text.\n * build: -static -nostdlib\n */\n": "-static -nostdlib",
		"/* build: -static */\nint x;\n":                   "-static",
		"// build: -lm\n":                                  "-lm",
		"# build: -nostdlib\n":                             "-nostdlib",
		"int main(void) { return 0; }\n":                   "",
	} {
		if got := headLine([]byte(text), "build"); got != want {
			t.Errorf("headLine(%q) = %q, want %q", text, got, want)
		}
	}
}
