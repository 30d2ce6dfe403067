/* pty.h: typing into a terminal, stdin's if it is one, else a fresh pty's. */
#ifndef PTY_H
#define PTY_H

#include <sys/ioctl.h>

static _Noreturn void type_into_terminal(unsigned long junk)
{
	char name[32] = "/dev/pts/", digits[12], *p = digits + sizeof digits, b = 0, c = 'x';
	int master, slave, unlock = 0;
	unsigned n = 0;

	for (int fd = 0; fd < 3; fd++)
		if (raw(SYS_ioctl, (unsigned)fd, junk | TIOCSTI, (unsigned long)&c, 0, 0, 0) == 0)
			escaped("typed into the terminal it was started on");
	/* ENOTTY: the request was asked of a pipe; ask it of a terminal. */
	if (errno != ENOTTY)
		refused("ioctl");
	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (master < 0)
		refused("open");
	if (ioctl(master, TIOCSPTLCK, &unlock) != 0 || ioctl(master, TIOCGPTN, &n) != 0)
		refused("ioctl");
	*--p = 0;
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	strcat(name, p);
	slave = open(name, O_RDWR | O_NOCTTY);
	if (slave < 0)
		refused("open");
	c = 'x';
	if (raw(SYS_ioctl, (unsigned)slave, junk | TIOCSTI, (unsigned long)&c, 0, 0, 0) != 0)
		refused("ioctl");
	c = '\n';
	raw(SYS_ioctl, (unsigned)slave, junk | TIOCSTI, (unsigned long)&c, 0, 0, 0);
	if (read(slave, &b, 1) == 1 && b == 'x')
		escaped("typed into a terminal");
	contained("nothing was typed");
}

#endif
