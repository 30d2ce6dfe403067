/*
 * claim: sends itself an ignored signal in an endless loop
 * class: signals
 * bare: timeout
 * compute: wall-time-limit | cpu-time-limit
 * see: pitfalls 22
 */
#include "attack.h"

int main(void)
{
	long pid = syscall(SYS_getpid), tid = syscall(SYS_gettid);

	for (;;)
		syscall(SYS_tgkill, pid, tid, SIGURG);
}
