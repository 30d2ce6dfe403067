/* Counts the primes below argv[1] (default 20,000,000), argv[2] times; prints the count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], 0, 10) : 20000000, count = 0;
	int rounds = argc > 2 ? atoi(argv[2]) : 1;
	char *composite = malloc(n + 1);

	if (!composite)
		return 1;
	while (rounds-- > 0) {
		memset(composite, 0, n + 1);
		count = 0;
		for (size_t i = 2; i < n; i++) {
			if (composite[i])
				continue;
			count++;
			for (size_t k = i * i; k < n; k += i)
				composite[k] = 1;
		}
	}
	printf("%zu\n", count);
	free(composite);
	return 0;
}
