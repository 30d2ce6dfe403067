/* Raises signal number argv[1]; exits 0 if that did not end it. */
#include <signal.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	raise(atoi(argv[1]));
	return 0;
}
