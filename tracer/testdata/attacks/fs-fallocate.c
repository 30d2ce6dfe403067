/*
 * claim: reserves disk space behind its stdout
 * class: output
 * bare: 0
 * compute: policy-violation fallocate
 * see: pitfalls 54, 63
 */
#include "attack.h"

/* A pipe answers ESPIPE; with a file as stdout this takes 1 MiB of disk unwritten. */
int main(void)
{
	settle(syscall(SYS_fallocate, 1, 1, 0L, 1L << 20), "reserved space behind stdout");
}
