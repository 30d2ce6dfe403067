package tracer_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"warder/internal/testprog"
	"warder/internal/testutil"
	"warder/tracer"
)

// netRules let a program make TCP and Unix sockets and use them, and leave
// Landlock no hole.
const netRules = `syscalls:
  - call: socket
    when: {family: {in: [AF_INET, AF_UNIX]}, protocol: {in: [0, IPPROTO_TCP]}}
    action: allow
  - call: socket
    action: errno(EPROTONOSUPPORT)
  - call: sendto
    when: {flags: {mask: MSG_FASTOPEN, eq: MSG_FASTOPEN}}
    action: errno(EOPNOTSUPP)
  - calls: [connect, bind, sendto]
    action: allow
  - call: kill
    when: {sig: SIGUSR1}
    action: allow
`

// listener gives the port of one on the loopback address.
func listener(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// freePort gives a port that nobody has just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestLiveLandlockTCP(t *testing.T) {
	needABI(t, 4)
	noStrays(t)
	yes, no, free := listener(t), listener(t), freePort(t)
	for _, tt := range []struct {
		name, keys string
		steps      []operation
	}{
		{"none", "", []operation{
			{"connect " + yes, "EACCES"},
			{"bind " + free, "EACCES"},
			{"bind 0", "EACCES"},
		}},
		{"listed", "connect: [" + yes + "]\nbind: [" + free + ", 0]\n", []operation{
			{"connect " + yes, "ok"},
			{"connect " + no, "EACCES"},
			{"bind " + free, "ok"},
			{"bind 0", "ok"},
			{"bind " + no, "EACCES"},
			{"fastopen " + no, "EOPNOTSUPP"},
			{"multipath " + no, "EPROTONOSUPPORT"},
		}},
		{"any", "connect: any\nbind: any\n", []operation{
			{"connect " + yes, "ok"},
			{"connect " + no, "ok"},
			{"bind " + free, "ok"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			operate(t, onTopOf(t, "compute", tt.keys+netRules), "", tt.steps)
		})
	}
}

// TestLiveLandlockTCPHoles says what this kernel lets past Landlock's ports:
// what rules.Policy.Check refuses and Warnings tells of. A kernel may mend it.
func TestLiveLandlockTCPHoles(t *testing.T) {
	needABI(t, 4)
	port := listener(t)
	policy := onTopOf(t, "compute", "syscalls:\n  - {calls: [socket, sendto, connect], action: allow}\n")
	r, out := hold(t, tracer.Config{
		Path: testprog.Program(t, "landlock"), Args: args("connect", port, "fastopen", port, "multipath", port), Policy: policy, Without: besideLandlock,
	})
	lines := strings.Split(out, "\n")
	if r.Outcome != tracer.OK || len(lines) != 4 || lines[0] != "connect "+port+": EACCES" {
		t.Errorf("%s: %q", fate(r), out)
	}
	t.Log(lines)
	warned := strings.Join(policy.Warnings(), "\n")
	for _, word := range []string{"MPTCP", "sendto with MSG_FASTOPEN"} {
		if !strings.Contains(warned, word) {
			t.Errorf("no warning of %s in\n%s", word, warned)
		}
	}
}

func TestLiveLandlockScopes(t *testing.T) {
	needABI(t, 6)
	testutil.Require(t, testutil.Root)
	noStrays(t)
	name := fmt.Sprintf("warder-test-%d", os.Getpid())
	stream, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	datagram, err := net.ListenPacket("unixgram", "@"+name+"-d")
	if err != nil {
		t.Fatal(err)
	}
	defer datagram.Close()
	// The process outside has the user id that the session will have: no other
	// wall stands between the two.
	const uid = 0x3fff1234
	outside := exec.Command(testprog.Program(t, "sleeper"))
	outside.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	if err := outside.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = outside.Process.Kill()
			_ = outside.Wait()
		}
	})
	steps := func(reach string) []operation {
		return []operation{
			{"abstract " + name, reach},
			{"datagram " + name + "-d", reach},
			{fmt.Sprint("signal ", outside.Process.Pid), reach},
		}
	}
	for _, keys := range []string{"", "scope: {signals: session, abstract-sockets: session}\n"} {
		operateAs(t, uid, onTopOf(t, "compute", keys+netRules), "", steps("EPERM"))
	}
	mixed := steps("EPERM")
	mixed[0].want, mixed[1].want = "ok", "ok"
	operateAs(t, uid, onTopOf(t, "compute", "scope: {abstract-sockets: any}\n"+netRules), "", mixed)
	// Unrestricted paths are no reason to reach others.
	operateAs(t, uid, onTopOf(t, "compute", "paths: unrestricted\n"+netRules), "", steps("EPERM"))
	operateAs(t, uid, onTopOf(t, "compute", "scope: {signals: any, abstract-sockets: any}\n"+netRules), "", steps("ok"))
	_ = outside.Wait() // told by its state
	ended = true
	if ws, ok := outside.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGUSR1 {
		t.Errorf("the process outside ended as %v, want by the session's signal", outside.ProcessState)
	}
}
