// Package metrics counts what sessions do, as Prometheus metrics. A Metrics is
// a tracer.Observer: hand it to every session's Config.
//
//	reg := prometheus.NewRegistry()
//	m, err := metrics.New(reg)
//	…
//	tracer.Run(ctx, &tracer.Config{Observer: m, …})
//
// Stop and Call are made on the session's thread between a stop and its
// answer: they allocate nothing once a series exists.
//
// Limits: names of calls are those of the native architecture's table, a
// bounded set; all else is "other". Series of calls appear when they are first
// counted, for most of the table never is. Nothing here knows a process id, a
// path or a policy.
package metrics

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"warder/abi"
	"warder/rules"
	"warder/tracer"
)

// Metrics counts for any number of sessions at once. A nil *Metrics counts
// nothing.
type Metrics struct {
	sessions [outcomes]prometheus.Counter
	stops    [stopKinds]prometheus.Counter
	calls    *prometheus.CounterVec
	byCall   [actions][]atomic.Pointer[prometheus.Counter] // by number; the last is "other"
	native   abi.Arch

	held, peak          prometheus.Histogram
	cpuTotal, wallTotal prometheus.Counter
	outputTotal         prometheus.Counter
	lostTotal           prometheus.Counter
}

// How many values the labels have.
const (
	outcomes  = int(tracer.Halted) + 1
	stopKinds = int(tracer.Notification) + 1
	actions   = int(rules.Rewrite) + 1
)

// otherCall stands for calls without a name in the native table.
const otherCall = "other"

// verdicts name rules.ActionKind without its parameter.
var verdicts = [actions]string{
	rules.Kill: "kill", rules.Allow: "allow", rules.Log: "log",
	rules.Errno: "errno", rules.Trace: "trace", rules.Rewrite: "rewrite",
}

// New makes the metrics and registers them with reg, which must not have them
// already.
//
//	warder_sessions_total{outcome}        sessions that ended, by the report's status
//	warder_stops_total{kind}              ptrace-stops answered
//	warder_calls_total{verdict,syscall}   calls decided at a stop
//	warder_stop_seconds                   how long the supervisor held a stop
//	warder_session_cpu_seconds_total      CPU time of held programs
//	warder_session_wall_seconds_total     wall time of held programs
//	warder_session_output_bytes_total     output of held programs
//	warder_session_peak_memory_bytes      largest resident set of one session
//	warder_trace_lost_lines_total         lines of traces that their outputs did not take
func New(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{native: abi.Native()}
	sessions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "warder_sessions_total", Help: "Sessions that ended, by outcome.",
	}, []string{"outcome"})
	stops := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "warder_stops_total", Help: "Ptrace-stops and notifications that the supervisor answered, by kind.",
	}, []string{"kind"})
	m.calls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "warder_calls_total", Help: "System calls decided at a stop, by verdict and name.",
	}, []string{"verdict", "syscall"})
	held := histogram("warder_stop_seconds", "Time for which the supervisor held a stop.",
		prometheus.ExponentialBuckets(2e-6, 2, 14))
	peak := histogram("warder_session_peak_memory_bytes", "Largest resident set of one session.",
		prometheus.ExponentialBuckets(1<<20, 4, 9))
	m.held, m.peak = held, peak
	m.cpuTotal = counter("warder_session_cpu_seconds_total", "CPU time, user and system, of held programs.")
	m.wallTotal = counter("warder_session_wall_seconds_total", "Wall time of held programs.")
	m.outputTotal = counter("warder_session_output_bytes_total", "Bytes that held programs wrote to standard output and error.")
	m.lostTotal = counter("warder_trace_lost_lines_total", "Lines of traces that a slow, full or failing output did not take.")
	for i, c := range []prometheus.Collector{
		sessions, stops, m.calls, held, peak, m.cpuTotal, m.wallTotal, m.outputTotal, m.lostTotal,
	} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metric %d: %w", i, err)
		}
	}
	for o := range m.sessions {
		m.sessions[o] = sessions.WithLabelValues(tracer.Outcome(o).String())
	}
	for k := range m.stops {
		m.stops[k] = stops.WithLabelValues(tracer.StopKind(k).String())
	}
	top := 0
	for _, name := range m.native.Names() {
		if nr, ok := m.native.Number(name); ok {
			top = max(top, int(nr)+1)
		}
	}
	for a := range m.byCall {
		m.byCall[a] = make([]atomic.Pointer[prometheus.Counter], top+1)
	}
	return m, nil
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

// histogram is classic and native at once: a scraper takes what it knows.
func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor:     1.2,
		NativeHistogramMaxBucketNumber:  64,
		NativeHistogramMinResetDuration: time.Hour,
	})
}

// Stop counts a stop and how long it was held.
func (m *Metrics) Stop(kind tracer.StopKind, held time.Duration) {
	if m == nil {
		return
	}
	if int(kind) >= stopKinds {
		kind = tracer.UnknownStop
	}
	m.stops[kind].Inc()
	m.held.Observe(held.Seconds())
}

// Call counts a call that was decided at a stop.
func (m *Metrics) Call(c *rules.Call, action rules.ActionKind) {
	if m == nil || int(action) >= actions {
		return
	}
	row := m.byCall[action]
	at := len(row) - 1
	if c.Arch == m.native && int64(c.Nr) < int64(at) {
		at = int(c.Nr)
	}
	counter := row[at].Load()
	if counter == nil {
		counter = m.resolve(action, at)
	}
	(*counter).Inc()
}

// resolve makes the series of a call, the first time it is counted. Two
// sessions that do so at once get the same one.
func (m *Metrics) resolve(action rules.ActionKind, at int) *prometheus.Counter {
	name, ok := m.native.Name(uint32(at))
	if !ok || at == len(m.byCall[action])-1 {
		name = otherCall
	}
	counter := m.calls.WithLabelValues(verdicts[action], name)
	m.byCall[action][at].Store(&counter)
	return &counter
}

// End counts a session.
func (m *Metrics) End(r *tracer.Result) {
	if m == nil || r == nil || int(r.Outcome) >= outcomes {
		return
	}
	m.sessions[r.Outcome].Inc()
	// A counter panics on what is negative; a broken clock is not worth that.
	cpu, wall := max(r.CPU().Seconds(), 0), max(r.Wall.Seconds(), 0)
	m.cpuTotal.Add(cpu)
	m.wallTotal.Add(wall)
	m.outputTotal.Add(float64(max(r.OutputBytes, 0)))
	m.peak.Observe(float64(max(r.MaxRSS, 0)))
}

// Lost counts lines that a trace's output did not take: what trace.Queue's
// Lost says at the end.
func (m *Metrics) Lost(lines uint64) {
	if m != nil {
		m.lostTotal.Add(float64(lines))
	}
}

// WriteFile writes what reg has in Prometheus's text format, for the textfile
// collector of its node exporter: into a temporary file beside path, which
// then takes its place.
func WriteFile(path string, reg prometheus.Gatherer) error {
	if err := prometheus.WriteToTextfile(path, reg); err != nil {
		return fmt.Errorf("write metrics to %s: %w", path, err)
	}
	return nil
}

var _ tracer.Observer = (*Metrics)(nil)
