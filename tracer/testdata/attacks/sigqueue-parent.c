/*
 * claim: may queue a signal with data of its choice to the supervisor
 * class: signals
 * bare: 1
 * compute: policy-violation rt_sigqueueinfo | ok
 * see: pitfalls 32, 73
 */
#include "attack.h"

int main(int argc, char **argv)
{
	siginfo_t info = { 0 };

	info.si_code = SI_QUEUE;
	settle(syscall(SYS_rt_sigqueueinfo, target(argc, argv), 0, &info), "may queue to the supervisor");
}
