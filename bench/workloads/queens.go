//go:build ignore

// Counts the ways to place thirteen queens on a board, in four goroutines, with
// garbage for the collector.
package main

import (
	"fmt"
	"os"
	"sync"
)

const size = 13

func place(row int, columns []int) int {
	if row == size {
		return 1
	}
	found := 0
	for column := range size {
		free := true
		for r, c := range columns {
			if c == column || c-column == r-row || c-column == row-r {
				free = false
				break
			}
		}
		if free {
			found += place(row+1, append(append([]int(nil), columns...), column))
		}
	}
	return found
}

func main() {
	var group sync.WaitGroup
	var mu sync.Mutex
	total, work := 0, make(chan int)
	for range 4 {
		group.Go(func() {
			for column := range work {
				n := place(1, []int{column})
				mu.Lock()
				total += n
				mu.Unlock()
			}
		})
	}
	for column := range size {
		work <- column
	}
	close(work)
	group.Wait()
	fmt.Println(total)
	if total != 73712 {
		os.Exit(1)
	}
}
