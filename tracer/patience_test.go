package tracer

import (
	"testing"
	"time"
)

// LosePatience shortens for a test how long a process may take to stop.
func LosePatience(t *testing.T, d time.Duration) {
	before := stopPatience
	stopPatience = d
	t.Cleanup(func() { stopPatience = before })
}
