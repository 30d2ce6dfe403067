/*
 * claim: hands its pages to a pipe with vmsplice(2)
 * class: memory
 * bare: 1
 * compute: policy-violation vmsplice
 * see: pitfalls 62
 */
#include "attack.h"
#include <sys/uio.h>

int main(void)
{
	static char page[4096] __attribute__((aligned(4096))) = "hi";
	struct iovec v = { page, sizeof page };
	char c[2];
	int a[2];

	if (pipe2(a, 0) != 0)
		refused("pipe2");
	if (syscall(SYS_vmsplice, a[1], &v, 1UL, 0) < 1)
		refused("vmsplice");
	if (read(a[0], c, 2) == 2 && memcmp(c, "hi", 2) == 0)
		escaped("the pipe holds a page of ours");
	contained("nothing arrived");
}
