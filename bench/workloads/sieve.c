/*
 * Counts the primes below 100,000, argv[1] times (default 1000), in a table
 * that a core's own cache holds, and is silent. Memory that other cores share
 * would measure those.
 */
#include <stdlib.h>
#include <string.h>

enum { limit = 100000, primes = 9592 };

static char composite[limit];

static long count(void)
{
	long found = 0;

	memset(composite, 0, sizeof composite);
	for (long i = 2; i < limit; i++) {
		if (composite[i])
			continue;
		found++;
		for (long k = i * i; k < limit; k += i)
			composite[k] = 1;
	}
	return found;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? atol(argv[1]) : 1000;

	while (rounds-- > 0)
		if (count() != primes)
			return 1;
	return 0;
}
