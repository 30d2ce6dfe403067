package trace_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain checks that no queue's goroutine stays.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
