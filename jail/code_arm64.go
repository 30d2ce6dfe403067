package jail

// stubCode is empty: there is no arm64 stub yet, and Start says so.
var stubCode []byte

const (
	stubRun     = 0
	stubMachine = 183
)
