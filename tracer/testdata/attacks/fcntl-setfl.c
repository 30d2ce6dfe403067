/*
 * claim: makes the pipe behind its stdout non-blocking with fcntl(F_SETFL)
 * class: output
 * bare: 1
 * compute: ok | policy-violation fcntl
 * see: pitfalls 63
 */
#include "attack.h"

int main(void)
{
	int flags = fcntl(1, F_GETFL);

	if (fcntl(1, F_SETFL, flags | O_NONBLOCK) != 0)
		refused("fcntl");
	if (fcntl(1, F_GETFL) & O_NONBLOCK) {
		fcntl(1, F_SETFL, flags);
		escaped("changed the mode of stdout for all who share it");
	}
	contained("the mode did not change");
}
