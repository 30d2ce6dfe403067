/*
 * claim: watches files of the whole machine with fanotify
 * class: files
 * bare: 1
 * compute: policy-violation fanotify_init
 * needs: root
 * see: pitfalls 68
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_fanotify_init, 0, 0), "has a fanotify group");
}
