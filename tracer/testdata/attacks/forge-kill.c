/*
 * claim: forges a supervisor's kill by killing itself
 * class: signals
 * bare: signaled SIGKILL
 * compute: signaled SIGKILL
 * see: pitfalls 23, 80
 */
#include "attack.h"

int main(void)
{
	syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
	escaped("SIGKILL did not end it");
}
