/* Counts the primes below argv[1]: a program that only computes. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000, count = 0;
	char *composite = calloc(n, 1);

	if (!composite)
		return 1;
	for (long i = 2; i < n; i++) {
		if (composite[i])
			continue;
		count++;
		for (long j = i * i; j < n; j += i)
			composite[j] = 1;
	}
	printf("%ld primes below %ld\n", count, n);
	return 0;
}
