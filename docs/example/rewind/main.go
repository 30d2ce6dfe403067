// Command rewind runs many inputs through one held interpreter that is started
// once: it is marked when it has initialised itself, and taken back to that
// moment at its end, with the next input before it. It says what that saves.
//
//	go run ./docs/example/rewind 100
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/snapshot"
	"warder/tracer"
)

// script initialises what its inputs need, says so by a call that is of no use
// otherwise, and runs its standard input. It ends without taking itself apart.
const script = `
import json, os, re, sys, collections, decimal, random, datetime
os.getppid()
exec(sys.stdin.read())
sys.stdout.flush()
os._exit(0)
`

func main() {
	n := 100
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	if err := compare(max(n, 1)); err != nil {
		fmt.Fprintln(os.Stderr, "rewind:", err)
		os.Exit(1)
	}
}

// input is the i-th program for the interpreter.
func input(i int) string { return fmt.Sprintf("x = %d\nprint(x, sum(range(x)))\n", i) }

func compare(n int) error {
	anew, begin := new(bytes.Buffer), time.Now()
	for i := range n {
		cfg, stdin, err := config(anew)
		if err != nil {
			return err
		}
		if err := next(stdin, input(i)); err != nil {
			return err
		}
		r, err := tracer.Run(context.Background(), cfg)
		if err != nil {
			return err
		}
		if r.Outcome != tracer.OK {
			return fmt.Errorf("input %d: %s %s", i, r.Outcome, r.Message)
		}
		stdin.Close()
	}
	each := time.Since(begin) / time.Duration(n)

	once, begin := new(bytes.Buffer), time.Now()
	if err := rewound(once, n); err != nil {
		return err
	}
	again := time.Since(begin) / time.Duration(n)
	if once.String() != anew.String() {
		return fmt.Errorf("the outputs differ: %q and %q", anew, once)
	}
	fmt.Printf("%d inputs: %v each in a new session, %v each by rewinding one: %.1f times as fast\n",
		n, each.Round(time.Microsecond), again.Round(time.Microsecond), float64(each)/float64(again))
	return nil
}

// rewound holds one interpreter for all inputs.
func rewound(out *bytes.Buffer, n int) error {
	cfg, stdin, err := config(out)
	if err != nil {
		return err
	}
	defer stdin.Close()
	if err := next(stdin, input(0)); err != nil {
		return err
	}
	var base *snapshot.Base
	i := 0
	cfg.Watch = tracer.Watch{Calls: []string{"getppid"}, Exit: true}
	cfg.Hooks.Event = func(f *tracer.Frozen, e *tracer.Event) {
		var err error
		switch {
		case e.Kind == tracer.CallEvent && base == nil:
			base, _, err = snapshot.Mark(context.Background(), f)
		case e.Kind == tracer.ExitEvent && i < n-1:
			i++
			if err = next(stdin, input(i)); err == nil {
				_, err = base.Rewind(f)
			}
		}
		if err != nil {
			f.Fail(err)
		}
	}
	r, err := tracer.Run(context.Background(), cfg)
	if err != nil {
		return err
	}
	if base != nil {
		err = base.Close()
	}
	if r.Outcome != tracer.OK {
		return fmt.Errorf("%s %s", r.Outcome, r.Message)
	}
	return err
}

// config is a session of the interpreter, with a file of its own for standard
// input.
func config(out *bytes.Buffer) (*tracer.Config, *os.File, error) {
	policy, err := rules.Profile("runtime")
	if err != nil {
		return nil, nil, err
	}
	fd, err := unix.MemfdCreate("input", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, nil, fmt.Errorf("memfd_create: %w", err)
	}
	stdin := os.NewFile(uintptr(fd), "input")
	return &tracer.Config{
		Path: "/usr/bin/python3", Args: []string{"python3", "-c", script},
		Policy: policy, Stdin: stdin, Stdout: out, Stderr: out,
		Limits: tracer.Limits{CPU: tracer.Unlimited, Wall: tracer.Unlimited},
	}, stdin, nil
}

// next puts a program into the file.
func next(stdin *os.File, text string) error {
	if err := stdin.Truncate(0); err != nil {
		return err
	}
	_, err := stdin.WriteAt([]byte(text), 0)
	return err
}
