/* The system: ids, clocks, limits, IPC of System V and POSIX, keys, capabilities
   and calls that are refused. Prints nothing. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <grp.h>

int main(void)
{
	struct utsname u;
	struct timespec ts;
	struct timeval tv;
	struct tms tms;
	uid_t a, b, c;
	gid_t groups[64], mine[3] = {0, 5, 27};
	struct __user_cap_header_struct hdr = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	unsigned cpu, node;
	char buf[256];
	void *text = &u;

	uname(&u);
	clock_getres(CLOCK_MONOTONIC, &ts);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts);
	syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &ts);
	syscall(SYS_clock_gettime, 99, &ts);
	syscall(SYS_clock_gettime, -6, &ts);
	syscall(SYS_gettimeofday, &tv, 0);
	syscall(SYS_time, 0);
	times(&tms);
	syscall(SYS_getcpu, &cpu, &node, 0);

	getuid(), geteuid(), getgid(), getegid();
	getresuid(&a, &b, &c);
	getresgid(&a, &b, &c);
	getgroups(64, groups);
	getgroups(0, 0);
	syscall(SYS_setgroups, 3, mine);
	syscall(SYS_setresuid, -1, -1, 0);
	syscall(SYS_setreuid, -1, 0);
	syscall(SYS_setgid, 0);
	syscall(SYS_setfsuid, 0);
	syscall(SYS_capget, &hdr, data);
	syscall(SYS_capset, &hdr, data);
	hdr.version = 0;
	syscall(SYS_capget, &hdr, 0);

	int shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	struct shmid_ds ds;
	void *at = shmat(shm, 0, SHM_RDONLY);
	shmctl(shm, IPC_STAT, &ds);
	shmdt(at);
	shmctl(shm, IPC_RMID, 0);
	int sem = semget(IPC_PRIVATE, 2, 0600);
	struct sembuf ops[2] = {{0, 1, SEM_UNDO}, {1, 0, IPC_NOWAIT}};
	semop(sem, ops, 2);
	semctl(sem, 0, SETVAL, 3);
	semctl(sem, 0, GETVAL);
	ts = (struct timespec){0, 1000};
	ops[0].sem_op = -9;
	semtimedop(sem, ops, 1, &ts);
	semctl(sem, 0, IPC_RMID);
	int q = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	struct { long type; char text[8]; } m = {3, "message"};
	msgsnd(q, &m, 8, IPC_NOWAIT);
	msgrcv(q, &m, 8, 0, MSG_NOERROR);
	msgrcv(q, &m, 8, 0, IPC_NOWAIT);
	msgctl(q, IPC_RMID, 0);
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 64}, got;
	mqd_t mq = mq_open("/warder-agree", O_CREAT | O_RDWR, 0600, &attr);
	mq_send(mq, "hello", 6, 2);
	mq_getattr(mq, &got);
	mq_receive(mq, buf, 64, &cpu);
	mq_unlink("/warder-agree");

	getrandom(buf, 4, GRND_NONBLOCK | GRND_RANDOM);

	syscall(SYS_personality, 0xffffffff);
	struct sock_filter code[2] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_RET, SECCOMP_RET_ALLOW)};
	struct sock_fprog prog = {2, code};
	syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &cpu);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
	syscall(SYS_seccomp, 9, 1, 0);

	struct iovec local = {buf, 16}, remote = {text, 16};
	process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	ptrace(PTRACE_PEEKDATA, getpid(), text, 0);
	mount("none", "/nowhere", "tmpfs", MS_NOSUID | MS_NODEV, "size=1k");
	umount2("/nowhere", MNT_DETACH);
	syscall(SYS_pivot_root, "/none", "/none");
	chroot("/none");
	sethostname("", -1);
	syscall(SYS_kexec_load, 0, 0, 0, ~0UL);
	syscall(SYS_init_module, 0, 0, "");
	syscall(SYS_delete_module, "none", O_NONBLOCK);
	syscall(SYS_bpf, 99, 0, 0);
	syscall(SYS_perf_event_open, 0, 0, -1, -1, 0);
	syscall(SYS_userfaultfd, O_CLOEXEC | 0x80000);
	syscall(SYS_keyctl, 0, -3, 0);
	syscall(SYS_add_key, "user", "warder", "data", 4, -2);
	syscall(SYS_request_key, "user", "none", 0, 0);
	syscall(SYS_landlock_create_ruleset, 0, 0, 1);
	syscall(SYS_io_uring_setup, 0, 0);
	syscall(SYS_membarrier, 0, 0, 0);
	syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 1);
	syscall(SYS_syslog, 10, 0, 0);
	syscall(SYS_quotactl, 0, "none", 0, 0);
	syscall(SYS_acct, "/none");
	syscall(SYS_swapon, "/none", 0);
	syscall(SYS_ustat, 0, 0);
	syscall(SYS_sysfs, 3);
	syscall(SYS_iopl, 9);
	syscall(SYS_modify_ldt, 0, 0, 0);
	syscall(SYS_arch_prctl, 0x1003, &text);
	syscall(SYS_set_mempolicy, 0, 0, 0);
	syscall(SYS_move_pages, 0, 0, 0, 0, 0, 0);
	syscall(SYS_io_setup, 0, 0);
	syscall(SYS_fanotify_init, 0x7fffffff, 0);
	syscall(SYS_fsopen, "none", 1);
	syscall(SYS_open_tree, -1, "none", 1);
	syscall(SYS_lookup_dcookie, 0, 0, 0);
	syscall(450, 1, 2, 3, 4, 5, 6);
	syscall(-1);
	syscall(5000, 1);
	struct timex tx = {0};
	adjtimex(&tx);
	struct sysinfo si;
	sysinfo(&si);
	return 0;
}
