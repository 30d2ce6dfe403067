package rules_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/moby/profiles/seccomp" // for Linux only

	"warder/abi"
	"warder/rules"
)

// dockerProfile is what Docker gives every container, as JSON.
func dockerProfile() ([]byte, error) { return json.MarshalIndent(seccomp.DefaultProfile(), "", "\t") }

func init() {
	if profile, err := dockerProfile(); err == nil {
		moreSeeds = append(moreSeeds, profile)
	}
}

// TestDocker reads it.
func TestDocker(t *testing.T) {
	data, err := dockerProfile()
	if err != nil {
		t.Fatal(err)
	}
	p := parseOCI(t, string(data))
	for _, tt := range []struct {
		call string
		args []uint64
		want string
	}{
		{"read", nil, "allow"},
		{"execve", nil, "allow"},
		{"ptrace", nil, "allow"}, // since 4.8
		{"mount", nil, "errno(EPERM)"},
		{"bpf", nil, "errno(EPERM)"},
		{"clone", []uint64{0x3d0f00}, "allow"},
		{"clone", []uint64{0x10000000}, "errno(EPERM)"},
		{"clone3", nil, "errno(ENOSYS)"},
		{"personality", []uint64{0}, "allow"},
		{"personality", []uint64{8}, "allow"},
		{"personality", []uint64{0xffffffff}, "allow"},
		{"personality", []uint64{1}, "errno(EPERM)"},
		{"socket", []uint64{2}, "allow"},
		{"socket", []uint64{38}, "errno(EPERM)"}, // AF_ALG
		{"socket", []uint64{39}, "allow"},
		{"socket", []uint64{40}, "errno(EPERM)"}, // AF_VSOCK
		{"arch_prctl", nil, "allow"},
		{"io_uring_setup", nil, "errno(EPERM)"},
		{"kexec_load", nil, "errno(EPERM)"},
	} {
		if got := decide(t, p, rules.Main, tt.call, tt.args...); got != tt.want {
			t.Errorf("%s%#x: %s, want %s", tt.call, tt.args, got, tt.want)
		}
	}
	c := rules.Call{Arch: abi.X86_64, Nr: p.LastKnown + 1}
	if v := rules.NewMatcher(p, abi.X86_64).Decide(&c, &rules.Context{}); v.Reason != rules.ReasonNewer {
		t.Errorf("call %d: %+v", c.Nr, v)
	}
	sameAgain(t, p)
	if !slices.ContainsFunc(p.Notes, func(s string) bool { return strings.Contains(s, "SCMP_ARCH_X32") }) {
		t.Errorf("nothing of x32 in %q", p.Notes)
	}
}
