/*
 * claim: lets eight threads race to become a shell
 * class: exec
 * bare: 1
 * compute: policy-violation execve
 * see: pitfalls 1, 3, 12
 */
#include "attack.h"

static void *attack(void *arg)
{
	char *argv[] = { "sh", "-c", "exit 1", 0 }, *envp[] = { 0 };

	while (!*(volatile int *)arg)
		;
	syscall(SYS_execve, "/bin/sh", argv, envp);
	refused("execve");
}

int main(void)
{
	static volatile int go;

	for (int i = 0; i < 8; i++)
		thread(attack, (void *)&go);
	go = 1;
	for (;;)
		nap_ms(1000);
}
