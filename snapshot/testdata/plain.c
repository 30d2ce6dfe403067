/* One thread, a deep enough stack, and a variable that debuggers look for. */
#include <stdio.h>
#include <unistd.h>

static volatile int known = 4711;

static void inner(int depth)
{
	if (depth > 0) {
		inner(depth - 1);
		return;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

int main(void)
{
	inner(5);
	return known;
}
