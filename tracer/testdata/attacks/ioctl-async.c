/*
 * claim: directs I/O signals at the supervisor with fcntl(F_SETOWN)
 * class: signals
 * bare: 1
 * compute: ok | policy-violation ioctl | policy-violation fcntl
 * see: pitfalls 41, 32
 */
#include "attack.h"

int main(void)
{
	int p[2];

	if (pipe2(p, 0) != 0)
		refused("pipe2");
	if (fcntl(p[0], F_SETOWN, (int)parent()) != 0)
		refused("fcntl");
	if (fcntl(p[0], F_GETOWN) == (int)parent())
		escaped("the supervisor owns the signals of our pipe");
	contained("the owner did not change");
}
