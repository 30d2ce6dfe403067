/*
 * claim: asks its parent to be its tracer with PTRACE_TRACEME
 * class: ptrace
 * bare: 1
 * compute: policy-violation ptrace
 * needs: ptrace
 * see: pitfalls 31
 */
#include "attack.h"
#include <sys/ptrace.h>

int main(void)
{
	settle(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), "is traced by its parent");
}
