package tracer

import (
	"slices"
	"strings"
	"testing"

	"warder/jail"
	"warder/rules"
)

func sessionOf(t *testing.T, text string, without bool) *session {
	t.Helper()
	p, err := rules.Parse("p.yaml", []byte(text), rules.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return &session{
		cfg: &Config{Path: "/bin/true", WithoutLandlock: without}, policy: &Prepared{Policy: p, opens: true},
		prog: &program{fd: 9, dynamic: true},
	}
}

// TestLandlockSays holds policies against kernels that this machine has not.
func TestLandlockSays(t *testing.T) {
	const keys = "default: kill\nread: [/a]\nwrite: [/b]\nconnect: [1]\n"
	for _, tt := range []struct {
		abi         int
		without     bool
		err         string
		unavailable []string
	}{
		{
			0, false,
			"p.yaml:2: read needs Landlock (ABI 1), which this kernel does not offer; --weaken=landlock runs without\n" +
				"p.yaml:3: write needs Landlock (ABI 3), which this kernel does not offer; --weaken=landlock runs without\n" +
				"p.yaml:4: connect needs Landlock (ABI 4), which this kernel does not offer; --weaken=landlock runs without",
			nil,
		},
		{0, true, "", []string{"landlock: not offered by this kernel"}},
		{
			2, false,
			"p.yaml:3: write needs Landlock ABI 3, have 2: files elsewhere can be truncated; --weaken=landlock runs without\n" +
				"p.yaml:4: connect needs Landlock ABI 4, have 2: no port is refused; --weaken=landlock runs without",
			nil,
		},
		{2, true, "", []string{
			"landlock: write needs Landlock ABI 3, have 2: files elsewhere can be truncated",
			"landlock: connect needs Landlock ABI 4, have 2: no port is refused",
			"landlock: TCP bind is not refused (needs ABI 4, have 2)",
			"landlock: ioctl on devices is not refused (needs ABI 5, have 2)",
			"landlock: abstract sockets and signals are not confined (needs ABI 6, have 2)",
		}},
		{4, false, "", []string{
			"landlock: ioctl on devices is not refused (needs ABI 5, have 4)",
			"landlock: abstract sockets and signals are not confined (needs ABI 6, have 4)",
		}},
		{7, false, "", nil},
		{7, true, "", nil},
	} {
		s, got := sessionOf(t, keys, tt.without), ""
		if err := s.landlockSays(tt.abi); err != nil {
			got = err.Error()
		}
		if got != tt.err {
			t.Errorf("ABI %d, without %t: got\n%s\nwant\n%s", tt.abi, tt.without, got, tt.err)
		}
		if tt.err == "" && !slices.Equal(s.result.Unavailable, tt.unavailable) {
			t.Errorf("ABI %d, without %t: unavailable\n%s", tt.abi, tt.without, strings.Join(s.result.Unavailable, "\n"))
		}
	}
}

func TestDomain(t *testing.T) {
	s := sessionOf(t, `default: kill
read: [{path: /a, stage: loader}, /b?]
create: [/c]
connect: [1, 5-7]
bind: any
scope: {signals: any}
`, false)
	own := jail.Grant{FD: 9, Path: "/bin/true", Access: jail.Exec}
	a := jail.Grant{FD: -1, Path: "/a", Access: jail.Read}
	b := jail.Grant{FD: -1, Path: "/b", Access: jail.Read, Optional: true}
	c := jail.Grant{FD: -1, Path: "/c", Access: jail.Create}
	d := s.domain()
	if !slices.Equal(d.Files, []jail.Grant{own, a, b, c}) || d.AnyFile || !d.Signals || d.Abstract || d.AnyTCP != jail.BindTCP ||
		!slices.Equal(d.Connect, []jail.PortRange{{First: 1, Last: 1}, {First: 5, Last: 7}}) || len(d.Bind) > 0 {
		t.Errorf("at launch: %+v", d)
	}
	d = s.files(rules.Main)
	if !slices.Equal(d.Files, []jail.Grant{own, b, c}) {
		t.Errorf("from the entry point on: %+v", d)
	}
}
