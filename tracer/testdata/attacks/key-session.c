/*
 * claim: joins a new session keyring with keyctl(2)
 * class: creds
 * bare: 1
 * compute: policy-violation keyctl
 * needs: keys
 * see: pitfalls 68, 83
 */
#include "attack.h"

int main(void)
{
	settle(syscall(SYS_keyctl, 1 /* join session */, 0), "has a session keyring");
}
