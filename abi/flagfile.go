package abi

// Constants of files and descriptors, in the order in which they are printed.

var openFlagsValues = []constant{
	{"O_RDONLY", 0}, {"O_WRONLY", 1}, {"O_RDWR", 2}, {"O_ACCMODE", 3},
}

var openFlagsBits = []constant{
	{"O_CREAT", 0x40},
	{"O_EXCL", 0x80},
	{"O_NOCTTY", 0x100},
	{"O_TRUNC", 0x200},
	{"O_APPEND", 0x400},
	{"O_NONBLOCK", 0x800},
	{"O_SYNC", 0x101000},
	{"O_DSYNC", 0x1000},
	{"O_DIRECT", 0x4000},
	{"O_LARGEFILE", 0x8000},
	{"O_NOFOLLOW", 0x20000},
	{"O_NOATIME", 0x40000},
	{"O_CLOEXEC", 0x80000},
	{"O_PATH", 0x200000},
	{"O_TMPFILE", 0x410000},
	{"O_DIRECTORY", 0x10000},
	{"FASYNC", 0x2000},
	{"O_ASYNC", 0x2000},
	{"__O_SYNC", 0x100000},
	{"__O_TMPFILE", 0x400000},
}

var openFlagsARMValues = []constant{
	{"O_RDONLY", 0}, {"O_WRONLY", 1}, {"O_RDWR", 2}, {"O_ACCMODE", 3},
}

var openFlagsARMBits = []constant{
	{"O_CREAT", 0x40},
	{"O_EXCL", 0x80},
	{"O_NOCTTY", 0x100},
	{"O_TRUNC", 0x200},
	{"O_APPEND", 0x400},
	{"O_NONBLOCK", 0x800},
	{"O_SYNC", 0x101000},
	{"O_DSYNC", 0x1000},
	{"O_DIRECT", 0x10000},
	{"O_LARGEFILE", 0x20000},
	{"O_NOFOLLOW", 0x8000},
	{"O_NOATIME", 0x40000},
	{"O_CLOEXEC", 0x80000},
	{"O_PATH", 0x200000},
	{"O_TMPFILE", 0x404000},
	{"O_DIRECTORY", 0x4000},
	{"FASYNC", 0x2000},
	{"O_ASYNC", 0x2000},
	{"__O_SYNC", 0x100000},
	{"__O_TMPFILE", 0x400000},
}

var pipeFlagsBits = []constant{
	{"O_NONBLOCK", 0x800},
	{"O_DIRECT", 0x4000},
	{"O_CLOEXEC", 0x80000},
	{"O_EXCL", 0x80},
	{"O_TRUNC", 0x200},
	{"O_NOTIFICATION_PIPE", 0x80},
}

var pipeFlagsARMBits = []constant{
	{"O_NONBLOCK", 0x800}, {"O_DIRECT", 0x10000}, {"O_CLOEXEC", 0x80000}, {"O_NOTIFICATION_PIPE", 0x80},
}

var atFlagsBits = []constant{
	{"AT_SYMLINK_NOFOLLOW", 0x100},
	{"AT_REMOVEDIR", 0x200},
	{"AT_SYMLINK_FOLLOW", 0x400},
	{"AT_NO_AUTOMOUNT", 0x800},
	{"AT_EMPTY_PATH", 0x1000},
	{"AT_STATX_FORCE_SYNC", 0x2000},
	{"AT_STATX_DONT_SYNC", 0x4000},
	{"AT_RECURSIVE", 0x8000},
	{"AT_HANDLE_MNT_ID_UNIQUE", 1},
	{"AT_EXECVE_CHECK", 0x10000},
}

var accessAtFlagsBits = []constant{
	{"AT_SYMLINK_NOFOLLOW", 0x100}, {"AT_EACCESS", 0x200}, {"AT_EMPTY_PATH", 0x1000},
}

var unlinkFlagsBits = []constant{
	{"AT_REMOVEDIR", 0x200},
}

var accessModesValues = []constant{
	{"F_OK", 0},
}

var accessModesBits = []constant{
	{"R_OK", 4}, {"W_OK", 2}, {"X_OK", 1},
}

var statxMaskBits = []constant{
	{"STATX_ALL", 0xfff},
	{"STATX_BASIC_STATS", 0x7ff},
	{"STATX_TYPE", 1},
	{"STATX_MODE", 2},
	{"STATX_NLINK", 4},
	{"STATX_UID", 8},
	{"STATX_GID", 0x10},
	{"STATX_ATIME", 0x20},
	{"STATX_MTIME", 0x40},
	{"STATX_CTIME", 0x80},
	{"STATX_INO", 0x100},
	{"STATX_SIZE", 0x200},
	{"STATX_BLOCKS", 0x400},
	{"STATX_BTIME", 0x800},
	{"STATX_MNT_ID", 0x1000},
	{"STATX_DIOALIGN", 0x2000},
	{"STATX_MNT_ID_UNIQUE", 0x4000},
	{"STATX_SUBVOL", 0x8000},
	{"STATX_WRITE_ATOMIC", 0x10000},
}

var renameFlagsBits = []constant{
	{"RENAME_NOREPLACE", 1}, {"RENAME_EXCHANGE", 2}, {"RENAME_WHITEOUT", 4},
}

var whenceValues = []constant{
	{"SEEK_SET", 0}, {"SEEK_CUR", 1}, {"SEEK_END", 2}, {"SEEK_DATA", 3}, {"SEEK_HOLE", 4},
}

var fallocFlagsBits = []constant{
	{"FALLOC_FL_KEEP_SIZE", 1},
	{"FALLOC_FL_PUNCH_HOLE", 2},
	{"FALLOC_FL_NO_HIDE_STALE", 4},
	{"FALLOC_FL_COLLAPSE_RANGE", 8},
	{"FALLOC_FL_ZERO_RANGE", 0x10},
	{"FALLOC_FL_INSERT_RANGE", 0x20},
	{"FALLOC_FL_UNSHARE_RANGE", 0x40},
}

var fadviseAdviceValues = []constant{
	{"POSIX_FADV_NORMAL", 0},
	{"POSIX_FADV_RANDOM", 1},
	{"POSIX_FADV_SEQUENTIAL", 2},
	{"POSIX_FADV_WILLNEED", 3},
	{"POSIX_FADV_DONTNEED", 4},
	{"POSIX_FADV_NOREUSE", 5},
}

var syncRangeFlagsBits = []constant{
	{"SYNC_FILE_RANGE_WAIT_BEFORE", 1}, {"SYNC_FILE_RANGE_WRITE", 2}, {"SYNC_FILE_RANGE_WAIT_AFTER", 4},
}

var flockOpsBits = []constant{
	{"LOCK_SH", 1}, {"LOCK_EX", 2}, {"LOCK_NB", 4}, {"LOCK_UN", 8}, {"LOCK_MAND", 0x20},
}

var fcntlCmdsValues = []constant{
	{"F_DUPFD", 0},
	{"F_GETFD", 1},
	{"F_SETFD", 2},
	{"F_GETFL", 3},
	{"F_SETFL", 4},
	{"F_GETLK", 5},
	{"F_SETLK", 6},
	{"F_SETLKW", 7},
	{"F_SETOWN", 8},
	{"F_GETOWN", 9},
	{"F_SETSIG", 0xa},
	{"F_GETSIG", 0xb},
	{"F_GETLK64", 0xc},
	{"F_SETLK64", 0xd},
	{"F_SETLKW64", 0xe},
	{"F_SETOWN_EX", 0xf},
	{"F_GETOWN_EX", 0x10},
	{"F_GETOWNER_UIDS", 0x11},
	{"F_OFD_GETLK", 0x24},
	{"F_OFD_SETLK", 0x25},
	{"F_OFD_SETLKW", 0x26},
	{"F_SETLEASE", 0x400},
	{"F_GETLEASE", 0x401},
	{"F_NOTIFY", 0x402},
	{"F_DUPFD_QUERY", 0x403},
	{"F_CREATED_QUERY", 0x404},
	{"F_CANCELLK", 0x405},
	{"F_DUPFD_CLOEXEC", 0x406},
	{"F_SETPIPE_SZ", 0x407},
	{"F_GETPIPE_SZ", 0x408},
	{"F_ADD_SEALS", 0x409},
	{"F_GET_SEALS", 0x40a},
	{"F_GET_RW_HINT", 0x40b},
	{"F_SET_RW_HINT", 0x40c},
	{"F_GET_FILE_RW_HINT", 0x40d},
	{"F_SET_FILE_RW_HINT", 0x40e},
	{"F_GETDELEG", 0x40f},
	{"F_SETDELEG", 0x410},
}

var fDFlagsBits = []constant{
	{"FD_CLOEXEC", 1},
}

var sealFlagsBits = []constant{
	{"F_SEAL_SEAL", 1},
	{"F_SEAL_SHRINK", 2},
	{"F_SEAL_GROW", 4},
	{"F_SEAL_WRITE", 8},
	{"F_SEAL_FUTURE_WRITE", 0x10},
	{"F_SEAL_EXEC", 0x20},
}

var rwfFlagsBits = []constant{
	{"RWF_HIPRI", 1},
	{"RWF_DSYNC", 2},
	{"RWF_SYNC", 4},
	{"RWF_NOWAIT", 8},
	{"RWF_APPEND", 0x10},
	{"RWF_NOAPPEND", 0x20},
	{"RWF_ATOMIC", 0x40},
	{"RWF_DONTCACHE", 0x80},
}

var spliceFlagsBits = []constant{
	{"SPLICE_F_MOVE", 1}, {"SPLICE_F_NONBLOCK", 2}, {"SPLICE_F_MORE", 4}, {"SPLICE_F_GIFT", 8},
}

var closeRangeFlagsBits = []constant{
	{"CLOSE_RANGE_UNSHARE", 2}, {"CLOSE_RANGE_CLOEXEC", 4},
}

var eventfdFlagsBits = []constant{
	{"EFD_SEMAPHORE", 1}, {"EFD_CLOEXEC", 0x80000}, {"EFD_NONBLOCK", 0x800},
}

var epollCreateFlagsBits = []constant{
	{"EPOLL_CLOEXEC", 0x80000},
}

var epollOpsValues = []constant{
	{"EPOLL_CTL_ADD", 1}, {"EPOLL_CTL_DEL", 2}, {"EPOLL_CTL_MOD", 3},
}

var epollEventsBits = []constant{
	{"EPOLLIN", 1},
	{"EPOLLPRI", 2},
	{"EPOLLOUT", 4},
	{"EPOLLRDNORM", 0x40},
	{"EPOLLRDBAND", 0x80},
	{"EPOLLWRNORM", 0x100},
	{"EPOLLWRBAND", 0x200},
	{"EPOLLMSG", 0x400},
	{"EPOLLERR", 8},
	{"EPOLLHUP", 0x10},
	{"EPOLLRDHUP", 0x2000},
	{"EPOLLEXCLUSIVE", 0x10000000},
	{"EPOLLWAKEUP", 0x20000000},
	{"EPOLLONESHOT", 0x40000000},
	{"EPOLLET", 0x80000000},
}

var pollEventsBits = []constant{
	{"POLLIN", 1},
	{"POLLPRI", 2},
	{"POLLOUT", 4},
	{"POLLERR", 8},
	{"POLLHUP", 0x10},
	{"POLLNVAL", 0x20},
	{"POLLRDNORM", 0x40},
	{"POLLRDBAND", 0x80},
	{"POLLWRNORM", 0x100},
	{"POLLWRBAND", 0x200},
	{"POLLMSG", 0x400},
	{"POLLRDHUP", 0x2000},
}

var inotifyFlagsBits = []constant{
	{"IN_NONBLOCK", 0x800}, {"IN_CLOEXEC", 0x80000},
}

var inotifyMaskBits = []constant{
	{"IN_ACCESS", 1},
	{"IN_MODIFY", 2},
	{"IN_ATTRIB", 4},
	{"IN_CLOSE_WRITE", 8},
	{"IN_CLOSE_NOWRITE", 0x10},
	{"IN_OPEN", 0x20},
	{"IN_MOVED_FROM", 0x40},
	{"IN_MOVED_TO", 0x80},
	{"IN_CREATE", 0x100},
	{"IN_DELETE", 0x200},
	{"IN_DELETE_SELF", 0x400},
	{"IN_MOVE_SELF", 0x800},
	{"IN_UNMOUNT", 0x2000},
	{"IN_Q_OVERFLOW", 0x4000},
	{"IN_IGNORED", 0x8000},
	{"IN_ONLYDIR", 0x1000000},
	{"IN_DONT_FOLLOW", 0x2000000},
	{"IN_EXCL_UNLINK", 0x4000000},
	{"IN_MASK_CREATE", 0x10000000},
	{"IN_MASK_ADD", 0x20000000},
	{"IN_ISDIR", 0x40000000},
	{"IN_ONESHOT", 0x80000000},
}

var xattrFlagsBits = []constant{
	{"XATTR_CREATE", 1}, {"XATTR_REPLACE", 2},
}

var memfdFlagsBits = []constant{
	{"MFD_CLOEXEC", 1}, {"MFD_ALLOW_SEALING", 2}, {"MFD_HUGETLB", 4}, {"MFD_NOEXEC_SEAL", 8}, {"MFD_EXEC", 0x10},
}

var randomFlagsBits = []constant{
	{"GRND_NONBLOCK", 1}, {"GRND_RANDOM", 2}, {"GRND_INSECURE", 4},
}

var resolveFlagsBits = []constant{
	{"RESOLVE_NO_XDEV", 1},
	{"RESOLVE_NO_MAGICLINKS", 2},
	{"RESOLVE_NO_SYMLINKS", 4},
	{"RESOLVE_BENEATH", 8},
	{"RESOLVE_IN_ROOT", 0x10},
	{"RESOLVE_CACHED", 0x20},
}

var lockTypesValues = []constant{
	{"F_RDLCK", 0}, {"F_WRLCK", 1}, {"F_UNLCK", 2},
}
