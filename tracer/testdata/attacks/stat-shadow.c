/*
 * claim: learns size and times of /etc/shadow by stat(2) and lstat(2)
 * class: files
 * bare: 1
 * compute: ok | policy-violation stat
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	struct stat st = { 0 };

	if (syscall(SYS_stat, "/etc/shadow", &st) == 0 && st.st_mode)
		escaped("stat of /etc/shadow");
	if (syscall(SYS_lstat, "/etc/shadow", &st) == 0 && st.st_mode)
		escaped("lstat of /etc/shadow");
	refused("stat, lstat");
}
