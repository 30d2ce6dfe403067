/*
 * The smallest program: exit(0) as its first instruction's work, no C library.
 * build: -static -nostdlib -Wl,--build-id=none
 */
__attribute__((naked, noreturn)) void _start(void)
{
	__asm__("xor %edi, %edi\n\t"
		"mov $60, %eax\n\t"
		"syscall");
}
