/*
 * claim: changes the mode of the pipe or file behind its stdout with fchmod(2)
 * class: files
 * bare: 1
 * compute: policy-violation fchmod
 * see: pitfalls 54
 */
#include "attack.h"

int main(void)
{
	struct stat st;

	if (fstat(1, &st) != 0)
		refused("fstat");
	if (syscall(SYS_fchmod, 1, (st.st_mode & 07777) ^ 01) != 0)
		refused("fchmod");
	settle(syscall(SYS_fchmod, 1, st.st_mode & 07777), "changed the mode of stdout and back");
}
