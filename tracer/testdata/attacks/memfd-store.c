/*
 * claim: stores 64 MiB in a memfd, outside its address space
 * class: memory
 * bare: 1
 * compute: policy-violation memfd_create
 * see: pitfalls 52, 62
 */
#include "attack.h"

int main(void)
{
	static char block[1 << 20];
	long fd = syscall(SYS_memfd_create, "store", 0);

	if (fd < 0)
		refused("memfd_create");
	for (int i = 0; i < 64; i++)
		if (write((int)fd, block, sizeof block) != (ssize_t)sizeof block)
			refused("write");
	escaped("stored 64 MiB");
}
