/*
 * claim: keeps 128 MiB in System V segments that no process has attached
 * class: memory
 * bare: 1
 * compute: policy-violation shmget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/shm.h>

/* Eight keys from that of argv[2] on, so that others can remove what is left. */
int main(int argc, char **argv)
{
	long key = argc > 2 ? strtol(argv[2], 0, 10) : 0, ids[8], n;

	for (n = 0; n < 8; n++) {
		char *p;

		ids[n] = syscall(SYS_shmget, key ? key + n : IPC_PRIVATE, 16UL << 20, 0600 | IPC_CREAT | IPC_EXCL);
		if (ids[n] < 0)
			break;
		p = shmat((int)ids[n], 0, 0);
		if (p == (void *)-1)
			break;
		for (long k = 0; k < 16L << 20; k += 4096)
			p[k] = 1;
		shmdt(p);
	}
	for (long i = 0; i < 8 && i <= n; i++)
		if (ids[i] >= 0)
			shmctl((int)ids[i], IPC_RMID, 0);
	if (n < 8)
		refused("shmget, shmat");
	escaped("kept 128 MiB");
}
