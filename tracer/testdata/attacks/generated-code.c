/*
 * claim: makes a forbidden call from code it has just written into memory
 * class: abi
 * bare: 1
 * compute: policy-violation socket
 * see: pitfalls 39, 41
 */
#include "attack.h"

int main(void)
{
	/* mov $41,%eax; mov $1,%edi; mov $1,%esi; xor %edx,%edx; syscall; ret */
	static const unsigned char code[] = { 0xb8, 41, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0xbe, 1, 0, 0, 0,
					      0x31, 0xd2, 0x0f, 0x05, 0xc3 };
	void *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long fd;

	if (p == MAP_FAILED)
		refused("mmap");
	memcpy(p, code, sizeof code);
	if (mprotect(p, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		refused("mprotect");
	fd = ((long (*)(void))p)();
	errno = (int)-fd;
	settle(fd, "generated code made a socket");
}
