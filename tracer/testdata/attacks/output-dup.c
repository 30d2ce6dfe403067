/*
 * claim: writes 64 MiB to a duplicate of stdout
 * class: output
 * bare: 1
 * compute: output-limit
 * see: pitfalls 54, 63
 */
#include "attack.h"
#include "flood.h"

int main(void)
{
	int fd = dup2(1, 40);

	if (fd < 0)
		refused("dup2");
	close(1);
	flood(fd, 0);
}
