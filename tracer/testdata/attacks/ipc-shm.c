/*
 * claim: keeps memory in a System V segment that outlives it
 * class: memory
 * bare: 1
 * compute: policy-violation shmget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/shm.h>

/* With a key in argv[2] it is left, for the test to find. */
int main(int argc, char **argv)
{
	long id = syscall(SYS_shmget, argc > 2 ? strtol(argv[2], 0, 10) : IPC_PRIVATE, 4096UL, 0600 | IPC_CREAT);
	char *p;

	if (id < 0)
		refused("shmget");
	p = shmat((int)id, 0, 0);
	if (argc <= 2)
		shmctl((int)id, IPC_RMID, 0);
	if (p == (void *)-1)
		refused("shmat");
	*p = 1;
	escaped("has shared memory");
}
