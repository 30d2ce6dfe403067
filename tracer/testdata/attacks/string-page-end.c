/*
 * claim: opens a path that ends with the last byte before an unmapped page
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * see: pitfalls 51
 */
#include "attack.h"

int main(void)
{
	static const char name[] = "/etc/passwd";
	char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *s;
	long fd;

	if (p == MAP_FAILED || munmap(p + 4096, 4096) != 0)
		refused("mmap");
	s = p + 4096 - sizeof name;
	memcpy(s, name, sizeof name);
	fd = syscall(SYS_openat, AT_FDCWD, s, O_RDONLY, 0);
	if (fd < 0)
		refused("openat");
	if (is_passwd((int)fd))
		escaped("read /etc/passwd");
	contained("not the user database");
}
