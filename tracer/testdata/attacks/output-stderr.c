/*
 * claim: writes 64 MiB to stderr
 * class: output
 * bare: 1
 * compute: output-limit
 * see: pitfalls 63
 */
#include "attack.h"
#include "flood.h"

int main(void)
{
	flood(2, 0);
}
