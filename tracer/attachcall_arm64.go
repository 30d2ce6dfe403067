package tracer

// keepWaiting does nothing here: the first argument of a call is not to be
// had once its result is there.
func keepWaiting(int) error { return nil }
