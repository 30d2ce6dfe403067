/*
 * claim: types into the terminal by TIOCSTI with junk in the upper half of the request
 * class: terminal
 * bare: 1
 * compute: ok | policy-violation ioctl | policy-violation openat
 * needs: root, tiocsti
 * see: pitfalls 41, 66
 */
#include "attack.h"
#include "pty.h"

int main(void)
{
	type_into_terminal(0xdead00000000UL);
}
