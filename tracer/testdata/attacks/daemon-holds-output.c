/*
 * claim: leaves a child that holds its stdout open for two seconds
 * class: tree
 * bare: 1
 * compute: policy-violation fork
 * see: pitfalls 13, 64
 */
#include "attack.h"

int main(void)
{
	long pid = raw(SYS_fork, 0, 0, 0, 0, 0, 0);

	if (pid < 0)
		refused("fork");
	if (pid > 0)
		escaped("a child keeps the pipe open");
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	nap_ms(2000);
	_exit(0);
}
