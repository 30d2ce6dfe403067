// A Go program in C: main.main, main.descend, wait_here, pause.
package main

/*
#include <unistd.h>

static void __attribute__((noinline)) wait_here(int n)
{
	write(1, "ready\n", 6);
	for (;;)
		pause();
	(void)n;
}
*/
import "C"

import "runtime"

func init() { runtime.LockOSThread() }

//go:noinline
func descend(n int) int {
	if n == 0 {
		C.wait_here(3)
	} else {
		return descend(n-1) + 1
	}
	return 1
}

func main() { println(descend(2)) }
