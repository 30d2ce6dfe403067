/*
 * Opens /etc/passwd by the 32-bit entry: int 0x80, where number 5 is open and
 * not, as in 64-bit calls, fstat. Addresses must fit in 32 bits: -static -no-pie.
 */
#include <stdio.h>

int main(void)
{
	static const char path[] = "/etc/passwd";
	long fd;

	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(5), "b"(path), "c"(0), "d"(0) : "memory");
	printf("int 0x80 opened it: descriptor %ld\n", fd);
	return 0;
}
