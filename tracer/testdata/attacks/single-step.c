/*
 * claim: sets its own trap flag, so that each instruction gives it a SIGTRAP
 * class: signals
 * bare: 0
 * compute: ok
 * see: pitfalls 18, 20
 */
#include "attack.h"

static volatile int traps;

static void count(int sig)
{
	(void)sig;
	traps++;
}

int main(void)
{
	signal(SIGTRAP, count);
	__asm__ volatile("pushf\n\t"
			 "orl $0x100, (%%rsp)\n\t"
			 "popf\n\t"
			 "nop\n\t"
			 "nop\n\t"
			 "nop\n\t"
			 "pushf\n\t"
			 "andl $~0x100, (%%rsp)\n\t"
			 "popf\n\t" ::
				 : "memory", "cc");
	if (traps < 3)
		escaped("its own traps were swallowed");
	contained("every trap arrived");
}
