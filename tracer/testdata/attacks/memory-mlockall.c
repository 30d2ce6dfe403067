/*
 * claim: nails all its memory with mlockall(2)
 * class: memory
 * bare: 1
 * compute: policy-violation mlockall
 * needs: root
 * see: pitfalls 62, 67
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_mlockall, 1 | 2), "locked all memory");
}
