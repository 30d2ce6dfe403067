/* In the C library's write, which does not come back: the pipe is full. */
#include <unistd.h>

__attribute__((noinline)) static void fill(int fd)
{
	static char page[4096];
	for (;;)
		write(fd, page, sizeof page);
}

int main(void)
{
	int p[2];
	if (pipe(p))
		return 1;
	write(1, "ready\n", 6);
	fill(p[1]);
}
