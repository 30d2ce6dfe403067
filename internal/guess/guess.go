// Package guess finds what a misspelt word was meant to be. It knows nothing of
// what the words are for.
package guess

import "fmt"

// Hint is ` (did you mean "X"?)` for the one of names that is closest to word,
// or "" where none is close: one letter off, or two for six letters and more. It
// is slow, and for errors only.
func Hint(word string, names []string) string {
	const longest = 40 // of a word worth a guess: no name is longer
	if word == "" || len(word) > longest {
		return ""
	}
	best, found := 2, ""
	if len(word) >= 6 {
		best = 3
	}
	for _, name := range names {
		if d := distance(word, name); d < best {
			best, found = d, name
		}
	}
	if found == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", found)
}

// distance is the number of letters to insert, delete, replace or swap with
// the next to turn a into b.
func distance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
