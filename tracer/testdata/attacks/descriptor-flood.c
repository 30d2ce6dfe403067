/*
 * claim: opens as many descriptors as it may by dup(2)
 * class: resource
 * bare: 0 | 1
 * compute: ok
 * see: pitfalls 62
 */
#include "attack.h"

/* Contained up to 4,096; bare RLIMIT_NOFILE decides. */
int main(void)
{
	for (int i = 0; i < 5000; i++) {
		int fd = dup(0);

		if (fd < 0)
			refused("dup");
		if (fd > 4096)
			escaped("more than 4,096 descriptors");
	}
	contained("dup gives no new numbers");
}
