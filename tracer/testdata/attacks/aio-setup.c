/*
 * claim: makes an asynchronous I/O context with io_setup(2)
 * class: filter
 * bare: 1
 * compute: policy-violation io_setup
 * see: pitfalls 46
 */
#include "attack.h"

int main(void)
{
	unsigned long context = 0;

	settle(syscall(SYS_io_setup, 4, &context), "has an I/O context");
}
