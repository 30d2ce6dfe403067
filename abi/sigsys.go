package abi

// systemSignatures: mounts, modules, keys and the machine as a whole.
var systemSignatures = []Signature{
	{"acct", []Arg{{"name", Path, 64, false, 0}}, File | System},
	{"add_key", []Arg{
		{"type", Str, 64, false, 0},
		{"description", Str, 64, false, 0},
		{"payload", Buf, 64, false, 0},
		{"plen", Size, 64, false, 0},
		{"ringid", Int, 32, true, 0},
	}, System},
	{"bpf", []Arg{{"cmd", Enum, 32, true, BpfCmds}, {"uattr", Ptr, 64, false, 0}, {"size", Size, 32, false, 0}}, Desc | System},
	{"delete_module", []Arg{{"name_user", Str, 64, false, 0}, {"flags", Flags, 32, false, PipeFlags}}, System},
	{"finit_module", []Arg{{"fd", FD, 32, true, 0}, {"uargs", Str, 64, false, 0}, {"flags", Flags, 32, true, ModuleFlags}}, Desc | System},
	{"fsconfig", []Arg{
		{"fd", FD, 32, true, 0},
		{"cmd", Enum, 32, false, FsconfigCmds},
		{"key", Str, 64, false, 0},
		{"value", Ptr, 64, false, 0},
		{"aux", Int, 32, true, 0},
	}, Desc | System},
	{"fsmount", []Arg{
		{"fs_fd", FD, 32, true, 0}, {"flags", Flags, 32, false, FsmountFlags}, {"attr_flags", Flags, 32, false, MountAttrs},
	}, Desc | System},
	{"fsopen", []Arg{{"fs_name", Str, 64, false, 0}, {"flags", Flags, 32, false, FsopenFlags}}, Desc | System},
	{"fspick", []Arg{{"dfd", DirFD, 32, true, 0}, {"path", Path, 64, false, 0}, {"flags", Flags, 32, false, FspickFlags}}, File | Desc | System},
	{"init_module", []Arg{{"umod", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"uargs", Str, 64, false, 0}}, System},
	{"kexec_file_load", []Arg{
		{"kernel_fd", FD, 32, true, 0},
		{"initrd_fd", FD, 32, true, 0},
		{"cmdline_len", Hex, 64, false, 0},
		{"cmdline_ptr", Ptr, 64, false, 0},
		{"flags", Hex, 64, false, 0},
	}, Desc | System},
	{"kexec_load", []Arg{
		{"entry", Ptr, 64, false, 0}, {"nr_segments", Uint, 64, false, 0}, {"segments", Ptr, 64, false, 0}, {"flags", Hex, 64, false, 0},
	}, System},
	{"keyctl", []Arg{
		{"option", Enum, 32, true, KeyctlCmds},
		{"arg2", Hex, 64, false, 0},
		{"arg3", Hex, 64, false, 0},
		{"arg4", Hex, 64, false, 0},
		{"arg5", Hex, 64, false, 0},
	}, System},
	{"listmount", []Arg{
		{"req", Ptr, 64, false, 0}, {"mnt_ids", Ptr, 64, false, 0}, {"nr_mnt_ids", Size, 64, false, 0}, {"flags", Hex, 32, false, 0},
	}, System},
	{"lsm_get_self_attr", []Arg{
		{"attr", Uint, 32, false, 0}, {"ctx", Ptr, 64, false, 0}, {"size", Ptr, 64, false, 0}, {"flags", Hex, 32, false, 0},
	}, System},
	{"lsm_list_modules", []Arg{{"ids", Ptr, 64, false, 0}, {"size", Ptr, 64, false, 0}, {"flags", Hex, 32, false, 0}}, System},
	{"lsm_set_self_attr", []Arg{
		{"attr", Uint, 32, false, 0}, {"ctx", Ptr, 64, false, 0}, {"size", Size, 32, false, 0}, {"flags", Hex, 32, false, 0},
	}, System},
	{"mount", []Arg{
		{"dev_name", Path, 64, false, 0},
		{"dir_name", Path, 64, false, 0},
		{"type", Str, 64, false, 0},
		{"flags", Flags, 64, false, MountFlags},
		{"data", Ptr, 64, false, 0},
	}, File | System},
	{"mount_setattr", []Arg{
		{"dfd", DirFD, 32, true, 0},
		{"path", Path, 64, false, 0},
		{"flags", Flags, 32, false, AtFlags},
		{"uattr", Ptr, 64, false, 0},
		{"usize", Size, 64, false, 0},
	}, File | Desc | System},
	{"move_mount", []Arg{
		{"from_dfd", DirFD, 32, true, 0},
		{"from_pathname", Path, 64, false, 0},
		{"to_dfd", DirFD, 32, true, 0},
		{"to_pathname", Path, 64, false, 0},
		{"flags", Flags, 32, false, MoveMountFlags},
	}, File | Desc | System},
	{"open_tree", []Arg{
		{"dfd", DirFD, 32, true, 0}, {"filename", Path, 64, false, 0}, {"flags", Flags, 32, false, OpenTreeFlags},
	}, File | Desc | System},
	{"open_tree_attr", []Arg{
		{"dfd", DirFD, 32, true, 0},
		{"filename", Path, 64, false, 0},
		{"flags", Flags, 32, false, OpenTreeFlags},
		{"uattr", Ptr, 64, false, 0},
		{"usize", Size, 64, false, 0},
	}, File | Desc | System},
	{"pivot_root", []Arg{{"new_root", Path, 64, false, 0}, {"put_old", Path, 64, false, 0}}, File | System},
	{"quotactl", []Arg{
		{"cmd", Uint, 32, false, 0}, {"special", Path, 64, false, 0}, {"id", Uint, 32, false, 0}, {"addr", Ptr, 64, false, 0},
	}, File | System},
	{"quotactl_fd", []Arg{
		{"fd", FD, 32, false, 0}, {"cmd", Uint, 32, false, 0}, {"id", Uint, 32, false, 0}, {"addr", Ptr, 64, false, 0},
	}, Desc | System},
	{"reboot", []Arg{
		{"magic1", Enum, 32, true, RebootMagic},
		{"magic2", Enum, 32, true, RebootMagic},
		{"cmd", Enum, 32, false, RebootCmds},
		{"arg", Ptr, 64, false, 0},
	}, System},
	{"request_key", []Arg{
		{"type", Str, 64, false, 0}, {"description", Str, 64, false, 0}, {"callout_info", Str, 64, false, 0}, {"destringid", Int, 32, true, 0},
	}, System},
	{"setdomainname", []Arg{{"name", Buf, 64, false, 0}, {"len", Size, 32, true, 0}}, System},
	{"sethostname", []Arg{{"name", Buf, 64, false, 0}, {"len", Size, 32, true, 0}}, System},
	{"statmount", []Arg{{"req", Ptr, 64, false, 0}, {"buf", Ptr, 64, false, 0}, {"bufsize", Size, 64, false, 0}, {"flags", Hex, 32, false, 0}}, System},
	{"swapoff", []Arg{{"specialfile", Path, 64, false, 0}}, File | System},
	{"swapon", []Arg{{"specialfile", Path, 64, false, 0}, {"swap_flags", Flags, 32, true, SwapFlags}}, File | System},
	{"sync", nil, System},
	{"sysfs", []Arg{{"option", Int, 32, true, 0}, {"arg1", Hex, 64, false, 0}, {"arg2", Hex, 64, false, 0}}, System},
	{"sysinfo", []Arg{{"info", Ptr, 64, false, 0}}, System},
	{"syslog", []Arg{{"type", Enum, 32, true, SyslogTypes}, {"buf", OutBuf, 64, false, 0}, {"len", Size, 32, true, 0}}, System},
	{"umask", []Arg{{"mask", Mode, 32, true, 0}}, System},
	{"umount2", []Arg{{"name", Path, 64, false, 0}, {"flags", Flags, 32, true, UmountFlags}}, File | System},
	{"uname", []Arg{{"name", Ptr, 64, false, 0}}, System},
	{"vhangup", nil, System},
}
