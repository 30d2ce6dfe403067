/*
 * claim: truncates or grows the file behind its stdout
 * class: output
 * bare: 0
 * compute: policy-violation ftruncate
 * see: pitfalls 54, 63
 */
#include "attack.h"

/* A pipe answers EINVAL; with a file as stdout this makes it 1 TiB long. */
int main(void)
{
	settle(syscall(SYS_ftruncate, 1, 1L << 40), "changed the size of stdout");
}
