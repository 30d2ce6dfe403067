/*
 * Exits with what the register rbx holds at its first instruction, which is 0
 * unless somebody changed it.
 * build: -static -nostdlib -Wl,--build-id=none
 */
__attribute__((naked, noreturn)) void _start(void)
{
	__asm__("mov %rbx, %rdi\n\t"
		"mov $60, %eax\n\t"
		"syscall");
}
