//go:build race

package memory

// The race detector allocates for its own ends.
const raceEnabled = true
