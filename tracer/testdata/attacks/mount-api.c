/*
 * claim: prepares a filesystem with the newer mount calls, fsopen(2)
 * class: creds
 * bare: 1
 * compute: policy-violation fsopen
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_fsopen, "tmpfs", 0), "opened a filesystem context");
}
