/*
 * Asks whether it is there itself, by kill(2) with signal 0, and then signals
 * process 1 as Go signals its threads.
 * build: -static
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	kill(getpid(), 0);
	syscall(SYS_tgkill, 1, 1, SIGURG);
	return 0;
}
