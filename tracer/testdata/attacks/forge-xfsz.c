/*
 * claim: forges an output verdict by raising SIGXFSZ
 * class: signals
 * bare: signaled SIGXFSZ
 * compute: signaled SIGXFSZ
 * see: pitfalls 80
 */
#include "attack.h"

int main(void)
{
	raise(SIGXFSZ);
	escaped("SIGXFSZ did not end it");
}
