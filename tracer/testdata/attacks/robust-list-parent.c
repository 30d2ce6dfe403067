/*
 * claim: learns an address inside the supervisor with get_robust_list(2)
 * class: ptrace
 * bare: 1
 * compute: policy-violation get_robust_list
 * needs: root, ptrace
 * see: pitfalls 32
 */
#include "attack.h"

int main(int argc, char **argv)
{
	void *head = 0;
	size_t n = 0;

	settle(syscall(SYS_get_robust_list, target(argc, argv), &head, &n), "asked for the supervisor's list");
}
