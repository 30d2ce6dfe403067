// Hellogo puts the Go runtime to work: goroutines on several threads, garbage
// collection, timers, a recovered fault. It prints "hello, go 4950".
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

type node struct {
	next *node
	data [64]int
}

func main() {
	var wg sync.WaitGroup
	sums := make(chan int, 100)
	for i := range 100 {
		wg.Go(func() {
			var list *node
			for range 1000 {
				list = &node{next: list}
			}
			list.data[0] = i
			runtime.Gosched()
			sums <- list.data[0]
		})
	}
	wg.Wait()
	close(sums)
	total := 0
	for n := range sums {
		total += n
	}
	runtime.GC()

	<-time.After(time.Millisecond)
	if !faults() {
		fmt.Fprintln(os.Stderr, "a nil dereference did not panic")
		os.Exit(1)
	}
	fmt.Println("hello, go", total)
}

// faults reports whether SIGSEGV still becomes a panic.
func faults() (caught bool) {
	defer func() { caught = recover() != nil }()
	var n *node
	return n.data[1] != 0
}
