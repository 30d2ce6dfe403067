/* Copies stdin to stdout; exits 0 at end of file. */
#include <unistd.h>

int main(void)
{
	static char b[65536];
	ssize_t n;

	while ((n = read(0, b, sizeof b)) > 0)
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(1, b + done, (size_t)(n - done));

			if (w <= 0)
				return 1;
			done += w;
		}
	return n == 0 ? 0 : 1;
}
