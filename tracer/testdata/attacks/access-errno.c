/*
 * claim: tells existing from missing files by the difference of the errors
 * class: files
 * bare: 1
 * compute: ok
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	int there, missing;

	there = syscall(SYS_access, "/etc/shadow", F_OK) ? errno : 0;
	missing = syscall(SYS_access, "/etc/shadow-no-such", F_OK) ? errno : 0;
	if (there != missing)
		escaped("access answers differently for existing and missing files");
	contained("one answer for both");
}
