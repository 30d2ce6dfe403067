/* flood.h: 64 MiB into one descriptor. */
#ifndef FLOOD_H
#define FLOOD_H

#include <sys/uio.h>

static UNUSED _Noreturn void flood(int fd, int vectors)
{
	static char block[65536];
	struct iovec v[4];

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 4; i++)
		v[i] = (struct iovec){ block, sizeof block / 4 };
	for (long left = 64L << 20; left > 0;) {
		ssize_t n = vectors ? writev(fd, v, 4) : write(fd, block, sizeof block);

		if (n < 0)
			refused("write");
		left -= n;
	}
	escaped("wrote 64 MiB");
}

#endif
