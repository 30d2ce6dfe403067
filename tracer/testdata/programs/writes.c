/* Makes argv[1] writes (default 1000) of one byte each to stdout. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000;

	for (long i = 0; i < n; i++)
		if (write(1, ".", 1) != 1)
			return 1;
	return 0;
}
