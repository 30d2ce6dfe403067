package abi

// signalSignatures: signals.
var signalSignatures = []Signature{
	{"kill", []Arg{{"pid", PID, 32, true, 0}, {"sig", Signal, 32, true, 0}}, Signals},
	{"rt_sigaction", []Arg{
		{"sig", Signal, 32, true, 0}, {"act", Sigaction, 64, false, 0}, {"oact", Ptr, 64, false, 0}, {"sigsetsize", Size, 64, false, 0},
	}, Signals},
	{"rt_sigpending", []Arg{{"uset", Ptr, 64, false, 0}, {"sigsetsize", Size, 64, false, 0}}, Signals},
	{"rt_sigprocmask", []Arg{
		{"how", Enum, 32, true, SigHow}, {"nset", SigSet, 64, false, 0}, {"oset", Ptr, 64, false, 0}, {"sigsetsize", Size, 64, false, 0},
	}, Signals},
	{"rt_sigqueueinfo", []Arg{{"pid", PID, 32, true, 0}, {"sig", Signal, 32, true, 0}, {"uinfo", Ptr, 64, false, 0}}, Signals},
	{"rt_sigreturn", nil, Signals},
	{"rt_sigsuspend", []Arg{{"unewset", SigSet, 64, false, 0}, {"sigsetsize", Size, 64, false, 0}}, Signals},
	{"rt_sigtimedwait", []Arg{
		{"uthese", SigSet, 64, false, 0}, {"uinfo", Ptr, 64, false, 0}, {"uts", Timespec, 64, false, 0}, {"sigsetsize", Size, 64, false, 0},
	}, Signals},
	{"rt_tgsigqueueinfo", []Arg{
		{"tgid", PID, 32, true, 0}, {"pid", PID, 32, true, 0}, {"sig", Signal, 32, true, 0}, {"uinfo", Ptr, 64, false, 0},
	}, Signals},
	{"sigaltstack", []Arg{{"uss", Ptr, 64, false, 0}, {"uoss", Ptr, 64, false, 0}}, Signals},
	{"signalfd", []Arg{{"ufd", FD, 32, true, 0}, {"user_mask", SigSet, 64, false, 0}, {"sizemask", Size, 64, false, 0}}, Desc | Signals},
	{"signalfd4", []Arg{
		{"ufd", FD, 32, true, 0}, {"user_mask", SigSet, 64, false, 0}, {"sizemask", Size, 64, false, 0}, {"flags", Flags, 32, true, SignalfdFlags},
	}, Desc | Signals},
	{"tgkill", []Arg{{"tgid", PID, 32, true, 0}, {"pid", PID, 32, true, 0}, {"sig", Signal, 32, true, 0}}, Signals},
	{"tkill", []Arg{{"pid", PID, 32, true, 0}, {"sig", Signal, 32, true, 0}}, Signals},
}
