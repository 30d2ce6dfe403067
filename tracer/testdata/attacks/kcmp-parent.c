/*
 * claim: compares its files with the supervisor's by kcmp(2)
 * class: ptrace
 * bare: 1
 * compute: policy-violation kcmp
 * needs: root, kcmp
 * see: pitfalls 32
 */
#include "attack.h"

int main(int argc, char **argv)
{
	long me = syscall(SYS_getpid);

	settle(syscall(SYS_kcmp, me, target(argc, argv), 2 /* KCMP_FILES */, 0UL, 0UL), "compared itself with the supervisor");
}
