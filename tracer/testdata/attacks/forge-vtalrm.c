/*
 * claim: forges a CPU time verdict by a virtual timer of its own
 * class: signals
 * bare: signaled SIGVTALRM
 * compute: signaled SIGVTALRM
 * see: pitfalls 59, 80
 */
#include "attack.h"
#include <sys/time.h>

int main(void)
{
	struct itimerval it = { .it_value.tv_usec = 20000 };

	setitimer(ITIMER_VIRTUAL, &it, 0);
	for (;;)
		;
}
