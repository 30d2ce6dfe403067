/*
 * claim: learns about /etc/shadow by newfstatat(2)
 * class: files
 * bare: 1
 * compute: ok | policy-violation newfstatat
 * see: pitfalls 48, 53, 85
 */
#include "attack.h"

int main(void)
{
	struct stat st = { 0 };

	if (syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &st, 0) == 0 && st.st_mode)
		escaped("newfstatat of /etc/shadow");
	refused("newfstatat");
}
