package main

import (
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"warder/tracer"
)

// budgetFlags are the limits of a session.
func budgetFlags(fs *pflag.FlagSet, l *tracer.Limits) {
	d := tracer.DefaultLimits
	*l = d
	fs.Var(&duration{&l.CPU}, "cpu-time", "user plus system `TIME` of all processes: 1.5s, 500ms, 2 (seconds), none")
	fs.Var(&duration{&l.Wall}, "wall-time", "`TIME` from the first instruction to the end")
	fs.Var(&quantity{&l.Memory, parseSize, size}, "memory", "`SIZE` of memory in use by all processes: 64M = 64MiB = 67108864, 64MB = 64000000, unlimited")
	fs.Var(&quantity{&l.Stack, parseSize, size}, "stack", "`SIZE` of the stack")
	fs.Var(&quantity{&l.Output, parseSize, size}, "output", "`SIZE` of standard output and error together")
	fs.Var(&quantity{&l.FileSize, parseSize, size}, "file-size", "`SIZE` that a file may grow to")
	fs.Var(&quantity{&l.Processes, parseCount, count}, "processes", "`NUMBER` of processes, threads included")
	fs.Var(&quantity{&l.OpenFiles, parseCount, count}, "open-files", "`NUMBER` of open descriptors")
}

// duration is a flag of a time limit.
type duration struct{ d *time.Duration }

func (v *duration) Set(s string) error {
	d, err := parseDuration(s)
	if err == nil {
		*v.d = d
	}
	return err
}

func (v *duration) String() string {
	switch {
	case v.d == nil || *v.d == 0:
		return ""
	case *v.d < 0:
		return "none"
	}
	return v.d.String()
}

func (*duration) Type() string { return "TIME" }

// quantity is a flag of a size or a number.
type quantity struct {
	n     *int64
	parse func(string) (int64, error)
	kind  string
}

const (
	size  = "SIZE"
	count = "NUMBER"
)

func (v *quantity) Set(s string) error {
	n, err := v.parse(s)
	if err == nil {
		*v.n = n
	}
	return err
}

func (v *quantity) String() string {
	switch {
	case v.n == nil || *v.n == 0:
		return ""
	case *v.n < 0:
		return "unlimited"
	case v.kind == size && *v.n%(1<<20) == 0:
		return strconv.FormatInt(*v.n>>20, 10) + "MiB"
	}
	return strconv.FormatInt(*v.n, 10)
}

func (v *quantity) Type() string { return v.kind }
