/*
 * A storm of forks, made by grandchildren: argv[1] forks (default 500) in
 * each of four of them, one after the other, so that most children are born to
 * a process that is no direct child of the tracer. Prints the number of
 * children seen to exit with the right status. Needs a policy that allows fork.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 500, status;
	int *good = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (good == MAP_FAILED)
		return 1;
	for (int g = 0; g < 4; g++) {
		if (fork() != 0)
			continue;
		if (fork() == 0) {
			for (int i = 0; i < n; i++) {
				pid_t pid = fork();

				if (pid == 0)
					_exit(i % 100);
				if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
				    WEXITSTATUS(status) == i % 100)
					__sync_fetch_and_add(good, 1);
			}
			_exit(0);
		}
		wait(0);
		_exit(0);
	}
	while (wait(0) > 0)
		;
	printf("%d\n", *good);
	return *good == 4 * n ? 0 : 1;
}
