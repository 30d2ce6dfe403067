/*
 * claim: keeps data in a System V message queue
 * class: memory
 * bare: 1
 * compute: policy-violation msgget
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/msg.h>

/* With a key in argv[2] it is left, for the test to find. */
int main(int argc, char **argv)
{
	struct {
		long type;
		char text[2];
	} m = { 1, "hi" };
	long id = syscall(SYS_msgget, argc > 2 ? strtol(argv[2], 0, 10) : IPC_PRIVATE, 0600 | IPC_CREAT);
	int sent;

	if (id < 0)
		refused("msgget");
	sent = msgsnd((int)id, &m, 2, IPC_NOWAIT);
	if (argc <= 2)
		msgctl((int)id, IPC_RMID, 0);
	settle(sent, "stored a message");
}
