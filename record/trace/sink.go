package trace

// Sink is a form of a trace: text, JSON lines, a table. Its methods are called
// on the session's thread while a thread of the program stands still: they
// must be quick, and those that write do so through an [Output].
type Sink interface {
	// Enter tells of a call that has not run yet. It comes only where the
	// call's fate cannot keep it from being shown.
	Enter(c *Call)
	// Return tells of a call that is over: it has returned, or it is known
	// that it does not, or that nobody will be told.
	Return(c *Call)
	// Tell tells of all else, with the number of threads known: a thread that
	// is born is counted, and one that is gone still is.
	Tell(e *Event, live int)
}

// Tee is several sinks, told in their order.
type Tee []Sink

// Enter tells each.
func (t Tee) Enter(c *Call) {
	for _, s := range t {
		s.Enter(c)
	}
}

// Return tells each.
func (t Tee) Return(c *Call) {
	for _, s := range t {
		s.Return(c)
	}
}

// Tell tells each.
func (t Tee) Tell(e *Event, live int) {
	for _, s := range t {
		s.Tell(e, live)
	}
}

// Func is a sink that is told of each event once, calls at their end.
type Func func(*Event)

// Enter does nothing.
func (Func) Enter(*Call) {}

// Return gives a call's event.
func (f Func) Return(c *Call) {
	e := c.Event()
	f(&e)
}

// Tell gives an event.
func (f Func) Tell(e *Event, _ int) { f(e) }
