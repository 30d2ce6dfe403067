/*
 * claim: forges a kill by exiting with status 137
 * class: signals
 * bare: 137
 * compute: exited 137
 * see: pitfalls 80
 */
#include "attack.h"

int main(void)
{
	_exit(137);
}
