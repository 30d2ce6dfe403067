/*
 * claim: becomes a shell with execve(2)
 * class: exec
 * bare: 1
 * compute: policy-violation execve
 * see: pitfalls 47, 52
 */
#include "attack.h"

int main(void)
{
	char *argv[] = { "sh", "-c", "exit 1", 0 }, *envp[] = { 0 };

	syscall(SYS_execve, "/bin/sh", argv, envp); /* status 1 is the shell's */
	refused("execve");
}
