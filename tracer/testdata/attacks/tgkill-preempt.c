/*
 * claim: signals the supervisor by the call with which Go preempts its threads
 * class: signals
 * bare: 1
 * compute: policy-violation | ok
 * see: pitfalls 32
 */
#include "attack.h"

/* SIGURG is ignored unless it is handled, so that the supervisor survives it. */
int main(int argc, char **argv)
{
	pid_t supervisor = target(argc, argv);

	settle(syscall(SYS_tgkill, supervisor, supervisor, SIGURG), "signalled the supervisor");
}
