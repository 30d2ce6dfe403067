/*
 * claim: turns /etc/passwd into a file handle with name_to_handle_at(2)
 * class: files
 * bare: 1
 * compute: policy-violation name_to_handle_at
 * see: pitfalls 48, 53
 */
#include "attack.h"

int main(void)
{
	struct {
		struct file_handle h;
		unsigned char bytes[MAX_HANDLE_SZ];
	} f = { .h.handle_bytes = MAX_HANDLE_SZ };
	int mount = -1;

	settle(syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/passwd", &f, &mount, 0),
	       "holds a handle of /etc/passwd");
}
