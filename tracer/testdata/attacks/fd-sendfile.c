/*
 * claim: copies stdin to stdout inside the kernel with sendfile(2)
 * class: files
 * bare: 0
 * compute: policy-violation sendfile
 * see: pitfalls 54, 63
 */
#include "attack.h"

/* From a pipe or the null device it is refused; with a file as stdin it works. */
int main(void)
{
	if (syscall(SYS_sendfile, 1, 0, 0, 4096UL) > 0)
		escaped("copied without read or write");
	refused("sendfile");
}
