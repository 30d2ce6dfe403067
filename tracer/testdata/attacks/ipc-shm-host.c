/*
 * claim: reads a System V segment by its key
 * class: memory
 * bare: 1
 * compute: policy-violation shmget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/shm.h>

/* The key of argv[2] or, where there is none, one of its own. */
int main(int argc, char **argv)
{
	long key = argc > 2 ? strtol(argv[2], 0, 10) : 0x77000000 + syscall(SYS_getpid);
	long made = argc > 2 ? 0 : syscall(SYS_shmget, key, 4096UL, 0600 | IPC_CREAT | IPC_EXCL);
	long id = syscall(SYS_shmget, key, 0UL, 0);
	char *p;

	if (made < 0 || id < 0)
		refused("shmget");
	p = shmat((int)id, 0, SHM_RDONLY);
	if (argc <= 2)
		shmctl((int)id, IPC_RMID, 0);
	if (p == (void *)-1)
		refused("shmat");
	if (*(volatile char *)p == 0 && argc > 2)
		contained("not the segment meant");
	escaped("reads a segment by its key");
}
