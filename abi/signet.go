package abi

// networkSignatures: sockets.
var networkSignatures = []Signature{
	{"accept", []Arg{{"fd", FD, 32, true, 0}, {"upeer_sockaddr", Ptr, 64, false, 0}, {"upeer_addrlen", Ptr, 64, false, 0}}, Desc | Network},
	{"accept4", []Arg{
		{"fd", FD, 32, true, 0},
		{"upeer_sockaddr", Ptr, 64, false, 0},
		{"upeer_addrlen", Ptr, 64, false, 0},
		{"flags", Flags, 32, true, SockFlags},
	}, Desc | Network},
	{"bind", []Arg{{"fd", FD, 32, true, 0}, {"umyaddr", Sockaddr, 64, false, 0}, {"addrlen", Size, 32, true, 0}}, Desc | Network},
	{"connect", []Arg{{"fd", FD, 32, true, 0}, {"uservaddr", Sockaddr, 64, false, 0}, {"addrlen", Size, 32, true, 0}}, Desc | Network},
	{"getpeername", []Arg{{"fd", FD, 32, true, 0}, {"usockaddr", Ptr, 64, false, 0}, {"usockaddr_len", Ptr, 64, false, 0}}, Desc | Network},
	{"getsockname", []Arg{{"fd", FD, 32, true, 0}, {"usockaddr", Ptr, 64, false, 0}, {"usockaddr_len", Ptr, 64, false, 0}}, Desc | Network},
	{"getsockopt", []Arg{
		{"fd", FD, 32, true, 0},
		{"level", Enum, 32, true, SockLevels},
		{"optname", Enum, 32, true, SockOptions},
		{"optval", Ptr, 64, false, 0},
		{"optlen", Ptr, 64, false, 0},
	}, Desc | Network},
	{"listen", []Arg{{"fd", FD, 32, true, 0}, {"backlog", Int, 32, true, 0}}, Desc | Network},
	{"recvfrom", []Arg{
		{"fd", FD, 32, true, 0},
		{"ubuf", OutBuf, 64, false, 0},
		{"size", Size, 64, false, 0},
		{"flags", Flags, 32, false, MsgFlags},
		{"addr", Ptr, 64, false, 0},
		{"addr_len", Ptr, 64, false, 0},
	}, Desc | Network},
	{"recvmmsg", []Arg{
		{"fd", FD, 32, true, 0},
		{"mmsg", Ptr, 64, false, 0},
		{"vlen", Uint, 32, false, 0},
		{"flags", Flags, 32, false, MsgFlags},
		{"timeout", Timespec, 64, false, 0},
	}, Desc | Network},
	{"recvmsg", []Arg{{"fd", FD, 32, true, 0}, {"msg", Ptr, 64, false, 0}, {"flags", Flags, 32, false, MsgFlags}}, Desc | Network},
	{"sendmmsg", []Arg{
		{"fd", FD, 32, true, 0}, {"mmsg", Ptr, 64, false, 0}, {"vlen", Uint, 32, false, 0}, {"flags", Flags, 32, false, MsgFlags},
	}, Desc | Network},
	{"sendmsg", []Arg{{"fd", FD, 32, true, 0}, {"msg", Ptr, 64, false, 0}, {"flags", Flags, 32, false, MsgFlags}}, Desc | Network},
	{"sendto", []Arg{
		{"fd", FD, 32, true, 0},
		{"buff", Buf, 64, false, 0},
		{"len", Size, 64, false, 0},
		{"flags", Flags, 32, false, MsgFlags},
		{"addr", Sockaddr, 64, false, 0},
		{"addr_len", Size, 32, true, 0},
	}, Desc | Network},
	{"setsockopt", []Arg{
		{"fd", FD, 32, true, 0},
		{"level", Enum, 32, true, SockLevels},
		{"optname", Enum, 32, true, SockOptions},
		{"optval", Buf, 64, false, 0},
		{"optlen", Size, 32, true, 0},
	}, Desc | Network},
	{"shutdown", []Arg{{"fd", FD, 32, true, 0}, {"how", Enum, 32, true, ShutdownHow}}, Desc | Network},
	{"socket", []Arg{
		{"family", Enum, 32, true, SocketFamilies}, {"type", Flags, 32, true, SocketTypes}, {"protocol", Enum, 32, true, SocketProtocols},
	}, Network | Desc},
	{"socketpair", []Arg{
		{"family", Enum, 32, true, SocketFamilies},
		{"type", Flags, 32, true, SocketTypes},
		{"protocol", Enum, 32, true, SocketProtocols},
		{"usockvec", Ptr, 64, false, 0},
	}, Network | Desc},
}
