package abi

// pathSignatures: calls that take a file name.
var pathSignatures = []Signature{
	{"access", []Arg{{"filename", Path, 64, false, 0}, {"mode", Flags, 32, true, AccessModes}}, File},
	{"chdir", []Arg{{"filename", Path, 64, false, 0}}, File},
	{"chmod", []Arg{{"filename", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}}, File},
	{"chown", []Arg{{"filename", Path, 64, false, 0}, {"user", UID, 32, false, 0}, {"group", GID, 32, false, 0}}, File},
	{"chroot", []Arg{{"filename", Path, 64, false, 0}}, File},
	{"creat", []Arg{{"pathname", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}}, File | Desc},
	{"faccessat", []Arg{{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"mode", Flags, 32, true, AccessModes}}, File | Desc},
	{"faccessat2", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"mode", Flags, 32, true, AccessModes},
		{"flags", Flags, 32, true, AccessAtFlags},
	}, File | Desc},
	{"fanotify_mark", []Arg{
		{"fanotify_fd", FD, 32, true, 0}, {"flags", Hex, 32, false, 0}, {"mask", Hex, 64, false, 0}, {"dfd", DirFD, 32, true, 0},
		{"pathname", Path, 64, false, 0},
	}, File | Desc},
	{"fchmodat", []Arg{{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}}, File | Desc},
	{"fchmodat2", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}, {"flags", Flags, 32, false, AtFlags},
	}, File | Desc},
	{"fchownat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"user", UID, 32, false, 0}, {"group", GID, 32, false, 0},
		{"flag", Flags, 32, true, AtFlags},
	}, File | Desc},
	{"file_getattr", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"ufattr", Ptr, 64, false, 0}, {"usize", Size, 64, false, 0},
		{"at_flags", Flags, 32, false, AtFlags},
	}, File | Desc},
	{"file_setattr", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"ufattr", Ptr, 64, false, 0}, {"usize", Size, 64, false, 0},
		{"at_flags", Flags, 32, false, AtFlags},
	}, File | Desc},
	{"futimesat", []Arg{{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"utimes", Ptr, 64, false, 0}}, File | Desc},
	{"getcwd", []Arg{{"buf", OutBuf, 64, false, 0}, {"size", Size, 64, false, 0}}, File},
	{"getxattr", []Arg{
		{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}, {"value", OutBuf, 64, false, 0}, {"size", Size, 64, false, 0},
	}, File},
	{"getxattrat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"at_flags", Flags, 32, false, AtFlags}, {"name", Str, 64, false, 0},
		{"uargs", Ptr, 64, false, 0}, {"usize", Size, 64, false, 0},
	}, File | Desc},
	{"inotify_add_watch", []Arg{{"fd", FD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"mask", Flags, 32, false, InotifyMask}}, File | Desc},
	{"lchown", []Arg{{"filename", Path, 64, false, 0}, {"user", UID, 32, false, 0}, {"group", GID, 32, false, 0}}, File},
	{"lgetxattr", []Arg{
		{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}, {"value", OutBuf, 64, false, 0}, {"size", Size, 64, false, 0},
	}, File},
	{"link", []Arg{{"oldname", Path, 64, false, 0}, {"newname", Path, 64, false, 0}}, File},
	{"linkat", []Arg{
		{"olddfd", DirFD, 32, true, 0}, {"oldname", Path, 64, false, 0}, {"newdfd", DirFD, 32, true, 0}, {"newname", Path, 64, false, 0},
		{"flags", Flags, 32, true, AtFlags},
	}, File | Desc},
	{"listxattr", []Arg{{"pathname", Path, 64, false, 0}, {"list", OutBuf, 64, false, 0}, {"size", Size, 64, false, 0}}, File},
	{"listxattrat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"at_flags", Flags, 32, false, AtFlags}, {"list", OutBuf, 64, false, 0},
		{"size", Size, 64, false, 0},
	}, File | Desc},
	{"llistxattr", []Arg{{"pathname", Path, 64, false, 0}, {"list", OutBuf, 64, false, 0}, {"size", Size, 64, false, 0}}, File},
	{"lremovexattr", []Arg{{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}}, File},
	{"lsetxattr", []Arg{
		{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}, {"value", Buf, 64, false, 0}, {"size", Size, 64, false, 0},
		{"flags", Flags, 32, true, XattrFlags},
	}, File},
	{"lstat", []Arg{{"filename", Path, 64, false, 0}, {"statbuf", Ptr, 64, false, 0}}, File},
	{"mkdir", []Arg{{"pathname", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}}, File},
	{"mkdirat", []Arg{{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}}, File | Desc},
	{"mknod", []Arg{{"filename", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}, {"dev", Dev, 32, false, 0}}, File},
	{"mknodat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"mode", Mode, 16, false, 0}, {"dev", Dev, 32, false, 0},
	}, File | Desc},
	{"name_to_handle_at", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"name", Path, 64, false, 0}, {"handle", Ptr, 64, false, 0}, {"mnt_id", Ptr, 64, false, 0},
		{"flag", Flags, 32, true, AtFlags},
	}, File | Desc},
	{"newfstatat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"statbuf", Ptr, 64, false, 0}, {"flag", Flags, 32, true, AtFlags},
	}, File | Desc},
	{"open", []Arg{{"filename", Path, 64, false, 0}, {"flags", Flags, 32, true, OpenFlags}, {"mode", Mode, 16, false, 0}}, File | Desc},
	{"openat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"flags", Flags, 32, true, OpenFlags}, {"mode", Mode, 16, false, 0},
	}, File | Desc},
	{"openat2", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"how", Ptr, 64, false, 0}, {"usize", Size, 64, false, 0},
	}, File | Desc},
	{"readlink", []Arg{{"path", Path, 64, false, 0}, {"buf", OutBuf, 64, false, 0}, {"bufsiz", Size, 32, true, 0}}, File},
	{"readlinkat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"buf", OutBuf, 64, false, 0}, {"bufsiz", Size, 32, true, 0},
	}, File | Desc},
	{"removexattr", []Arg{{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}}, File},
	{"removexattrat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"at_flags", Flags, 32, false, AtFlags}, {"name", Str, 64, false, 0},
	}, File | Desc},
	{"rename", []Arg{{"oldname", Path, 64, false, 0}, {"newname", Path, 64, false, 0}}, File},
	{"renameat", []Arg{
		{"olddfd", DirFD, 32, true, 0}, {"oldname", Path, 64, false, 0}, {"newdfd", DirFD, 32, true, 0}, {"newname", Path, 64, false, 0},
	}, File | Desc},
	{"renameat2", []Arg{
		{"olddfd", DirFD, 32, true, 0}, {"oldname", Path, 64, false, 0}, {"newdfd", DirFD, 32, true, 0}, {"newname", Path, 64, false, 0},
		{"flags", Flags, 32, false, RenameFlags},
	}, File | Desc},
	{"rmdir", []Arg{{"pathname", Path, 64, false, 0}}, File},
	{"setxattr", []Arg{
		{"pathname", Path, 64, false, 0}, {"name", Str, 64, false, 0}, {"value", Buf, 64, false, 0}, {"size", Size, 64, false, 0},
		{"flags", Flags, 32, true, XattrFlags},
	}, File},
	{"setxattrat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"at_flags", Flags, 32, false, AtFlags}, {"name", Str, 64, false, 0},
		{"uargs", Ptr, 64, false, 0}, {"usize", Size, 64, false, 0},
	}, File | Desc},
	{"stat", []Arg{{"filename", Path, 64, false, 0}, {"statbuf", Ptr, 64, false, 0}}, File},
	{"statfs", []Arg{{"pathname", Path, 64, false, 0}, {"buf", Ptr, 64, false, 0}}, File},
	{"statx", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"flags", Flags, 32, false, AtFlags}, {"mask", Flags, 32, false, StatxMask},
		{"buffer", Ptr, 64, false, 0},
	}, File | Desc},
	{"symlink", []Arg{{"oldname", Path, 64, false, 0}, {"newname", Path, 64, false, 0}}, File},
	{"symlinkat", []Arg{{"oldname", Path, 64, false, 0}, {"newdfd", DirFD, 32, true, 0}, {"newname", Path, 64, false, 0}}, File | Desc},
	{"truncate", []Arg{{"path", Path, 64, false, 0}, {"length", Off, 64, true, 0}}, File},
	{"unlink", []Arg{{"pathname", Path, 64, false, 0}}, File},
	{"unlinkat", []Arg{{"dfd", DirFD, 32, true, 0}, {"pathname", Path, 64, false, 0}, {"flag", Flags, 32, true, UnlinkFlags}}, File | Desc},
	{"utime", []Arg{{"filename", Path, 64, false, 0}, {"times", Ptr, 64, false, 0}}, File},
	{"utimensat", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"utimes", Ptr, 64, false, 0}, {"flags", Flags, 32, true, AtFlags},
	}, File | Desc},
	{"utimes", []Arg{{"filename", Path, 64, false, 0}, {"utimes", Ptr, 64, false, 0}}, File},
}
