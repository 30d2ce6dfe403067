/*
 * claim: creates a file through creat(2)
 * class: files
 * bare: 1
 * compute: policy-violation creat
 * see: pitfalls 26, 48
 */
#include "attack.h"

int main(int argc, char **argv)
{
	char *path = scratch(argc, argv, "made-by-creat");
	struct stat st;
	long fd = syscall(SYS_creat, path, 0600);

	if (fd < 0)
		refused("creat");
	if (write((int)fd, "x", 1) != 1 || fstat((int)fd, &st) != 0 || st.st_size != 1)
		contained("the file does not hold what was written");
	unlink(path);
	escaped("created and wrote a file");
}
