/*
 * claim: keeps data in a kernel keyring, beyond its own life
 * class: creds
 * bare: 1
 * compute: policy-violation add_key
 * needs: keys
 * see: pitfalls 68, 83
 */
#include "attack.h"

int main(void)
{
	long key = syscall(SYS_add_key, "user", "warder-attack", "hi", 2UL, -3 /* session keyring */);
	char b[2];

	if (key < 0)
		refused("add_key");
	if (syscall(SYS_keyctl, 11 /* read */, key, b, 2UL) == 2 && b[0] == 'h') {
		syscall(SYS_keyctl, 21 /* invalidate */, key);
		escaped("stored a key");
	}
	contained("the key does not read back");
}
