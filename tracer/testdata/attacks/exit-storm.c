/*
 * claim: ends while eight threads are making refused calls
 * class: tree
 * bare: 0
 * compute: ok
 * see: pitfalls 23, 26, 72
 */
#include "attack.h"

static _Noreturn void *storm(void *arg)
{
	struct stat st;

	(void)arg;
	for (;;)
		syscall(SYS_stat, "/no/such/file", &st);
}

int main(void)
{
	for (int i = 0; i < 8; i++)
		thread(storm, 0);
	nap_ms(200);
	syscall(SYS_exit_group, 0);
	return 0;
}
