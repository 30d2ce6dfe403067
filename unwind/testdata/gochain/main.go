// A known chain of calls on the first thread: main, recurse four times, a
// method through an interface, a closure, a function that is inlined, and a
// call that does not come back.
package main

import (
	"os"
	"runtime"
	"syscall"
)

func init() { runtime.LockOSThread() }

type speaker interface{ speak(n int) int }

type cat struct{ lives int }

//go:noinline
func (c *cat) speak(n int) int {
	return apply(func(m int) int { return inlined(m+n) + c.lives }, n)
}

//go:noinline
func apply(f func(int) int, n int) int { return f(n) + 1 }

func inlined(n int) int {
	if n > 0 {
		waitHere()
	}
	return n
}

//go:noinline
func waitHere() {
	os.Stdout.WriteString("ready\n")
	for {
		syscall.Pause()
	}
}

//go:noinline
func recurse(n int, s speaker) int {
	if n == 0 {
		return s.speak(7)
	}
	return recurse(n-1, s) + 1
}

func main() {
	defer println("over")
	os.Exit(recurse(4, &cat{9}))
}
