package decode_test

import (
	"testing"

	"warder/abi"
	"warder/decode"
)

// inet is 127.0.0.1 and a port.
func inet(port byte) []byte {
	return []byte{2, 0, 0, port, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
}

// TestFilledSockets are lines of strace 6.1 about sockets.
func TestFilledSockets(t *testing.T) {
	lo := `{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}`
	// length places a socklen_t that the kernel finds, in front of what it
	// then writes.
	length := func(n uint32, registers ...uint64) func(m *image) []uint64 {
		return func(m *image) []uint64 { m.write(there, bytes32(n)); return registers }
	}
	answer := func(n uint32, p []byte) func(m *image) {
		return func(m *image) { m.write(there, bytes32(n)); m.write(here, p) }
	}
	run(t, []traced{
		{want: `accept(5, ` + lo + `, [16]) = 7`, name: "accept", args: length(16, 5, here, there), fill: answer(16, inet(80)), value: 7},
		{want: `accept(99, 0x555555559060, [16]) = -1 EBADF (Bad file descriptor)`, name: "accept", args: length(16, 99, here, there), errno: 9},
		{want: `accept(5, NULL, NULL) = 7`, name: "accept", args: at(5), value: 7},
		{want: `accept4(13, {sa_family=AF_UNIX}, [110 => 2], SOCK_CLOEXEC) = 15`, name: "accept4", args: length(110, 13, here, there, 0x80000), fill: answer(2, []byte{1, 0}), value: 15},
		{want: `getsockname(5, ` + lo + `, [128 => 16]) = 0`, name: "getsockname", args: length(128, 5, here, there), fill: answer(16, inet(80))},
		{want: `getpeername(6, {sa_family=AF_INET, sa_data="\0P"}, [4 => 16]) = 0`, name: "getpeername", args: length(4, 6, here, there), fill: answer(16, inet(80))},
		{want: `getsockname(14, {sa_family=AF_UNIX, sun_path=@"abst"}, [110 => 7]) = 0`, name: "getsockname", args: length(110, 14, here, there), fill: answer(7, []byte("\x01\x00\x00abst"))},
		{want: `getsockname(12, {sa_family=AF_NETLINK, nl_pid=5006, nl_groups=00000000}, [12]) = 0`, name: "getsockname", args: length(12, 12, here, there), fill: answer(12, bytes32(16, 5006, 0))},
		{want: `getsockopt(6, SOL_SOCKET, SO_ERROR, [0], [4]) = 0`, name: "getsockopt", args: length(4, 6, 1, 4, here, there), fill: answer(4, bytes32(0))},
		{want: `getsockopt(6, SOL_SOCKET, SO_RCVBUF, [131072], [100 => 4]) = 0`, name: "getsockopt", args: length(100, 6, 1, 8, here, there), fill: answer(4, bytes32(131072))},
		{want: `getsockopt(6, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=2}, [8]) = 0`, name: "getsockopt", args: length(8, 6, 1, 13, here, there), fill: answer(8, bytes32(1, 2))},
		{want: `getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid=5006, uid=0, gid=0}, [12]) = 0`, name: "getsockopt", args: length(12, 3, 1, 17, here, there), fill: answer(12, bytes32(5006, 0, 0))},
		{want: `getsockopt(6, SOL_TCP, TCP_CONGESTION, "bbr\0\0\0\0\0\0\0\0\0\0\0\0\0", [100 => 16]) = 0`, name: "getsockopt", args: length(100, 6, 6, 13, here, there), fill: answer(16, append([]byte("bbr"), make([]byte, 13)...))},
		{want: `getsockopt(99, SOL_SOCKET, SO_SNDBUF, 0x555555559060, [4]) = -1 EBADF (Bad file descriptor)`, name: "getsockopt", args: length(4, 99, 1, 7, here, there), errno: 9},
		{want: `setsockopt(6, SOL_SOCKET, SO_RCVTIMEO_OLD, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16) = 0`, name: "setsockopt", args: func(m *image) []uint64 { return []uint64{6, 1, 20, m.words(1, 2), 16} }},
		{want: `setsockopt(6, SOL_SOCKET, SO_KEEPALIVE, [1], 8) = 0`, name: "setsockopt", args: func(m *image) []uint64 { return []uint64{6, 1, 9, m.words(1), 8} }},
		{want: `setsockopt(6, SOL_IP, IP_TOS, [1], 4) = 0`, name: "setsockopt", args: func(m *image) []uint64 { return []uint64{6, 0, 1, m.words(1), 4} }},
		{want: `recvfrom(7, "hello", 100, 0, NULL, NULL) = 5`, name: "recvfrom", args: at(7, here, 100), fill: filled([]byte("hello")), value: 5},
		{want: `recvfrom(7, "hel", 100, 0, ` + lo + `, [128 => 16]) = 3`, name: "recvfrom", args: length(128, 7, here+64, 100, 0, here, there), fill: func(m *image) { answer(16, inet(80))(m); m.write(here+64, []byte("hello")) }, value: 3},
		{want: `recvfrom(8, 0x555555559060, 100, MSG_DONTWAIT, 0x555555559080, [128]) = -1 EAGAIN (Resource temporarily unavailable)`, name: "recvfrom", args: length(128, 8, here, 100, 0x40, here+32, there), errno: 11},
		{want: `socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 0`, name: "socketpair", args: at(1, 1, 0, here), fill: filledInts(3, 4)},
		{want: `bind(99, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=1, sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=6, sll_addr=[0x61, 0x62, 0x63, 0x64, 0x65, 0x66]}, 20) = -1 EBADF (Bad file descriptor)`, name: "bind", args: func(m *image) []uint64 {
			return []uint64{99, m.put([]byte("\x11\x00\x00\x03\x01\x00\x00\x00\x01\x00\x00\x06abcdef\x00\x00")), 20}
		}, errno: 9},
		{want: `epoll_wait(17, [{events=EPOLLOUT, data={u32=878082202, u64=78187493530}}], 10, -1) = 1`, name: "epoll_wait", args: at(17, here, 10, minus1), fill: filledInts(4, 878082202, 18), value: 1},
		{want: `epoll_wait(17, [], 10, 0) = 0`, name: "epoll_wait", args: at(17, here, 10)},
		{want: `epoll_pwait2(99, 0x555555559060, 1, 0x555555559460, 0x555555559460, 8) = -1 EINVAL (Invalid argument)`, name: "epoll_pwait2", args: func(m *image) []uint64 { m.write(there, bytes64(1, 2)); return []uint64{99, here, 1, there, there, 8} }, errno: 22},
		{want: `poll([{fd=3, events=POLLIN|POLLOUT}, {fd=-1}, {fd=99, events=POLLIN}], 3, 10) = 2 ([{fd=3, revents=POLLOUT}, {fd=99, revents=POLLNVAL}])`, name: "poll", args: func(m *image) []uint64 {
			m.write(here, bytes32(3, 5, 1<<32-1, 1, 99, 1))
			return []uint64{here, 3, 10}
		}, fill: filledInts(3, 4<<16|5, 1<<32-1, 1, 99, 0x20<<16|1), value: 2},
		{want: `ppoll([{fd=3, events=POLLOUT}], 1, {tv_sec=1, tv_nsec=0}, [HUP], 8) = 1 ([{fd=3, revents=POLLOUT}], left {tv_sec=0, tv_nsec=999998066})`, name: "ppoll", args: func(m *image) []uint64 {
			m.write(here, bytes32(3, 4))
			m.write(there, bytes64(1, 0))
			return []uint64{here, 1, there, m.words(1), 8}
		}, fill: func(m *image) { m.write(here, bytes32(3, 4<<16|4)); m.write(there, bytes64(0, 999998066)) }, value: 1},
		{want: `select(4, [0 3], [3], NULL, {tv_sec=0, tv_usec=100}) = 2 (in [0], out [3], left {tv_sec=0, tv_usec=97})`, name: "select", args: func(m *image) []uint64 {
			m.write(here, bytes64(9, 8, 0, 100))
			return []uint64{4, here, here + 8, 0, here + 16}
		}, fill: filledWords(1, 8, 0, 97), value: 2},
		{want: `pselect6(4, NULL, [3], NULL, NULL, {sigmask=[HUP], sigsetsize=8}) = 1 (out [3])`, name: "pselect6", args: func(m *image) []uint64 {
			m.write(here, bytes64(8))
			return []uint64{4, 0, here, 0, 0, m.words(m.words(1), 8)}
		}, value: 1},
		{want: `select(5, [], NULL, NULL, {tv_sec=0, tv_usec=0}) = 0 (Timeout)`, name: "select", args: func(m *image) []uint64 { return []uint64{5, m.words(0), 0, 0, m.words(0, 0)} }},
	})
}

func TestMessages(t *testing.T) {
	header := func(m *image, name, nameLength, vector, count, control, controlLength uint64) uint64 {
		return m.words(name, nameLength, vector, count, control, controlLength, 0)
	}
	send := func(m *image) []uint64 {
		return []uint64{3, header(m, 0, 0, m.words(m.str("abc"), 3), 1, 0, 0), 0}
	}
	rights := append(bytes64(24), bytes32(1, 1, 0, 1)...)
	credentials := append(bytes64(28), bytes32(1, 2, 5006, 0, 0, 0)...)
	run(t, []traced{
		{want: `sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="abc", iov_len=3}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 3`, name: "sendmsg", args: send, value: 3},
		{
			want: `sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[], msg_iovlen=0, msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 1]}, {cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=5006, uid=0, gid=0}}], msg_controllen=56, msg_flags=0}, MSG_NOSIGNAL) = 3`, name: "sendmsg",
			args: func(m *image) []uint64 {
				return []uint64{3, header(m, 0, 0, 1, 0, m.put(append(rights, credentials...)), 56), 0x4000}
			}, value: 3,
		},
		{
			want: `recvmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="ab", iov_len=2}, {iov_base="c", iov_len=100}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 3`, name: "recvmsg",
			args: func(m *image) []uint64 { return []uint64{4, header(m, 0, 0, m.words(here, 2, there, 100), 2, 0, 0), 0} },
			fill: func(m *image) { m.write(here, []byte("ab")); m.write(there, []byte("c")) }, value: 3,
		},
		{
			want: `recvmsg(8, {msg_namelen=128}, MSG_DONTWAIT) = -1 EAGAIN (Resource temporarily unavailable)`, name: "recvmsg",
			args: func(m *image) []uint64 { return []uint64{8, header(m, 0, 128, 0, 0, 0, 0), 0x40} }, errno: 11,
		},
		{
			want: `recvmsg(8, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, msg_namelen=128 => 16, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=MSG_TRUNC}, 0) = 0`, name: "recvmsg",
			args: func(m *image) []uint64 {
				m.write(here, bytes64(there, 128, 0, 0, 0, 0, 0))
				return []uint64{8, here, 0}
			},
			fill: func(m *image) { m.write(here, bytes64(there, 16, 0, 0, 0, 0, 0x20)); m.write(there, inet(80)) },
		},
		{
			want: `sendmmsg(8, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="abc", iov_len=3}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=3}], 2, 0) = 1`, name: "sendmmsg",
			args: func(m *image) []uint64 {
				return []uint64{8, m.words(0, 0, m.words(m.str("abc"), 3), 1, 0, 0, 0, 3), 2, 0}
			}, value: 1,
		},
		{want: `recvmmsg(8, 0x555555559060, 2, MSG_DONTWAIT, NULL) = -1 EAGAIN (Resource temporarily unavailable)`, name: "recvmmsg", args: at(8, here, 2, 0x40), errno: 11},
	})
}

// TestSignals are what strace 6.1 prints between "--- SIGNAL " and " ---".
func TestSignals(t *testing.T) {
	info := func(signo, errno, code int32, rest ...uint64) []byte {
		p := append(bytes32(uint32(signo), uint32(errno), uint32(code), 0), bytes64(rest...)...)
		return append(p, make([]byte, 128-len(p))...)
	}
	const pid = 3846
	for _, test := range []struct {
		want   string
		signal int
		info   []byte
	}{
		{"{si_signo=SIGALRM, si_code=SI_KERNEL}", 14, info(14, 0, 0x80)},
		{"{si_signo=SIGUSR2, si_code=SI_TKILL, si_pid=3846, si_uid=0}", 12, info(12, 0, -6, pid)},
		{"{si_signo=SIGUSR2, si_code=SI_USER, si_pid=3846, si_uid=5}", 12, info(12, 0, 0, 5<<32|pid)},
		{"{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=3846, si_uid=0, si_int=7, si_ptr=0x7}", 10, info(10, 0, -1, pid, 7)},
		{"{si_signo=SIGUSR2, si_code=SI_TIMER, si_timerid=0x4, si_overrun=0, si_int=5, si_ptr=0x5}", 12, info(12, 0, -2, 4, 5)},
		{"{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3846, si_uid=0, si_status=3, si_utime=316 /* 3.16 s */, si_stime=0}", 17, info(17, 0, 1, pid, 3, 316)},
		{"{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=3846, si_uid=0, si_status=SIGKILL, si_utime=0, si_stime=0}", 17, info(17, 0, 2, pid, 9)},
		{"{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}", 11, info(11, 0, 1, 0x10)},
		{"{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}", 11, info(11, 0, 1)},
		{"{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x7f, si_syscall=__NR_getpid, si_arch=AUDIT_ARCH_X86_64}", 31, info(31, 0, 1, 0x7f, 0xc000003e<<32|39)},
		{"{si_signo=SIGPIPE}", 13, nil},
		{"{si_signo=SIGPIPE}", 13, []byte("short")},
	} {
		if got := decode.Signal(abi.X86_64, test.signal, test.info, decode.Options{}); got != test.want {
			t.Errorf("\ngot  %s\nwant %s", got, test.want)
		}
	}
}
