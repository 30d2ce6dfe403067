/*
 * claim: kills another process with SIGKILL
 * class: signals
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 32
 */
#include "attack.h"
#include "other.h"

/* The victim is the process of argv[2], whose end the test sees, or a child. */
int main(int argc, char **argv)
{
	long pid = other(argc, argv);

	if (syscall(SYS_kill, pid, SIGKILL) != 0)
		refused("kill");
	if (other_died_of(SIGKILL))
		escaped("killed another process");
	contained("it lives");
}
