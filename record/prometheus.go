package record

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"warder/tracer"
)

// Prometheus writes a result in Prometheus's text format, for the textfile
// collector of its node exporter or a push gateway: what one session used, as
// gauges, and how it ended, 1 for one outcome and 0 for every other. It is for
// a command that runs one program and ends; a program that runs many counts
// them with package metrics. (The format is a few lines of text; the client
// library would be more than a third of warder run's own start.)
func Prometheus(w io.Writer, r *tracer.Result) error {
	var b strings.Builder
	family := func(name, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %[1]s gauge\n", name, help)
	}
	gauge := func(name, help string, v float64) {
		family(name, help)
		fmt.Fprintf(&b, "%s %s\n", name, strconv.FormatFloat(v, 'g', -1, 64))
	}
	gauge("warder_session_cpu_seconds", "CPU time, user and system, of the session's processes.", seconds(r.CPU()))
	gauge("warder_session_wall_seconds", "Time from the program's first instruction to the session's end.", seconds(r.Wall))
	gauge("warder_session_resident_memory_max_bytes", "Largest resident set of one of its processes.", float64(max(r.MaxRSS, 0)))
	gauge("warder_session_output_bytes", "What it wrote to standard output and error.", float64(r.OutputBytes))
	gauge("warder_session_stops", "Stops that the supervisor answered.", float64(r.Stops))
	family("warder_session_outcome", "How it ended.")
	for o := tracer.OK; o <= tracer.Halted; o++ {
		is := 0
		if o == r.Outcome {
			is = 1
		}
		fmt.Fprintf(&b, "warder_session_outcome{outcome=%q} %d\n", o.String(), is)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
