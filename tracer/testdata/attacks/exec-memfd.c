/*
 * claim: writes a program into a memfd and runs it by descriptor
 * class: exec
 * bare: 1
 * compute: policy-violation memfd_create
 * see: pitfalls 52, 62
 */
#include "attack.h"

/* A 64-bit ELF of one segment: mov $60,%eax; mov $1,%edi; syscall. */
static const unsigned char elf[] = {
	0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0,
	0x78, 0, 0x40, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0,
	0, 0, 0x40, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0,
	0, 0x10, 0, 0, 0, 0, 0, 0,
	0xb8, 60, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0x0f, 0x05,
};

int main(void)
{
	char *argv[] = { "memfd", 0 }, *envp[] = { 0 };
	long fd = syscall(SYS_memfd_create, "payload", 0);

	if (fd < 0)
		refused("memfd_create");
	if (write((int)fd, elf, sizeof elf) != sizeof elf)
		refused("write");
	syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH); /* status 1 is the payload's */
	refused("execveat");
}
