/*
 * Opens a file again and again while somebody else moves what it is, and says
 * how often it "opened" the right one, was "refused", and "leaked".
 *
 *   link PATH ROUNDS         PATH leads to a file that says "granted" or, and
 *                            that is a leak, to one that says "forbidden".
 *   move NAME ROUNDS PHASES  NAME, relative, is in a directory that somebody
 *                            moves. PHASES is a file of one number, mapped:
 *                            1 modulo 4 while the directory is where nothing
 *                            may be opened, 3 while it is where all may be.
 *                            An open that begins and ends within one phase is
 *                            judged by it; of others nothing can be said.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int says(int fd, const char *word)
{
	char text[16] = "";

	return read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, word, strlen(word)) == 0;
}

int main(int argc, char **argv)
{
	long opened = 0, refused = 0, leaked = 0, lost = 0, unsure = 0;
	static const unsigned long still = 3; /* nobody moves anything */
	volatile const unsigned long *phase = &still;

	if (argc < 4)
		return 2;
	int move = strcmp(argv[1], "move") == 0;
	if (move) {
		int fd = argc > 4 ? open(argv[4], O_RDONLY) : -1;

		phase = fd < 0 ? MAP_FAILED : mmap(0, sizeof(*phase), PROT_READ, MAP_SHARED, fd, 0);
		if (phase == MAP_FAILED) {
			perror("phases");
			return 2;
		}
		close(fd);
	}
	for (long left = atol(argv[3]); left > 0; left--) {
		unsigned long before = *phase;
		int fd = open(argv[2], O_RDONLY);
		unsigned long after = *phase;
		int outside = before == after && before % 4 == 1, inside = before == after && before % 4 == 3;

		if (!outside && !inside)
			unsure++;
		else if (fd < 0 && move && inside)
			lost++;
		else if (fd < 0)
			refused++;
		else if (outside || says(fd, "forbidden"))
			leaked++;
		else
			opened++;
		if (fd >= 0)
			close(fd);
	}
	printf("opened %ld refused %ld leaked %ld lost %ld unsure %ld\n", opened, refused, leaked, lost, unsure);
	return leaked > 0;
}
