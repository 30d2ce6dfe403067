/*
 * claim: may write the supervisor's memory with process_vm_writev(2)
 * class: ptrace
 * bare: 1
 * compute: policy-violation process_vm_writev
 * needs: root, ptrace
 * see: pitfalls 32
 */
#include "attack.h"
#include <sys/uio.h>

/* Aims at the empty page 0, to do no harm: EFAULT means that the right was granted. */
int main(int argc, char **argv)
{
	char b[4] = "";
	struct iovec from = { b, 4 }, to = { 0, 4 };
	long n = syscall(SYS_process_vm_writev, target(argc, argv), &from, 1UL, &to, 1UL, 0UL);

	if (n >= 0 || errno == EFAULT)
		escaped("was granted the supervisor's memory");
	refused("process_vm_writev");
}
