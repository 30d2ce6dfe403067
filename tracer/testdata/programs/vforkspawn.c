/*
 * argv[1] times (default 1000) posix_spawn of itself, which suspends the
 * parent until the child's execve; prints how many ended as they should.
 * Needs a policy that allows vfork, execve and /proc/self/exe.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	char *child[] = { "vforkspawn", "child", 0 }, *envp[] = { 0 };
	int n = argc > 1 ? atoi(argv[1]) : 1000, good = 0;

	if (argc > 1 && strcmp(argv[1], "child") == 0)
		return 7;
	for (int i = 0; i < n; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, "/proc/self/exe", 0, 0, child, envp) == 0 && waitpid(pid, &status, 0) == pid &&
		    WIFEXITED(status) && WEXITSTATUS(status) == 7)
			good++;
	}
	printf("%d\n", good);
	return good == n ? 0 : 1;
}
