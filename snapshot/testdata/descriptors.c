/* Opens a file at 'o', closes one at 'c', puts another in its place at 'r'. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char how;
	int own = open("/dev/null", O_RDONLY);
	puts("ready");
	fflush(stdout);
	while (read(0, &how, 1) == 1) {
		if (how == 'o' && open("/dev/zero", O_RDONLY) < 0)
			return 1;
		if (how == 'c')
			close(own);
		if (how == 'r')
			dup2(0, own);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
