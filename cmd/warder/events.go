package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/guess"
	"warder/snapshot"
	"warder/tracer"
)

// eventFlags are --on EVENT --do ACTION.
type eventFlags struct {
	list []*eventRule
	on   *eventRule // the last --on, which a --do belongs to
	file string     // of --snapshot-on-violation
	how  string     // --snapshot-method

	actor *actor // that does it, or nil
}

// heldMethods are the words of --snapshot-method.
var heldMethods = map[string]snapshot.Method{"auto": "", "stop": snapshot.StopCopy, "fork": snapshot.ForkCopy}

// finish waits for what goes on behind the program's back.
func (f *eventFlags) finish() { f.actor.finish() }

// eventRule is one --on with what follows it.
type eventRule struct {
	text  string
	kind  tracer.EventKind
	calls []string
	sig   int
	every time.Duration
	do    []eventAction
}

// eventAction is one --do.
type eventAction struct {
	name string // regs, maps, backtrace, snapshot, rewind, stop
	arg  string
}

// eventWords and actionWords are offered for misspelt ones.
var (
	eventWords  = []string{"entry", "exit", "syscall:", "signal:", "violation", "limit", "every:"}
	actionWords = []string{"regs", "maps", "backtrace", "snapshot:", "mark", "rewind", "stop"}
)

func (f *eventFlags) define(fs *pflag.FlagSet) {
	fs.Var((*onValue)(f), "on", "at an `EVENT`, with every thread stopped, do what each --do behind it says: entry, exit, syscall:NAME[,NAME], signal:NAME, violation, limit, every:TIME (repeatable)")
	fs.Var((*doValue)(f), "do", "an `ACTION` for the --on before it: regs, maps, backtrace, snapshot:FILE (%n in it counts), mark (the first time), rewind[:TIMES] to the mark, stop (repeatable)")
	fs.StringVar(&f.how, "snapshot-method", "auto", "how --do snapshot copies: auto, stop (the program stands still) or fork (it goes on, and a copy of it is read)")
	fs.StringVar(&f.file, "snapshot-on-violation", "", "short for --on violation --do snapshot:`FILE`")
}

// onValue and doValue are the flags as pflag sets them, in their order.
type (
	onValue eventFlags
	doValue eventFlags
)

func (v *onValue) String() string { return "" }

// Type names the value in the help text.
func (v *onValue) Type() string { return "EVENT" }

// Set adds an event.
func (v *onValue) Set(text string) error {
	r := &eventRule{text: text}
	word, arg, has := strings.Cut(text, ":")
	need := func(what string) error {
		if arg == "" {
			return fmt.Errorf("%s needs %s: %s:%s", word, what, word, strings.ToUpper(what[strings.LastIndex(what, " ")+1:]))
		}
		return nil
	}
	var err error
	switch word {
	case "entry", "exit", "violation", "limit":
		if has {
			return fmt.Errorf("%s takes nothing behind a colon", word)
		}
		r.kind = map[string]tracer.EventKind{
			"entry": tracer.EntryEvent, "exit": tracer.ExitEvent, "violation": tracer.ViolationEvent, "limit": tracer.LimitEvent,
		}[word]
	case "syscall":
		r.kind, err = tracer.CallEvent, need("a name")
		for _, name := range strings.Split(arg, ",") {
			if _, ok := abi.Native().Number(name); !ok && err == nil {
				err = fmt.Errorf("no system call %q on this machine%s", name, guess.Hint(name, callNames()))
			}
			r.calls = append(r.calls, name)
		}
	case "signal":
		if r.kind, err = tracer.SignalEvent, need("a name"); err == nil {
			r.sig, err = parseSignal(arg)
		}
	case "every":
		if r.kind, err = tracer.TickEvent, need("a time"); err == nil {
			r.every, err = parseDuration(arg)
		}
		if err == nil && r.every < time.Millisecond {
			err = fmt.Errorf("every:%s: at least 1ms", arg)
		}
	default:
		err = fmt.Errorf("no event %q%s", word, guess.Hint(word, eventWords))
	}
	if err != nil {
		return err
	}
	v.list, v.on = append(v.list, r), r
	return nil
}

func (v *doValue) String() string { return "" }

// Type names the value in the help text.
func (v *doValue) Type() string { return "ACTION" }

// Set adds an action to the last event.
func (v *doValue) Set(text string) error {
	word, arg, has := strings.Cut(text, ":")
	switch {
	case v.on == nil:
		return fmt.Errorf("%s: no --on EVENT before it", text)
	case word == "snapshot" && arg == "":
		return fmt.Errorf("snapshot needs a file: snapshot:FILE")
	case word == "rewind" && has:
		if n, err := strconv.Atoi(arg); err != nil || n < 1 {
			return fmt.Errorf("rewind:%s: want how often, 1 or more", arg)
		}
	case word != "snapshot" && has:
		return fmt.Errorf("%s takes nothing behind a colon", word)
	case !slices.Contains(actionWords, word) && !slices.Contains(actionWords, word+":"):
		return fmt.Errorf("no action %q%s", word, guess.Hint(word, actionWords))
	}
	v.on.do = append(v.on.do, eventAction{word, arg})
	return nil
}

func parseSignal(text string) (int, error) {
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	sig := unix.SignalNum(name)
	if sig == 0 {
		return 0, fmt.Errorf("no signal %q", text)
	}
	if sig == unix.SIGKILL {
		return 0, fmt.Errorf("SIGKILL ends a program without a stop")
	}
	return int(sig), nil
}

// callNames are the native calls, for hints.
func callNames() []string {
	var names []string
	for nr := range uint32(1024) {
		if name, ok := abi.Native().Name(nr); ok {
			names = append(names, name)
		}
	}
	return names
}

// choose fills the configuration.
func (f *eventFlags) choose(cfg *tracer.Config) error {
	if f.file != "" {
		f.list = append(f.list, &eventRule{
			text: "violation", kind: tracer.ViolationEvent, do: []eventAction{{"snapshot", f.file}},
		})
	}
	how, ok := heldMethods[f.how]
	if !ok {
		words := []string{"auto", "stop", "fork"}
		return fmt.Errorf("--snapshot-method %q: want auto, stop or fork%s", f.how, guess.Hint(f.how, words))
	}
	if len(f.list) == 0 {
		return nil
	}
	w := &cfg.Watch
	for _, r := range f.list {
		if len(r.do) == 0 {
			return fmt.Errorf("--on %s: no --do ACTION behind it", r.text)
		}
		switch r.kind {
		case tracer.EntryEvent:
			w.Entry = true
		case tracer.ExitEvent:
			w.Exit = true
		case tracer.ViolationEvent:
			w.Violation = true
		case tracer.LimitEvent:
			w.Limit = true
		case tracer.CallEvent:
			w.Calls = append(w.Calls, r.calls...)
		case tracer.SignalEvent:
			w.Signals = append(w.Signals, r.sig)
		case tracer.TickEvent:
			if w.Every > 0 {
				return fmt.Errorf("--on every:%s: there is one already", r.every)
			}
			w.Every = r.every
		}
	}
	f.actor = newActor(how)
	cfg.Hooks.Event = func(frozen *tracer.Frozen, e *tracer.Event) {
		for _, r := range f.list {
			if r.matches(e) {
				f.actor.act(frozen, e, r.do)
			}
		}
	}
	return nil
}

func (r *eventRule) matches(e *tracer.Event) bool {
	if r.kind != e.Kind {
		return false
	}
	switch r.kind {
	case tracer.CallEvent:
		name, _ := e.Call.Arch.Name(e.Call.Nr)
		return slices.Contains(r.calls, name)
	case tracer.SignalEvent:
		return r.sig == e.Signal
	}
	return true
}
