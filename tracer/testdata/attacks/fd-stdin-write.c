/*
 * claim: writes to the descriptor it may only read
 * class: files
 * bare: 0
 * compute: ok
 * see: pitfalls 54
 */
#include "attack.h"

int main(void)
{
	if (write(0, "", 1) == 1)
		escaped("wrote to stdin");
	refused("write");
}
