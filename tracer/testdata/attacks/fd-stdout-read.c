/*
 * claim: reads from the descriptors it may only write
 * class: files
 * bare: 0
 * compute: ok
 * see: pitfalls 54
 */
#include "attack.h"

int main(void)
{
	char b;

	if (read(1, &b, 1) >= 0 || read(2, &b, 1) >= 0)
		escaped("read from stdout or stderr");
	refused("read");
}
