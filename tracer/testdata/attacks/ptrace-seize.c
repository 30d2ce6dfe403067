/*
 * claim: becomes the supervisor's tracer with PTRACE_SEIZE
 * class: ptrace
 * bare: 1
 * compute: policy-violation ptrace
 * needs: root, ptrace
 * see: pitfalls 32
 */
#include "attack.h"
#include <sys/ptrace.h>

/* Its end detaches it: a seized process that was never stopped just runs on. */
int main(int argc, char **argv)
{
	settle(syscall(SYS_ptrace, PTRACE_SEIZE, target(argc, argv), 0, 0), "traces the supervisor");
}
