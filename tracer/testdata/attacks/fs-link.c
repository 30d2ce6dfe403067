/*
 * claim: gives a file a second name with link(2)
 * class: files
 * bare: 1
 * compute: policy-violation link
 * see: pitfalls 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *to = scratch(argc, argv, "made-by-link");
	struct stat st;

	if (syscall(SYS_link, scratch(argc, argv, "victim"), to) != 0)
		refused("link");
	if (stat(to, &st) == 0 && st.st_nlink == 2)
		escaped("linked the victim");
	contained("no second name");
}
