/*
 * claim: tries sixty calls that a compute-only program must not even reach
 * class: sysinfo
 * bare: 1
 * compute: policy-violation acct
 * see: pitfalls 46, 68
 */
#include "attack.h"

/*
 * Bare, a call made with these arguments fails by EFAULT, EINVAL, EBADF and
 * the like, or succeeds without effect; a supervisor answers EPERM or ENOSYS
 * before the kernel looks at any argument. Anything else is an escape.
 * With an index in argv[1] only that row is tried.
 */
static const struct {
	const char *name;
	int nr;
} calls[] = {
	{ "acct", SYS_acct },
	{ "add_key", SYS_add_key },
	{ "bpf", SYS_bpf },
	{ "capset", SYS_capset },
	{ "chroot", SYS_chroot },
	{ "clock_adjtime", SYS_clock_adjtime },
	{ "clock_settime", SYS_clock_settime },
	{ "delete_module", SYS_delete_module },
	{ "epoll_ctl_old", SYS_epoll_ctl_old },
	{ "fanotify_init", SYS_fanotify_init },
	{ "fanotify_mark", SYS_fanotify_mark },
	{ "finit_module", SYS_finit_module },
	{ "fsconfig", SYS_fsconfig },
	{ "fsmount", SYS_fsmount },
	{ "fsopen", SYS_fsopen },
	{ "fspick", SYS_fspick },
	{ "get_mempolicy", SYS_get_mempolicy },
	{ "init_module", SYS_init_module },
	{ "io_cancel", SYS_io_cancel },
	{ "io_destroy", SYS_io_destroy },
	{ "io_setup", SYS_io_setup },
	{ "io_submit", SYS_io_submit },
	{ "io_uring_enter", SYS_io_uring_enter },
	{ "io_uring_register", SYS_io_uring_register },
	{ "io_uring_setup", SYS_io_uring_setup },
	{ "ioperm", SYS_ioperm },
	{ "iopl", SYS_iopl },
	{ "kcmp", SYS_kcmp },
	{ "kexec_file_load", SYS_kexec_file_load },
	{ "kexec_load", SYS_kexec_load },
	{ "keyctl", SYS_keyctl },
	{ "lookup_dcookie", SYS_lookup_dcookie },
	{ "mbind", SYS_mbind },
	{ "migrate_pages", SYS_migrate_pages },
	{ "modify_ldt", SYS_modify_ldt },
	{ "mount", SYS_mount },
	{ "mount_setattr", SYS_mount_setattr },
	{ "move_mount", SYS_move_mount },
	{ "move_pages", SYS_move_pages },
	{ "name_to_handle_at", SYS_name_to_handle_at },
	{ "nfsservctl", SYS_nfsservctl },
	{ "open_by_handle_at", SYS_open_by_handle_at },
	{ "open_tree", SYS_open_tree },
	{ "perf_event_open", SYS_perf_event_open },
	{ "personality", SYS_personality },
	{ "pidfd_getfd", SYS_pidfd_getfd },
	{ "pivot_root", SYS_pivot_root },
	{ "process_madvise", SYS_process_madvise },
	{ "process_mrelease", SYS_process_mrelease },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "process_vm_writev", SYS_process_vm_writev },
	{ "ptrace", SYS_ptrace },
	{ "quotactl", SYS_quotactl },
	{ "reboot", SYS_reboot },
	{ "request_key", SYS_request_key },
	{ "set_mempolicy", SYS_set_mempolicy },
	{ "setdomainname", SYS_setdomainname },
	{ "sethostname", SYS_sethostname },
	{ "setns", SYS_setns },
	{ "settimeofday", SYS_settimeofday },
	{ "swapoff", SYS_swapoff },
	{ "swapon", SYS_swapon },
	{ "_sysctl", SYS__sysctl },
	{ "sysfs", SYS_sysfs },
	{ "syslog", SYS_syslog },
	{ "umount2", SYS_umount2 },
	{ "unshare", SYS_unshare },
	{ "userfaultfd", SYS_userfaultfd },
	{ "ustat", SYS_ustat },
};

int main(int argc, char **argv)
{
	unsigned first = 0, end = sizeof calls / sizeof calls[0];
	int reached = 0;

	if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9') {
		first = (unsigned)strtoul(argv[1], 0, 10);
		if (first >= end)
			impossible("no such row");
		end = first + 1;
	}
	for (unsigned i = first; i < end; i++) {
		/* -1 is no address, no descriptor and no valid set of flags. */
		long r = raw((unsigned long)calls[i].nr, -1UL, -1UL, -1UL, -1UL, -1UL, -1UL);

		if (r == -1 && (errno == EPERM || errno == ENOSYS))
			continue;
		reached++;
		say(calls[i].name);
		say(" was reached\n");
	}
	if (reached)
		escaped("the kernel looked at the arguments");
	contained("every call was refused at the door");
}
