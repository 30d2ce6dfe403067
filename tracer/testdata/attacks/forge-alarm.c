/*
 * claim: forges a wall time verdict by an alarm of its own
 * class: signals
 * bare: signaled SIGALRM
 * compute: signaled SIGALRM
 * see: pitfalls 61, 80
 */
#include "attack.h"

int main(void)
{
	alarm(1);
	for (;;)
		nap_ms(2000);
}
