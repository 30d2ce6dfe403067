/*
 * claim: lists stdin as a directory, should it have been given one
 * class: files
 * bare: 0
 * compute: policy-violation getdents64
 * see: pitfalls 54
 */
#include "attack.h"

/* Escapes only if the test gives a directory as stdin; bare it gets ENOTDIR. */
int main(void)
{
	char b[4096];

	settle(syscall(SYS_getdents64, 0, b, sizeof b), "listed stdin");
}
