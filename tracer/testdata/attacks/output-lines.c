/*
 * claim: writes four million single bytes to stdout
 * class: output
 * bare: 1
 * compute: output-limit
 * compute/ptrace: output-limit | cpu-time-limit
 * see: pitfalls 63
 */
#include "attack.h"

int main(void)
{
	for (int i = 0; i < 4000000; i++)
		if (write(1, "\n", 1) != 1)
			refused("write");
	escaped("wrote four million lines");
}
