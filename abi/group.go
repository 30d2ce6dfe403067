package abi

import "slices"

// group is one of strace's classes: a [Class] of ours without some calls and
// with others, or only a list.
type group struct {
	name  string
	class Class
	not   Class    // classes whose calls are not in it
	minus []string // calls of class that are not in it
	plus  []string // others that are, all of them where class is 0
}

// straceGroups are in the order of a help text.
var straceGroups = [...]group{
	{name: "file", class: File, plus: []string{"fsconfig"}},
	{
		name: "process", class: Process,
		minus: []string{
			"arch_prctl", "pidfd_open", "process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev",
			"ptrace", "setns", "unshare",
		},
		plus: []string{"kill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "tgkill", "tkill"},
	},
	{name: "network", class: Network, plus: []string{"getpmsg", "putpmsg", "sendfile", "sendfile64"}},
	{
		name: "memory", class: Memory,
		minus: []string{
			"cachestat", "membarrier", "memfd_create", "memfd_secret", "pkey_alloc", "pkey_free", "process_madvise", "userfaultfd",
		},
		plus: []string{"break", "io_destroy", "io_setup", "io_uring_register"},
	},
	{name: "signal", class: Signals, plus: []string{"io_uring_enter"}},
	{name: "desc", class: Desc, not: Network, minus: []string{"close_range"}},
	{name: "ipc", class: IPC, minus: []string{
		"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
		"mq_unlink",
	}},
	{name: "creds", class: Creds, plus: []string{"prctl"}},
	{name: "clock", plus: []string{
		"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
		"clock_settime", "clock_settime64", "gettimeofday", "settimeofday", "time",
	}},
	{name: "pure", plus: []string{
		"getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getpgrp", "getpid", "getppid", "gettid", "getuid",
		"getuid32",
	}},
	{name: "stat", plus: []string{"oldstat", "stat", "stat64"}},
	{name: "lstat", plus: []string{"lstat", "lstat64", "oldlstat"}},
	{name: "fstat", plus: []string{"fstat", "fstat64", "fstatat64", "newfstatat", "oldfstat", "statx"}},
	{name: "%stat", plus: []string{
		"fstat", "fstat64", "fstatat64", "lstat", "lstat64", "newfstatat", "oldfstat", "oldlstat", "oldstat", "stat", "stat64", "statx",
	}},
	{name: "statfs", plus: []string{"statfs", "statfs64"}},
	{name: "fstatfs", plus: []string{"fstatfs", "fstatfs64"}},
	{name: "%statfs", plus: []string{"fstatfs", "fstatfs64", "statfs", "statfs64", "ustat"}},
	{name: "net", class: Network, plus: []string{"getpmsg", "putpmsg", "sendfile", "sendfile64"}},
}

// Groups names strace's classes, as they stand behind a % there: file,
// process, …, and %stat for what strace calls %%stat.
func Groups() []string {
	names := make([]string, len(straceGroups))
	for i := range straceGroups {
		names[i] = straceGroups[i].name
	}
	return names
}

// InGroup reports whether a call, by name, is in one of [Groups]. Calls that
// strace 6.1 does not know are in the groups of their [Class].
func InGroup(name, call string) bool {
	for i := range straceGroups {
		g := &straceGroups[i]
		if g.name != name {
			continue
		}
		if slices.Contains(g.plus, call) {
			return true
		}
		sig, ok := Lookup(call)
		return ok && sig.Class&g.class != 0 && sig.Class&g.not == 0 && !slices.Contains(g.minus, call)
	}
	return false
}
