/* Eight threads sum the numbers below 8,000,000 in parts; prints the sum. */
#include <pthread.h>
#include <stdio.h>

static void *part(void *arg)
{
	unsigned long sum = 0, first = (unsigned long)arg * 1000000;

	for (unsigned long i = first; i < first + 1000000; i++)
		sum += i;
	return (void *)sum;
}

int main(void)
{
	pthread_t t[8];
	unsigned long sum = 0;

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
