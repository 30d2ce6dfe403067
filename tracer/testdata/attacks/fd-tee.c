/*
 * claim: doubles a pipe's data with tee(2)
 * class: files
 * bare: 1
 * compute: policy-violation tee
 * see: pitfalls 62
 */
#include "attack.h"

int main(void)
{
	int a[2], b[2];

	if (pipe2(a, 0) != 0 || pipe2(b, 0) != 0)
		refused("pipe2");
	if (write(a[1], "hi", 2) != 2)
		refused("write");
	settle(syscall(SYS_tee, a[0], b[1], 2UL, 0), "doubled the pipe's data");
}
