// Goroutines that wait, and a variable that debuggers look for.
package main

import (
	"fmt"
	"os"
)

var known = 90210

//go:noinline
func inner(depth int, wait chan int) int {
	if depth > 0 {
		return inner(depth-1, wait) + 1
	}
	fmt.Println("ready")
	var b [1]byte
	_, _ = os.Stdin.Read(b[:])
	return <-wait
}

func main() {
	wait := make(chan int)
	for range 20 {
		go func() { wait <- known }()
	}
	fmt.Println(inner(5, wait))
}
