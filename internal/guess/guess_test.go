package guess_test

import (
	"strings"
	"testing"

	"warder/internal/guess"
)

func TestHint(t *testing.T) {
	names := []string{"run", "code", "policy", "doctor", "version"}
	for in, want := range map[string]string{
		"rnu": "run", "polcy": "policy", "dcotor": "doctor", "versions": "version", "vesrionn": "version",
		"zzzzzz": "", "": "", "or": "", "cdd": "", strings.Repeat("run", 20): "",
	} {
		if want != "" {
			want = ` (did you mean "` + want + `"?)`
		}
		if got := guess.Hint(in, names); got != want {
			t.Errorf("Hint(%q) = %q, want %q", in, got, want)
		}
	}
}
