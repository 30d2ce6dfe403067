package abi

// credsSignatures: user and group ids and capabilities.
var credsSignatures = []Signature{
	{"capget", []Arg{{"header", Ptr, 64, false, 0}, {"dataptr", Ptr, 64, false, 0}}, Creds},
	{"capset", []Arg{{"header", Ptr, 64, false, 0}, {"data", Ptr, 64, false, 0}}, Creds},
	{"getegid", nil, Creds},
	{"geteuid", nil, Creds},
	{"getgid", nil, Creds},
	{"getgroups", []Arg{{"gidsetsize", Size, 32, true, 0}, {"grouplist", Ptr, 64, false, 0}}, Creds},
	{"getresgid", []Arg{{"rgidp", Ptr, 64, false, 0}, {"egidp", Ptr, 64, false, 0}, {"sgidp", Ptr, 64, false, 0}}, Creds},
	{"getresuid", []Arg{{"ruidp", Ptr, 64, false, 0}, {"euidp", Ptr, 64, false, 0}, {"suidp", Ptr, 64, false, 0}}, Creds},
	{"getuid", nil, Creds},
	{"setfsgid", []Arg{{"gid", GID, 32, false, 0}}, Creds},
	{"setfsuid", []Arg{{"uid", UID, 32, false, 0}}, Creds},
	{"setgid", []Arg{{"gid", GID, 32, false, 0}}, Creds},
	{"setgroups", []Arg{{"gidsetsize", Size, 32, true, 0}, {"grouplist", Ptr, 64, false, 0}}, Creds},
	{"setregid", []Arg{{"rgid", GID, 32, false, 0}, {"egid", GID, 32, false, 0}}, Creds},
	{"setresgid", []Arg{{"rgid", GID, 32, false, 0}, {"egid", GID, 32, false, 0}, {"sgid", GID, 32, false, 0}}, Creds},
	{"setresuid", []Arg{{"ruid", UID, 32, false, 0}, {"euid", UID, 32, false, 0}, {"suid", UID, 32, false, 0}}, Creds},
	{"setreuid", []Arg{{"ruid", UID, 32, false, 0}, {"euid", UID, 32, false, 0}}, Creds},
	{"setuid", []Arg{{"uid", UID, 32, false, 0}}, Creds},
}
