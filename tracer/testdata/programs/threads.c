/*
 * Eight threads sum the numbers below 8,000,000 in parts, argv[1] times over;
 * prints the sum.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int rounds = 1;

static void *part(void *arg)
{
	unsigned long sum = 0, first = (unsigned long)arg * 1000000;

	for (int n = 0; n < rounds; n++) {
		sum = 0;
		for (unsigned long i = first; i < first + 1000000; i++)
			sum += i;
		__asm__ volatile("" : "+r"(sum)); /* or one round would do */
	}
	return (void *)sum;
}

int main(int argc, char **argv)
{
	pthread_t t[8];
	unsigned long sum = 0;

	if (argc > 1)
		rounds = atoi(argv[1]);
	for (unsigned long i = 0; i < 8; i++)
		if (pthread_create(&t[i], 0, part, (void *)i) != 0)
			return 1;
	for (int i = 0; i < 8; i++) {
		void *s;

		pthread_join(t[i], &s);
		sum += (unsigned long)s;
	}
	printf("%lu\n", sum);
	return sum == 31999996000000UL ? 0 : 1;
}
