/*
 * claim: makes stdin its directory with fchdir(2), should it have been given one
 * class: files
 * bare: 0
 * compute: policy-violation fchdir
 * see: pitfalls 53, 54
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_fchdir, 0), "works in the directory given as stdin");
}
