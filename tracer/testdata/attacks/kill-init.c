/*
 * claim: may signal process 1
 * class: signals
 * bare: 1
 * compute: policy-violation kill | ok
 * needs: root
 * see: pitfalls 32
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_kill, 1, 0), "may signal process 1");
}
