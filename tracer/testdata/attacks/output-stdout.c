/*
 * claim: writes 64 MiB to stdout
 * class: output
 * bare: 1
 * compute: output-limit
 * see: pitfalls 63
 */
#include "attack.h"
#include "flood.h"

int main(void)
{
	flood(1, 0);
}
