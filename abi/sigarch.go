package abi

// aarch64Differences: where arm64 differs from [Lookup]. It selects
// CLONE_BACKWARDS, which puts tls before child_tidptr.
var aarch64Differences = []Signature{
	{"clone", []Arg{
		{"clone_flags", Flags, 32, false, CloneFlags},
		{"newsp", Ptr, 64, false, 0},
		{"parent_tidptr", Ptr, 64, false, 0},
		{"tls", Ptr, 64, false, 0},
		{"child_tidptr", Ptr, 64, false, 0},
	}, Process},
	{"open_by_handle_at", []Arg{{"mountdirfd", DirFD, 32, true, 0}, {"handle", Ptr, 64, false, 0}, {"flags", Flags, 32, true, OpenFlagsARM}}, Desc},
	{"openat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"flags", Flags, 32, true, OpenFlagsARM}, {"mode", Mode, 16, false, 0},
	}, File | Desc},
	{"pipe2", []Arg{{"fildes", Ptr, 64, false, 0}, {"flags", Flags, 32, true, PipeFlagsARM}}, Desc},
}

// i386Differences: where i386 differs from [Lookup]. The plain id calls are
// those of 16-bit ids (a user id of 0x10000 is root there); a 64-bit offset
// takes two registers, low half first; mmap and select take one pointer to
// their arguments, which a filter cannot see.
var i386Differences = []Signature{
	{"chown", []Arg{{"filename", Path, 64, false, 0}, {"user", UID, 16, false, 0}, {"group", GID, 16, false, 0}}, File},
	{"clone", []Arg{
		{"clone_flags", Flags, 32, false, CloneFlags},
		{"newsp", Ptr, 64, false, 0},
		{"parent_tidptr", Ptr, 64, false, 0},
		{"tls", Ptr, 64, false, 0},
		{"child_tidptr", Ptr, 64, false, 0},
	}, Process},
	{"fadvise64", []Arg{
		{"fd", FD, 32, true, 0},
		{"offset_lo", Hex, 32, false, 0},
		{"offset_hi", Hex, 32, false, 0},
		{"len", Size, 64, false, 0},
		{"advice", Enum, 32, true, FadviseAdvice},
	}, Desc},
	{"fallocate", []Arg{
		{"fd", FD, 32, true, 0},
		{"mode", Flags, 32, true, FallocFlags},
		{"offset_lo", Hex, 32, false, 0},
		{"offset_hi", Hex, 32, false, 0},
		{"len_lo", Hex, 32, false, 0},
		{"len_hi", Hex, 32, false, 0},
	}, Desc},
	{"fanotify_mark", []Arg{
		{"fanotify_fd", FD, 32, true, 0},
		{"flags", Hex, 32, false, 0},
		{"mask_lo", Hex, 32, false, 0},
		{"mask_hi", Hex, 32, false, 0},
		{"dfd", DirFD, 32, true, 0},
		{"pathname", Path, 64, false, 0},
	}, File | Desc},
	{"fchown", []Arg{{"fd", FD, 32, false, 0}, {"user", UID, 16, false, 0}, {"group", GID, 16, false, 0}}, Desc},
	{"lchown", []Arg{{"filename", Path, 64, false, 0}, {"user", UID, 16, false, 0}, {"group", GID, 16, false, 0}}, File},
	{"lookup_dcookie", []Arg{
		{"cookie_lo", Uint, 32, false, 0}, {"cookie_hi", Uint, 32, false, 0}, {"buf", OutBuf, 64, false, 0}, {"len", Size, 64, false, 0},
	}, 0},
	{"mmap", []Arg{{"arg", Ptr, 64, false, 0}}, Memory},
	{"pread64", []Arg{
		{"fd", FD, 32, false, 0},
		{"buf", OutBuf, 64, false, 0},
		{"count", Size, 64, false, 0},
		{"pos_lo", Hex, 32, false, 0},
		{"pos_hi", Hex, 32, false, 0},
	}, Desc},
	{"pwrite64", []Arg{
		{"fd", FD, 32, false, 0},
		{"buf", Buf, 64, false, 0},
		{"count", Size, 64, false, 0},
		{"pos_lo", Hex, 32, false, 0},
		{"pos_hi", Hex, 32, false, 0},
	}, Desc},
	{"readahead", []Arg{
		{"fd", FD, 32, true, 0}, {"offset_lo", Hex, 32, false, 0}, {"offset_hi", Hex, 32, false, 0}, {"count", Size, 64, false, 0},
	}, Desc},
	{"select", []Arg{{"arg", Ptr, 64, false, 0}}, Desc},
	{"setfsgid", []Arg{{"gid", GID, 16, false, 0}}, Creds},
	{"setfsuid", []Arg{{"uid", UID, 16, false, 0}}, Creds},
	{"setgid", []Arg{{"gid", GID, 16, false, 0}}, Creds},
	{"setregid", []Arg{{"rgid", GID, 16, false, 0}, {"egid", GID, 16, false, 0}}, Creds},
	{"setresgid", []Arg{{"rgid", GID, 16, false, 0}, {"egid", GID, 16, false, 0}, {"sgid", GID, 16, false, 0}}, Creds},
	{"setresuid", []Arg{{"ruid", UID, 16, false, 0}, {"euid", UID, 16, false, 0}, {"suid", UID, 16, false, 0}}, Creds},
	{"setreuid", []Arg{{"ruid", UID, 16, false, 0}, {"euid", UID, 16, false, 0}}, Creds},
	{"setuid", []Arg{{"uid", UID, 16, false, 0}}, Creds},
	{"sync_file_range", []Arg{
		{"fd", FD, 32, true, 0},
		{"offset_lo", Hex, 32, false, 0},
		{"offset_hi", Hex, 32, false, 0},
		{"nbytes_lo", Hex, 32, false, 0},
		{"nbytes_hi", Hex, 32, false, 0},
		{"flags", Flags, 32, false, SyncRangeFlags},
	}, Desc},
}
