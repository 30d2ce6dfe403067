/*
 * claim: runs whatever stdin is with execveat(0, "", AT_EMPTY_PATH)
 * class: exec
 * bare: 0
 * compute: policy-violation execveat
 * see: pitfalls 52, 54
 */
#include "attack.h"

/* Escapes only if stdin is an executable file. */
int main(void)
{
	char *argv[] = { "stdin", 0 }, *envp[] = { 0 };

	syscall(SYS_execveat, 0, "", argv, envp, AT_EMPTY_PATH);
	refused("execveat");
}
