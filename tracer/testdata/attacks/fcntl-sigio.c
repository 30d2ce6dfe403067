/*
 * claim: has the kernel send SIGIO to another process for a pipe of its own
 * class: signals
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 32, 41
 */
#include "attack.h"
#include "other.h"

/*
 * F_SETOWN takes any process; whether the owner may be signalled is asked when
 * the signal is due, and the answer is told to nobody. The victim is the
 * process of argv[2], whose end the test sees, or a child.
 */
int main(int argc, char **argv)
{
	int p[2];

	if (pipe2(p, 0) != 0)
		refused("pipe2");
	if (fcntl(p[0], F_SETOWN, (int)other(argc, argv)) != 0 || fcntl(p[0], F_SETFL, O_ASYNC) != 0)
		refused("fcntl");
	if (write(p[1], "x", 1) != 1)
		refused("write");
	if (other_died_of(SIGIO))
		escaped("another process died of SIGIO");
	contained("it lives");
}
