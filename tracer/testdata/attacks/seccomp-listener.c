/*
 * claim: stacks a notification filter whose listener, its own thread, lets a forbidden call continue unseen
 * class: filter
 * bare: 1
 * compute: policy-violation seccomp | ok
 * needs: seccomp
 * see: pitfalls 35, 37
 */
#include "attack.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

static volatile int listener = -1;

static void *let_go(void *arg)
{
	static struct seccomp_notif req;
	struct seccomp_notif_resp resp = { 0 };

	(void)arg;
	while (listener < 0)
		nap_ms(1);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) != 0)
		return 0;
	resp.id = req.id;
	resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	return 0;
}

int main(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, code };
	long fd;

	thread(let_go, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	if (fd < 0 && errno == EACCES) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	}
	if (fd < 0)
		refused("seccomp");
	listener = (int)fd;
	settle(syscall(SYS_socket, 1, 1, 0), "its own listener let socket continue");
}
