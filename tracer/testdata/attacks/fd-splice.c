/*
 * claim: moves data between pipes with splice(2)
 * class: files
 * bare: 1
 * compute: policy-violation splice
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	int a[2], b[2];
	char c[2];

	if (pipe2(a, 0) != 0 || pipe2(b, 0) != 0)
		refused("pipe2");
	if (write(a[1], "hi", 2) != 2)
		refused("write");
	if (syscall(SYS_splice, a[0], 0, b[1], 0, 2UL, 0) != 2)
		refused("splice");
	if (read(b[0], c, 2) == 2 && memcmp(c, "hi", 2) == 0)
		escaped("spliced");
	contained("nothing arrived");
}
