package abi

// Constants of memory, in the order in which they are printed.

var protFlagsValues = []constant{
	{"PROT_NONE", 0},
}

var protFlagsBits = []constant{
	{"PROT_READ", 1},
	{"PROT_WRITE", 2},
	{"PROT_EXEC", 4},
	{"PROT_SEM", 8},
	{"PROT_GROWSDOWN", 0x1000000},
	{"PROT_GROWSUP", 0x2000000},
}

var mapFlagsValues = []constant{
	{"MAP_FILE", 0}, {"MAP_SHARED", 1}, {"MAP_PRIVATE", 2}, {"MAP_SHARED_VALIDATE", 3}, {"MAP_DROPPABLE", 8},
}

var mapFlagsBits = []constant{
	{"MAP_FIXED", 0x10},
	{"MAP_ANONYMOUS", 0x20},
	{"MAP_32BIT", 0x40},
	{"MAP_ABOVE4G", 0x80},
	{"MAP_NORESERVE", 0x4000},
	{"MAP_POPULATE", 0x8000},
	{"MAP_NONBLOCK", 0x10000},
	{"MAP_GROWSDOWN", 0x100},
	{"MAP_DENYWRITE", 0x800},
	{"MAP_EXECUTABLE", 0x1000},
	{"MAP_LOCKED", 0x2000},
	{"MAP_STACK", 0x20000},
	{"MAP_HUGETLB", 0x40000},
	{"MAP_SYNC", 0x80000},
	{"MAP_UNINITIALIZED", 0x4000000},
	{"MAP_FIXED_NOREPLACE", 0x100000},
}

var mremapFlagsBits = []constant{
	{"MREMAP_MAYMOVE", 1}, {"MREMAP_FIXED", 2}, {"MREMAP_DONTUNMAP", 4},
}

var msyncFlagsBits = []constant{
	{"MS_ASYNC", 1}, {"MS_INVALIDATE", 2}, {"MS_SYNC", 4},
}

var madviseAdviceValues = []constant{
	{"MADV_NORMAL", 0},
	{"MADV_RANDOM", 1},
	{"MADV_SEQUENTIAL", 2},
	{"MADV_WILLNEED", 3},
	{"MADV_DONTNEED", 4},
	{"MADV_FREE", 8},
	{"MADV_REMOVE", 9},
	{"MADV_DONTFORK", 0xa},
	{"MADV_DOFORK", 0xb},
	{"MADV_MERGEABLE", 0xc},
	{"MADV_UNMERGEABLE", 0xd},
	{"MADV_HUGEPAGE", 0xe},
	{"MADV_NOHUGEPAGE", 0xf},
	{"MADV_DONTDUMP", 0x10},
	{"MADV_DODUMP", 0x11},
	{"MADV_WIPEONFORK", 0x12},
	{"MADV_KEEPONFORK", 0x13},
	{"MADV_COLD", 0x14},
	{"MADV_PAGEOUT", 0x15},
	{"MADV_POPULATE_READ", 0x16},
	{"MADV_POPULATE_WRITE", 0x17},
	{"MADV_DONTNEED_LOCKED", 0x18},
	{"MADV_COLLAPSE", 0x19},
	{"MADV_HWPOISON", 0x64},
	{"MADV_SOFT_OFFLINE", 0x65},
	{"MADV_GUARD_INSTALL", 0x66},
	{"MADV_GUARD_REMOVE", 0x67},
}

var mlockFlagsBits = []constant{
	{"MLOCK_ONFAULT", 1},
}

var mlockallFlagsBits = []constant{
	{"MCL_CURRENT", 1}, {"MCL_FUTURE", 2}, {"MCL_ONFAULT", 4},
}

var mempolicyModesValues = []constant{
	{"MPOL_DEFAULT", 0},
	{"MPOL_PREFERRED", 1},
	{"MPOL_BIND", 2},
	{"MPOL_INTERLEAVE", 3},
	{"MPOL_LOCAL", 4},
	{"MPOL_PREFERRED_MANY", 5},
	{"MPOL_WEIGHTED_INTERLEAVE", 6},
}

var mempolicyModesBits = []constant{
	{"MPOL_F_STATIC_NODES", 0x8000}, {"MPOL_F_RELATIVE_NODES", 0x4000}, {"MPOL_F_NUMA_BALANCING", 0x2000},
}

var mbindFlagsBits = []constant{
	{"MPOL_MF_STRICT", 1}, {"MPOL_MF_MOVE", 2}, {"MPOL_MF_MOVE_ALL", 4},
}

var getMempolicyFlagsBits = []constant{
	{"MPOL_F_NODE", 1}, {"MPOL_F_ADDR", 2}, {"MPOL_F_MEMS_ALLOWED", 4},
}

var pkeyRightsBits = []constant{
	{"PKEY_DISABLE_ACCESS", 1}, {"PKEY_DISABLE_WRITE", 2},
}

var membarrierCmdsValues = []constant{
	{"MEMBARRIER_CMD_QUERY", 0},
	{"MEMBARRIER_CMD_GLOBAL", 1},
	{"MEMBARRIER_CMD_GLOBAL_EXPEDITED", 2},
	{"MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED", 4},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED", 8},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED", 0x10},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE", 0x20},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE", 0x40},
	{"MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ", 0x80},
	{"MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ", 0x100},
	{"MEMBARRIER_CMD_GET_REGISTRATIONS", 0x200},
}

var membarrierFlagsBits = []constant{
	{"MEMBARRIER_CMD_FLAG_CPU", 1},
}

var shadowStackFlagsBits = []constant{
	{"SHADOW_STACK_SET_TOKEN", 1}, {"SHADOW_STACK_SET_MARKER", 2},
}

var userfaultfdFlagsBits = []constant{
	{"O_CLOEXEC", 0x80000}, {"O_NONBLOCK", 0x800}, {"UFFD_USER_MODE_ONLY", 1},
}
