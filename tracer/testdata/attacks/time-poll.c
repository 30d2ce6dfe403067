/*
 * claim: polls nothing for ever
 * class: time
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 61
 */
#include "attack.h"
#include <poll.h>

int main(void)
{
	for (;;)
		poll(0, 0, -1);
}
