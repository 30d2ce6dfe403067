/*
 * claim: makes the one call whose number is in argv[1], with hopeless arguments
 * class: sysinfo
 * bare: 0
 * compute: policy-violation socket
 * see: pitfalls 37, 68
 */
#include "attack.h"
/*
 * For a loop over every number from 0 to 470 that is not allowed: exit 0 if
 * the call answered an error, 1 if it answered success. Every argument is -1,
 * which as root too leaves nothing behind (checked call by call; those
 * that would end or hold us whatever the arguments are left out: exit, 77).
 * Without a number it tries socket(2).
 */
int main(int argc, char **argv)
{
	long nr = SYS_socket, me = syscall(SYS_getpid), r;

	if (argc > 1 && argv[1][0] >= '0' && argv[1][0] <= '9')
		nr = strtol(argv[1], 0, 10);
	switch (nr) {
	case SYS_rt_sigreturn:
	case SYS_pause:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_vhangup:
	case SYS_sync:
	case 335: /* uretprobe: SIGILL by design */
	case 336: /* uprobe: the same */
		impossible("this call cannot be judged by its answer");
	}
	if (nr == SYS_vfork) { /* the child shares our stack: leave it alone */
		__asm__ volatile("mov $58, %%eax\n\t"
				 "syscall\n\t"
				 "test %%rax, %%rax\n\t"
				 "jnz 1f\n\t"
				 "xor %%edi, %%edi\n\t"
				 "mov $60, %%eax\n\t"
				 "syscall\n\t"
				 "1:"
				 : "=a"(r)
				 :
				 : "rdi", "rcx", "r11", "memory");
	} else {
		r = raw((unsigned long)nr, -1UL, -1UL, -1UL, -1UL, -1UL, -1UL);
	}
	if (syscall(SYS_getpid) != me)
		_exit(0); /* a child: the parent reports */
	if (nr == SYS_modify_ldt)
		r = (int)r; /* this one answers its errors without their sign */
	if (nr == SYS_msgget && r >= 0)
		syscall(SYS_msgctl, r, 0 /* IPC_RMID */, 0);
	if (r < 0 && r > -4096)
		refused("the call");
	escaped("the call answered success");
}
