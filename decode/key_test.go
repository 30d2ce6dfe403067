package decode_test

import (
	"strings"
	"testing"

	"warder/abi"
	"warder/decode"
)

func registers(first uint64, rest ...any) func(*image) []uint64 {
	return func(m *image) []uint64 {
		list := []uint64{first}
		for _, r := range rest {
			switch v := r.(type) {
			case string:
				list = append(list, m.str(v))
			case int:
				list = append(list, uint64(v))
			}
		}
		return list
	}
}

// TestKeys are lines of strace 6.1 about keys, and about what it met in real
// programs besides.
func TestKeys(t *testing.T) {
	run(t, []traced{
		{want: `keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) = 629382560`, name: "keyctl", args: registers(0, -3, 1), value: 629382560},
		{want: `keyctl(KEYCTL_SESSION_TO_PARENT) = 0`, name: "keyctl", args: registers(18, -77, 12)},
		{want: `keyctl(KEYCTL_CHOWN, -77, 12, 13) = -1 EINVAL (Invalid argument)`, name: "keyctl", args: registers(4, -77, 12, 13, 14), errno: 22},
		{want: `keyctl(KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "none", KEY_SPEC_PROCESS_KEYRING) = -1 ENOKEY (Required key not available)`, name: "keyctl", args: registers(10, -3, "user", "none", -2), errno: 126},
		{want: `keyctl(KEYCTL_READ, 5, "secret", 10) = 6`, name: "keyctl", args: at(11, 5, here, 10), fill: filled([]byte("secret")), value: 6},
		{want: `keyctl(KEYCTL_UPDATE, 0xffffffb3, 0xc, 0xd, 0xe) = -1 EFAULT (Bad address)`, name: "keyctl", args: registers(2, 0xffffffb3, 12, 13, 14), errno: 14},
		{want: `prctl(PR_SET_NAME, "fourteen bytes") = 0`, name: "prctl", args: registers(15, "fourteen bytes")},
		{want: `prctl(PR_SET_NAME, "fifteen bytes !"...) = 0`, name: "prctl", args: registers(15, "fifteen bytes !")},
		{want: `prctl(PR_SET_NAME, "Reference Handl"...) = 0`, name: "prctl", args: registers(15, "Reference Handler")},
		{want: `getcwd("/tmp/a/long/name/of/more/than/32/bytes", 100) = 39`, name: "getcwd", args: at(here, 100), fill: filled([]byte("/tmp/a/long/name/of/more/than/32/bytes\x00")), value: 39},
		{want: `seccomp(0x9 /* SECCOMP_SET_MODE_??? */, 0x1, NULL) = -1 EINVAL (Invalid argument)`, name: "seccomp", args: at(9, 1, 0), errno: 22},
		{want: `get_mempolicy(NULL, [0x00000000000001, 0000000000000000], 129, NULL, MPOL_F_MEMS_ALLOWED) = 0`, name: "get_mempolicy", args: at(0, here, 129, 0, 4), fill: filledWords(1, 0)},
	})
	run(t, []traced{
		{
			want: `setsockopt(3, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr("224.0.0.1"), imr_interface=inet_addr("127.0.0.1")}, 12) = 0`, name: "setsockopt",
			args: func(m *image) []uint64 {
				m.write(here, []byte{224, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0})
				return []uint64{3, 0, 35, here, 12}
			},
		},
		{
			want: `setsockopt(3, SOL_IP, IP_DROP_MEMBERSHIP, 0x555555559060, 4) = -1 EINVAL (Invalid argument)`, name: "setsockopt",
			args: func(m *image) []uint64 { m.write(here, make([]byte, 12)); return []uint64{3, 0, 36, here, 4} }, errno: 22,
		},
		{
			want: `setsockopt(4, SOL_IPV6, IPV6_JOIN_ANYCAST, {inet_pton(AF_INET6, "100::", &ipv6mr_multiaddr), ipv6mr_interface=5}, 20) = 0`, name: "setsockopt",
			args: func(m *image) []uint64 {
				m.write(here, append(append([]byte{1}, make([]byte, 15)...), 5, 0, 0, 0))
				return []uint64{4, 41, 27, here, 20}
			},
		},
	})
}

// TestItems: as many elements of an array as bytes of a string.
func TestItems(t *testing.T) {
	argv := func(n int) func(*image) []uint64 {
		return func(m *image) []uint64 {
			var words []uint64
			for range n {
				words = append(words, m.str("a"))
			}
			m.write(here, bytes64(append(words, 0)...))
			return []uint64{m.str("/a"), here, 0}
		}
	}
	for _, c := range []struct {
		max, n int
		want   string
	}{
		{-1, 2, `[...]`},
		{-1, 0, `[]`},
		{1, 2, `["a", ...]`},
		{2, 2, `["a", "a"]`},
		{0, 33, `[` + strings.Repeat(`"a", `, 32) + `...]`},
		{40, 33, `[` + strings.Repeat(`"a", `, 32) + `"a"]`},
	} {
		call := traced{name: "execve", args: argv(c.n)}
		want := `execve("/a", ` + c.want + `, NULL) = 0`
		if got := call.line(t, abi.X86_64, decode.Options{MaxString: c.max}); got != want {
			t.Errorf("%d of %d:\ngot  %s\nwant %s", c.max, c.n, got, want)
		}
	}
	link := decode.Options{FD: func(int32) string { return "/a\"b<c\n" }}
	if got, want := (traced{name: "close", args: at(3)}).line(t, abi.X86_64, link), `close(3</a\"b\74c\n>) = 0`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
