package abi

// oldSignatures: numbers that no kernel answers any more, or never did.
var oldSignatures = []Signature{
	{"_sysctl", []Arg{{"args", Ptr, 64, false, 0}}, 0},
	{"afs_syscall", nil, 0},
	{"create_module", []Arg{{"name", Str, 64, false, 0}, {"size", Size, 64, false, 0}}, 0},
	{"epoll_ctl_old", nil, 0},
	{"epoll_wait_old", nil, 0},
	{"get_kernel_syms", []Arg{{"table", Ptr, 64, false, 0}}, 0},
	{"getpmsg", nil, 0},
	{"lookup_dcookie", []Arg{{"cookie64", Hex, 64, false, 0}, {"buf", OutBuf, 64, false, 0}, {"len", Size, 64, false, 0}}, 0},
	{"nfsservctl", []Arg{{"cmd", Int, 32, true, 0}, {"arg", Ptr, 64, false, 0}, {"res", Ptr, 64, false, 0}}, 0},
	{"putpmsg", nil, 0},
	{"query_module", []Arg{
		{"name", Str, 64, false, 0},
		{"which", Int, 32, true, 0},
		{"buf", Ptr, 64, false, 0},
		{"bufsize", Size, 64, false, 0},
		{"ret", Ptr, 64, false, 0},
	}, 0},
	{"security", nil, 0},
	{"tuxcall", nil, 0},
	{"uselib", []Arg{{"library", Path, 64, false, 0}}, File},
	{"vserver", nil, 0},
}
