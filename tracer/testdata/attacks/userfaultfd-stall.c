/*
 * claim: gets pages whose reading blocks the reader, with userfaultfd(2)
 * class: memory
 * bare: 1
 * compute: policy-violation userfaultfd
 * see: pitfalls 48, 49
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */), "has a userfaultfd");
}
