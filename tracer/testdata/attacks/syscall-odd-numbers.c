/*
 * claim: makes calls by numbers that no table holds
 * class: abi
 * bare: 0
 * compute: ok | policy-violation
 * see: pitfalls 40, 41
 */
#include "attack.h"

int main(void)
{
	static const unsigned long numbers[] = { 335 + 100000, 0x3fffffff, 0x7fffffff, 0xffffffffUL, 0x80000000UL,
						 0x1000, 0xffff };

	for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (raw(numbers[i], 0, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS)
			if (errno != EPERM)
				escaped("a number beyond the table was taken");
	contained("no such calls");
}
