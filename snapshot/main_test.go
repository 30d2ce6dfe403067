package snapshot_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"warder/internal/testutil"
	"warder/tracer"
)

// TestMain checks that all tests together leave nothing behind.
func TestMain(m *testing.M) {
	code := m.Run()
	tracer.CloseIdle()
	if left := testutil.Descendants(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
