/*
 * claim: takes its stdin as controlling terminal, changes its mode or hangs it up
 * class: terminal
 * bare: 0
 * compute: ok | policy-violation ioctl | policy-violation openat
 * see: pitfalls 66
 */
#include "attack.h"
#include <sys/ioctl.h>
#include <termios.h>

/* Escapes only if the test gives a terminal. */
int main(void)
{
	struct termios t = { 0 };
	struct winsize w = { 1, 1, 0, 0 };

	for (int fd = 0; fd < 3; fd++) {
		if (syscall(SYS_ioctl, fd, TIOCSCTTY, 1) == 0)
			escaped("took a controlling terminal");
		if (syscall(SYS_ioctl, fd, TIOCSWINSZ, &w) == 0)
			escaped("changed the terminal's size");
		if (syscall(SYS_ioctl, fd, TCSETS, &t) == 0)
			escaped("changed the terminal's mode");
	}
	refused("ioctl");
}
