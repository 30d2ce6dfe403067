/*
 * claim: stops itself for ever
 * class: signals
 * bare: timeout
 * compute: wall-time-limit
 * see: pitfalls 18, 61
 */
#include "attack.h"

int main(void)
{
	raise(SIGSTOP);
	escaped("was continued");
}
