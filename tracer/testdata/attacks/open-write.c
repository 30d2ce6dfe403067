/*
 * claim: opens /etc/passwd for writing, and writes nothing
 * class: files
 * bare: 1
 * compute: policy-violation openat
 * needs: root
 * see: pitfalls 48, 84
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_WRONLY | O_APPEND, 0), "may write the user database");
}
