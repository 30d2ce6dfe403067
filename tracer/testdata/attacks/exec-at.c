/*
 * claim: becomes a shell with execveat(2)
 * class: exec
 * bare: 1
 * compute: policy-violation execveat
 * see: pitfalls 52
 */
#include "attack.h"

int main(void)
{
	char *argv[] = { "sh", "-c", "exit 1", 0 }, *envp[] = { 0 };

	syscall(SYS_execveat, AT_FDCWD, "/bin/sh", argv, envp, 0);
	refused("execveat");
}
