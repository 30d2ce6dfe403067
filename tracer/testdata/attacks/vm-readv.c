/*
 * claim: reads the supervisor's memory with process_vm_readv(2)
 * class: ptrace
 * bare: 1
 * compute: policy-violation process_vm_readv
 * needs: root, ptrace
 * see: pitfalls 32
 */
#include "attack.h"
#include <sys/uio.h>

/* A static Go program starts at 4 MiB. EFAULT elsewhere: the right was granted, the address was empty. */
int main(int argc, char **argv)
{
	char b[4] = "";
	struct iovec to = { b, 4 }, from = { (void *)0x400000, 4 };
	long n = syscall(SYS_process_vm_readv, target(argc, argv), &to, 1UL, &from, 1UL, 0UL);

	if (n == 4 && memcmp(b, "\177ELF", 4) == 0)
		escaped("read the supervisor's ELF header from its memory");
	if (n == 4 || errno == EFAULT)
		escaped("was granted the supervisor's memory");
	refused("process_vm_readv");
}
