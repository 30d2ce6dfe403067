/*
 * claim: gets memory that no tracer can read with memfd_secret(2)
 * class: memory
 * bare: 1 | 0
 * compute: policy-violation memfd_secret
 * see: pitfalls 50, 62
 */
#include "attack.h"

/* Many kernels have it switched off; then the bare answer is ENOSYS. */
int main(void)
{
	settle(syscall(447 /* memfd_secret */, 0), "has secret memory");
}
