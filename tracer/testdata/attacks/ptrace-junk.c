/*
 * claim: asks for a tracer with junk in the upper half of the pid
 * class: ptrace
 * bare: 1
 * compute: policy-violation ptrace
 * needs: root, ptrace
 * see: pitfalls 41
 */
#include "attack.h"
#include <sys/ptrace.h>

int main(void)
{
	settle(raw(SYS_ptrace, PTRACE_SEIZE, 0x3333333300000000UL | (unsigned)parent(), 0, 0, 0, 0),
	       "traces the supervisor");
}
