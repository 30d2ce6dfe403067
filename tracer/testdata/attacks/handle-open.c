/*
 * claim: opens a file by a made-up handle (inode 2) with open_by_handle_at(2)
 * class: files
 * bare: 1
 * compute: policy-violation open_by_handle_at
 * needs: root
 * see: pitfalls 48, 53
 */
#include "attack.h"

/*
 * ESTALE counts as an escape: the kernel has then accepted the caller's
 * right to open by handle and looked the made-up inode up.
 */
int main(void)
{
	struct {
		struct file_handle h;
		uint32_t ino, gen;
	} f = { .h.handle_bytes = 8, .h.handle_type = 1, .ino = 2 };
	long fd = syscall(SYS_open_by_handle_at, AT_FDCWD, &f, O_RDONLY | O_DIRECTORY);

	if (fd >= 0 || errno == ESTALE)
		escaped("open_by_handle_at looked an inode up");
	refused("open_by_handle_at");
}
