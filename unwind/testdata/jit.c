/* Calls back through code that was made at run time: with a frame pointer, or,
 * where there is an argument, without one and without a sign of what it is. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noinline)) static void wait_here(void)
{
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	(void)argv;
	static const unsigned char with[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	static const unsigned char without[] = {0x48, 0x83, 0xec, 0x08, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x08, 0xc3};
	unsigned char *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(code, argc > 1 ? without : with, argc > 1 ? sizeof without : sizeof with);
	((void (*)(void (*)(void)))code)(wait_here);
	return 0;
}
