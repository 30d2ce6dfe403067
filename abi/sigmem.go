package abi

// memorySignatures: calls on the address space.
var memorySignatures = []Signature{
	{"brk", []Arg{{"brk", Ptr, 64, false, 0}}, Memory},
	{"cachestat", []Arg{
		{"fd", FD, 32, false, 0}, {"cstat_range", Ptr, 64, false, 0}, {"cstat", Ptr, 64, false, 0}, {"flags", Hex, 32, false, 0},
	}, Desc | Memory},
	{"get_mempolicy", []Arg{
		{"policy", Ptr, 64, false, 0}, {"nmask", Ptr, 64, false, 0}, {"maxnode", Uint, 64, false, 0}, {"addr", Ptr, 64, false, 0},
		{"flags", Flags, 64, false, GetMempolicyFlags},
	}, Memory},
	{"madvise", []Arg{{"start", Ptr, 64, false, 0}, {"len_in", Size, 64, false, 0}, {"behavior", Enum, 32, true, MadviseAdvice}}, Memory},
	{"map_shadow_stack", []Arg{{"addr", Ptr, 64, false, 0}, {"size", Size, 64, false, 0}, {"flags", Flags, 32, false, ShadowStackFlags}}, Memory},
	{"mbind", []Arg{
		{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"mode", Flags, 32, false, MempolicyModes}, {"nmask", Ptr, 64, false, 0},
		{"maxnode", Uint, 64, false, 0}, {"flags", Flags, 32, false, MbindFlags},
	}, Memory},
	{"membarrier", []Arg{{"cmd", Enum, 32, true, MembarrierCmds}, {"flags", Flags, 32, false, MembarrierFlags}, {"cpu_id", Int, 32, true, 0}}, Memory},
	{"memfd_create", []Arg{{"uname", Str, 64, false, 0}, {"flags", Flags, 32, false, MemfdFlags}}, Desc | Memory},
	{"memfd_secret", []Arg{{"flags", Hex, 32, false, 0}}, Desc | Memory},
	{"migrate_pages", []Arg{
		{"pid", PID, 32, true, 0}, {"maxnode", Uint, 64, false, 0}, {"old_nodes", Ptr, 64, false, 0}, {"new_nodes", Ptr, 64, false, 0},
	}, Memory},
	{"mincore", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"vec", Ptr, 64, false, 0}}, Memory},
	{"mlock", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}}, Memory},
	{"mlock2", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"flags", Flags, 32, true, MlockFlags}}, Memory},
	{"mlockall", []Arg{{"flags", Flags, 32, true, MlockallFlags}}, Memory},
	{"mmap", []Arg{
		{"addr", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"prot", Flags, 64, false, ProtFlags}, {"flags", Flags, 64, false, MapFlags},
		{"fd", FD, 32, true, 0}, {"off", Off, 64, false, 0},
	}, Desc | Memory},
	{"move_pages", []Arg{
		{"pid", PID, 32, true, 0}, {"nr_pages", Uint, 64, false, 0}, {"pages", Ptr, 64, false, 0}, {"nodes", Ptr, 64, false, 0},
		{"status", Ptr, 64, false, 0}, {"flags", Flags, 32, true, MbindFlags},
	}, Memory},
	{"mprotect", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"prot", Flags, 64, false, ProtFlags}}, Memory},
	{"mremap", []Arg{
		{"addr", Ptr, 64, false, 0}, {"old_len", Size, 64, false, 0}, {"new_len", Size, 64, false, 0}, {"flags", Flags, 64, false, MremapFlags},
		{"new_addr", Ptr, 64, false, 0},
	}, Memory},
	{"mseal", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"flags", Hex, 64, false, 0}}, Memory},
	{"msync", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"flags", Flags, 32, true, MsyncFlags}}, Memory},
	{"munlock", []Arg{{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}}, Memory},
	{"munlockall", nil, Memory},
	{"munmap", []Arg{{"addr", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}}, Memory},
	{"pkey_alloc", []Arg{{"flags", Hex, 64, false, 0}, {"init_val", Flags, 64, false, PkeyRights}}, Memory},
	{"pkey_free", []Arg{{"pkey", Int, 32, true, 0}}, Memory},
	{"pkey_mprotect", []Arg{
		{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"prot", Flags, 64, false, ProtFlags}, {"pkey", Int, 32, true, 0},
	}, Memory},
	{"remap_file_pages", []Arg{
		{"start", Ptr, 64, false, 0}, {"size", Size, 64, false, 0}, {"prot", Flags, 64, false, ProtFlags}, {"pgoff", Hex, 64, false, 0},
		{"flags", Flags, 64, false, MapFlags},
	}, Memory},
	{"set_mempolicy", []Arg{{"mode", Flags, 32, true, MempolicyModes}, {"nmask", Ptr, 64, false, 0}, {"maxnode", Uint, 64, false, 0}}, Memory},
	{"set_mempolicy_home_node", []Arg{
		{"start", Ptr, 64, false, 0}, {"len", Size, 64, false, 0}, {"home_node", Hex, 64, false, 0}, {"flags", Hex, 64, false, 0},
	}, Memory},
	{"userfaultfd", []Arg{{"flags", Flags, 32, true, UserfaultfdFlags}}, Desc | Memory},
}
