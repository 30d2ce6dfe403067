/*
 * claim: becomes a shell from a thread while the first one is busy
 * class: exec
 * bare: 1
 * compute: policy-violation execve
 * see: pitfalls 1, 2, 3
 */
#include "attack.h"

static void *attack(void *arg)
{
	char *argv[] = { "sh", "-c", "exit 1", 0 }, *envp[] = { 0 };

	(void)arg;
	syscall(SYS_execve, "/bin/sh", argv, envp);
	refused("execve");
}

int main(void)
{
	struct stat st;

	thread(attack, 0);
	for (;;)
		syscall(SYS_stat, "/no/such/file", &st);
}
