package jail_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/jail"
)

// TestDomainHandled goes through the versions of Landlock, of which a machine
// has one.
func TestDomainHandled(t *testing.T) {
	const (
		abi1  = 0x1fff // EXECUTE to MAKE_SYM
		refer = 0x2000
		trunc = 0x4000
		ioctl = 0x8000
		block = 0x800
	)
	for name, tt := range map[string]struct {
		d    jail.Domain
		want [8][3]uint64 // by ABI: files, ports, scopes
	}{
		"nothing is open": {jail.Domain{}, [8][3]uint64{
			1: {abi1, 0, 0}, 2: {abi1 | refer, 0, 0}, 3: {abi1 | refer | trunc, 0, 0}, 4: {abi1 | refer | trunc, 3, 0},
			5: {abi1 | refer | trunc | ioctl, 3, 0}, 6: {abi1 | refer | trunc | ioctl, 3, 3}, 7: {abi1 | refer | trunc | ioctl, 3, 3},
		}},
		"files": {jail.Domain{AnyFile: true}, [8][3]uint64{
			1: {block, 0, 0}, 2: {block | refer, 0, 0}, 3: {block | refer, 0, 0}, 4: {block | refer, 3, 0},
			5: {block | refer, 3, 0}, 6: {block | refer, 3, 3}, 7: {block | refer, 3, 3},
		}},
		"ports and signals": {jail.Domain{AnyTCP: jail.BindTCP | jail.ConnectTCP, Signals: true}, [8][3]uint64{
			1: {abi1, 0, 0}, 2: {abi1 | refer, 0, 0}, 3: {abi1 | refer | trunc, 0, 0}, 4: {abi1 | refer | trunc, 0, 0},
			5: {abi1 | refer | trunc | ioctl, 0, 0}, 6: {abi1 | refer | trunc | ioctl, 0, 1}, 7: {abi1 | refer | trunc | ioctl, 0, 1},
		}},
		"everything": {jail.Domain{AnyFile: true, AnyTCP: jail.BindTCP | jail.ConnectTCP, Signals: true, Abstract: true}, [8][3]uint64{
			1: {block, 0, 0}, 2: {block | refer, 0, 0}, 3: {block | refer, 0, 0}, 4: {block | refer, 0, 0},
			5: {block | refer, 0, 0}, 6: {block | refer, 0, 0}, 7: {block | refer, 0, 0},
		}},
		"one of two": {jail.Domain{AnyTCP: jail.BindTCP, Abstract: true}, [8][3]uint64{
			1: {abi1, 0, 0}, 2: {abi1 | refer, 0, 0}, 3: {abi1 | refer | trunc, 0, 0}, 4: {abi1 | refer | trunc, 2, 0},
			5: {abi1 | refer | trunc | ioctl, 2, 0}, 6: {abi1 | refer | trunc | ioctl, 2, 2}, 7: {abi1 | refer | trunc | ioctl, 2, 2},
		}},
	} {
		for abi := 1; abi <= 7; abi++ {
			files, net, scoped := tt.d.Handled(abi)
			if got := [3]uint64{files, net, scoped}; got != tt.want[abi] {
				t.Errorf("%s, ABI %d: %#x, want %#x", name, abi, got, tt.want[abi])
			}
		}
	}
}

// inDomain runs f on a thread of its own that is confined by the domains.
func inDomain(t *testing.T, f func(), domains ...*jail.Domain) {
	t.Helper()
	testutil.Require(t, testutil.Landlock)
	onThread(t, func() {
		for _, d := range domains {
			fd, err := jail.NewRuleset(d)
			if err != nil {
				t.Error(err)
				return
			}
			defer unix.Close(fd)
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				t.Error(err)
				return
			}
			if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(fd), 0, 0); e != 0 {
				t.Errorf("landlock_restrict_self: %v", e)
				return
			}
		}
		f()
	})
}

// needABI skips where the running kernel's Landlock is older.
func needABI(t *testing.T, abi int) {
	t.Helper()
	if have := jail.LandlockABI(); have < abi {
		t.Skipf("needs Landlock ABI %d, have %d", abi, have)
	}
}

// tree makes directories, and a file f in each, below one of the test's own.
func tree(t *testing.T, dirs ...string) string {
	t.Helper()
	top := t.TempDir()
	for _, dir := range dirs {
		dir = filepath.Join(top, dir)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "f"), []byte(dir), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func at(access uint64, path ...string) jail.Grant {
	return jail.Grant{Path: filepath.Join(path...), FD: -1, Access: access}
}

// opens gives the error of opening a file, and closes it.
func opens(flags int, path ...string) error {
	fd, err := unix.Open(filepath.Join(path...), flags|unix.O_CLOEXEC, 0o666)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestLiveDomainFiles(t *testing.T) {
	needABI(t, 3)
	top := tree(t, "read", "write", "create", "other")
	inDomain(t, func() {
		want(t, "read", opens(unix.O_RDONLY, top, "read/f"), nil)
		want(t, "write what may be read", opens(unix.O_WRONLY, top, "read/f"), unix.EACCES)
		want(t, "truncate what may be read", unix.Truncate(filepath.Join(top, "read/f"), 0), unix.EACCES)
		want(t, "write", opens(unix.O_WRONLY|unix.O_TRUNC, top, "write/f"), nil)
		want(t, "read what may be written", opens(unix.O_RDONLY, top, "write/f"), unix.EACCES)
		want(t, "make where files may be written", opens(unix.O_WRONLY|unix.O_CREAT, top, "write/new"), unix.EACCES)
		want(t, "make", opens(unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, top, "create/new"), nil)
		want(t, "remove", unix.Unlink(filepath.Join(top, "create/new")), nil)
		want(t, "make a pipe", unix.Mkfifo(filepath.Join(top, "create/pipe"), 0o600), unix.EACCES)
		want(t, "one file", opens(unix.O_RDWR, top, "other/f"), nil)
		want(t, "its directory", opens(unix.O_RDONLY, top, "other"), unix.EACCES)
	}, &jail.Domain{Files: []jail.Grant{
		at(jail.Read, top, "read"), at(jail.Write, top, "write"), at(jail.Create, top, "create"),
		at(jail.Read, top, "other/f"), at(jail.Write, top, "other/f"), // of one path the rights add up
		{Path: filepath.Join(top, "absent"), FD: -1, Access: jail.Create, Optional: true},
	}})
}

// TestLiveDomainAnyFile: files may move between directories, which a domain
// refuses unless it is told not to, though it handles no other right.
func TestLiveDomainAnyFile(t *testing.T) {
	needABI(t, 2)
	top := tree(t, "a", "b")
	inDomain(t, func() {
		want(t, "rename", unix.Rename(filepath.Join(top, "a/f"), filepath.Join(top, "b/g")), nil)
		want(t, "link", unix.Link(filepath.Join(top, "b/g"), filepath.Join(top, "a/f")), nil)
		want(t, "write", opens(unix.O_WRONLY|unix.O_TRUNC, top, "a/f"), nil)
	}, &jail.Domain{AnyFile: true})
}

// TestLiveDomainStack makes a process's confinement tighter, as at a program's
// entry point.
func TestLiveDomainStack(t *testing.T) {
	needABI(t, 3)
	top := tree(t, "loader", "main")
	launch := &jail.Domain{Files: []jail.Grant{at(jail.Read, top, "loader"), at(jail.Create, top, "main")}}
	entry := &jail.Domain{
		Files:  []jail.Grant{at(jail.Create, top, "main")},
		AnyTCP: jail.BindTCP | jail.ConnectTCP, Signals: true, Abstract: true,
	}
	inDomain(t, func() {
		want(t, "before the entry point", opens(unix.O_RDONLY, top, "loader/f"), nil)
	}, launch)
	inDomain(t, func() {
		want(t, "after it", opens(unix.O_RDONLY, top, "loader/f"), unix.EACCES)
		want(t, "what stays", unix.Rename(filepath.Join(top, "main/f"), filepath.Join(top, "main/g")), nil)
	}, launch, entry)
}

func TestLiveDomainPorts(t *testing.T) {
	needABI(t, 4)
	listen := func() (addr *unix.SockaddrInet4, l net.Listener) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return &unix.SockaddrInet4{Port: l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}, l
	}
	yes, _ := listen()
	no, _ := listen()
	connect := func(to *unix.SockaddrInet4) error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Connect(fd, to)
	}
	port := uint16(yes.Port)
	inDomain(t, func() {
		want(t, "granted", connect(yes), nil)
		want(t, "not granted", connect(no), unix.EACCES)
	}, &jail.Domain{Connect: []jail.PortRange{{First: port, Last: port}}})
	inDomain(t, func() {
		want(t, "all ports", connect(yes), nil)
		want(t, "all ports", connect(no), nil)
	}, &jail.Domain{AnyTCP: jail.ConnectTCP})
	inDomain(t, func() {
		want(t, "the last port", connect(&unix.SockaddrInet4{Port: 65535, Addr: [4]byte{127, 0, 0, 1}}), unix.ECONNREFUSED)
	}, &jail.Domain{Connect: []jail.PortRange{{First: 65534, Last: 65535}}})
}

// TestLiveRulesetErrors: what cannot be granted as it is named.
func TestLiveRulesetErrors(t *testing.T) {
	testutil.Require(t, testutil.Landlock)
	top := tree(t, "dir")
	if err := os.Symlink("dir", filepath.Join(top, "link")); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(top, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		grant jail.Grant
		root  string
		want  error
	}{
		{"absent", at(jail.Read, top, "none"), "", unix.ENOENT},
		{"absent for writing", at(jail.Write, top, "none"), "", unix.ENOENT},
		{"optional", jail.Grant{Path: filepath.Join(top, "none"), FD: -1, Access: jail.Create, Optional: true}, "", nil},
		{"no tree", at(jail.Create, top, "dir/f"), "", unix.ENOTDIR},
		{"link, read", at(jail.Read, top, "link"), "", nil},
		{"link, write", at(jail.Write, top, "link"), "", unix.ELOOP},
		{"link on the way", at(jail.Create, top, "link/f"), "", unix.ELOOP},
		{"pipe", at(jail.Read|jail.Write, pipe), "", nil}, // opening it would wait
		{"in a root", at(jail.Read, "/dir/f"), top, nil},
		{"in a root, not there", at(jail.Read, "/usr"), top, unix.ENOENT},
		{"in a root, above it", at(jail.Read, "/../../../../../usr"), top, unix.ENOENT},
		{"in a root, by link", at(jail.Write, "/link/f"), top, unix.ELOOP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := &jail.Domain{Files: []jail.Grant{tt.grant}}
			if tt.root != "" {
				f, err := os.Open(tt.root)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				d.Root = int(f.Fd())
			}
			fd, err := jail.NewRuleset(d)
			if err == nil {
				unix.Close(fd)
			}
			want(t, "ruleset", err, tt.want)
			if err != nil && !strings.Contains(err.Error(), tt.grant.Path) {
				t.Errorf("%v does not name the path", err)
			}
		})
	}
}

// BenchmarkRuleset is what grants cost at each launch.
func BenchmarkRuleset(b *testing.B) {
	testutil.Require(b, testutil.Landlock)
	for _, ports := range []int{0, 1, 1024} {
		b.Run(fmt.Sprint(ports, " ports"), func(b *testing.B) {
			d := &jail.Domain{Files: []jail.Grant{at(jail.Read, "/usr"), at(jail.Create, "/tmp")}}
			if ports > 0 {
				d.Connect = []jail.PortRange{{First: 1, Last: uint16(ports)}}
			}
			for b.Loop() {
				fd, err := jail.NewRuleset(d)
				if err != nil {
					b.Fatal(err)
				}
				unix.Close(fd)
			}
		})
	}
}
