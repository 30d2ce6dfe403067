/*
 * claim: makes a System V semaphore
 * class: resource
 * bare: 1
 * compute: policy-violation semget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/sem.h>

/* With a key in argv[2] it is left, for the test to find. */
int main(int argc, char **argv)
{
	long id = syscall(SYS_semget, argc > 2 ? strtol(argv[2], 0, 10) : IPC_PRIVATE, 1, 0600 | IPC_CREAT);

	if (id < 0)
		refused("semget");
	settle(argc > 2 ? 0 : semctl((int)id, 0, IPC_RMID), "made a semaphore");
}
