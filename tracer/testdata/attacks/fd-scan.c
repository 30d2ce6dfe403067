/*
 * claim: looks for inherited descriptors from 3 to 1023
 * class: files
 * bare: 0
 * compute: ok
 * see: pitfalls 54
 */
#include "attack.h"

/* Expect none: bare it escapes only if the one who starts it leaks one. */
int main(void)
{
	struct stat st;

	for (int fd = 3; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0 || fstat(fd, &st) == 0)
			escaped("a descriptor was inherited");
	contained("no descriptor beyond stderr");
}
