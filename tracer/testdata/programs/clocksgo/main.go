// Clocksgo reads the clock argv[1] times, in two goroutines. It prints "done".
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			last := time.Now()
			for range n / 2 {
				now := time.Now()
				if now.Before(last) {
					fmt.Fprintln(os.Stderr, "the clock went back")
					os.Exit(4)
				}
				last = now
			}
		})
	}
	wg.Wait()
	fmt.Println("done")
}
