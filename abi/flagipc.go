package abi

// Constants of IPC and keys, in the order in which they are printed.

var ipcFlagsBits = []constant{
	{"IPC_CREAT", 0x200}, {"IPC_EXCL", 0x400}, {"IPC_NOWAIT", 0x800}, {"SHM_HUGETLB", 0x800}, {"SHM_NORESERVE", 0x1000},
}

var shmatFlagsBits = []constant{
	{"SHM_RDONLY", 0x1000}, {"SHM_RND", 0x2000}, {"SHM_REMAP", 0x4000}, {"SHM_EXEC", 0x8000},
}

var msgIPCFlagsBits = []constant{
	{"IPC_NOWAIT", 0x800}, {"MSG_NOERROR", 0x1000}, {"MSG_EXCEPT", 0x2000}, {"MSG_COPY", 0x4000},
}

var ipcCmdsValues = []constant{
	{"IPC_RMID", 0},
	{"IPC_SET", 1},
	{"IPC_STAT", 2},
	{"IPC_INFO", 3},
	{"GETPID", 0xb},
	{"GETVAL", 0xc},
	{"GETALL", 0xd},
	{"GETNCNT", 0xe},
	{"GETZCNT", 0xf},
	{"SETVAL", 0x10},
	{"SETALL", 0x11},
	{"SEM_STAT", 0x12},
	{"SEM_INFO", 0x13},
}

var keyctlCmdsValues = []constant{
	{"KEYCTL_GET_KEYRING_ID", 0},
	{"KEYCTL_JOIN_SESSION_KEYRING", 1},
	{"KEYCTL_UPDATE", 2},
	{"KEYCTL_REVOKE", 3},
	{"KEYCTL_CHOWN", 4},
	{"KEYCTL_SETPERM", 5},
	{"KEYCTL_DESCRIBE", 6},
	{"KEYCTL_CLEAR", 7},
	{"KEYCTL_LINK", 8},
	{"KEYCTL_UNLINK", 9},
	{"KEYCTL_SEARCH", 0xa},
	{"KEYCTL_READ", 0xb},
	{"KEYCTL_INSTANTIATE", 0xc},
	{"KEYCTL_NEGATE", 0xd},
	{"KEYCTL_SET_REQKEY_KEYRING", 0xe},
	{"KEYCTL_SET_TIMEOUT", 0xf},
	{"KEYCTL_ASSUME_AUTHORITY", 0x10},
	{"KEYCTL_GET_SECURITY", 0x11},
	{"KEYCTL_SESSION_TO_PARENT", 0x12},
	{"KEYCTL_REJECT", 0x13},
	{"KEYCTL_INSTANTIATE_IOV", 0x14},
	{"KEYCTL_INVALIDATE", 0x15},
	{"KEYCTL_GET_PERSISTENT", 0x16},
	{"KEYCTL_DH_COMPUTE", 0x17},
	{"KEYCTL_RESTRICT_KEYRING", 0x1d},
	{"KEYCTL_MOVE", 0x1e},
	{"KEYCTL_CAPABILITIES", 0x1f},
	{"KEYCTL_WATCH_KEY", 0x20},
}
