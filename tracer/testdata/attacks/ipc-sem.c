/*
 * claim: makes a System V semaphore
 * class: resource
 * bare: 1
 * compute: policy-violation semget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/sem.h>

int main(void)
{
	long id = syscall(SYS_semget, IPC_PRIVATE, 1, 0600 | IPC_CREAT);

	if (id < 0)
		refused("semget");
	settle(semctl((int)id, 0, IPC_RMID), "made a semaphore");
}
