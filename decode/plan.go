package decode

import (
	"maps"
	"sync"
	"sync/atomic"

	"warder/abi"
)

// printer appends argument i's text.
type printer func(d *decoder, i int)

// shape says how one argument is printed.
type shape struct {
	// doc is what docs/trace-structures.md says of it, "" for an address.
	doc string
	// enter prints what is known at the entry; nil prints an address.
	enter printer
	// leave prints what the kernel filled in; nil if it fills in nothing.
	leave printer
	// failed has leave called for a call that failed, too.
	failed bool
	// after is for what strace prints after the return though it is known
	// before.
	after bool
	// lost is for what strace prints as an address if the call fails.
	lost bool
	// pick chooses the shape by other arguments; the others are unset then.
	pick func(d *decoder, i int) *shape
}

// form is how a call is printed where package abi's kinds do not say it all.
type form struct {
	// args are the shapes of arguments, by register; nil is for the kind's.
	args [6]*shape
	// shown lists the registers to print in strace's order, if not all.
	shown func(d *decoder) []uint8
	// late says that strace prints the comma before the first argument of the
	// return with it.
	late bool
	// extra prints something that is in no register, and returns its name or
	// "" for nothing.
	extra func(d *decoder) string
	// result prints the value returned by a call that succeeded.
	result func(d *decoder)
}

// plan is all that is known of one call of one architecture.
type plan struct {
	name      string
	sig       abi.Signature
	names     [6]string
	shapes    [6]*shape
	positions []uint8
	form      *form
}

// plans are made when a call is first met.
var plans [4][1024]atomic.Pointer[plan]

// planOf returns a call's plan, nil for a number without a name.
func planOf(arch abi.Arch, nr uint32) *plan {
	if int(arch) >= len(plans) || nr >= uint32(len(plans[0])) {
		return nil
	}
	at := &plans[arch][nr]
	if p := at.Load(); p != nil {
		return p
	}
	p := newPlan(arch, nr)
	if p != nil {
		at.Store(p)
	}
	return p
}

func newPlan(arch abi.Arch, nr uint32) *plan {
	name, ok := arch.Name(nr)
	if !ok {
		return nil
	}
	sig, ok := arch.Lookup(name)
	if !ok {
		return nil
	}
	p := &plan{name: name, sig: sig, form: formOf(arch, name)}
	for i := range min(len(sig.Args), len(p.shapes)) {
		p.names[i] = sig.Args[i].Name
		if name == "clone" {
			p.names[i] = cloneName(p.names[i])
		}
		p.shapes[i] = p.form.args[i]
		if p.shapes[i] == nil {
			p.shapes[i] = kinds[sig.Args[i].Kind]
		}
	}
	p.positions = first(len(sig.Args))
	return p
}

// positions is 0 to 5, to be cut.
var positions = [...]uint8{0, 1, 2, 3, 4, 5}

// first is the first n positions.
func first(n int) []uint8 {
	return positions[:min(max(n, 0), len(positions))]
}

var noForm form

// allForms are the tables of all calls, in none of which is one of another,
// and i386's own. They are made when the first call is decoded: most runs of
// the command that has this package decode none.
var allForms = sync.OnceValues(func() (calls, i386 map[string]*form) {
	calls = make(map[string]*form)
	for _, table := range [...]func() map[string]*form{
		fileForms, pathForms, pollForms, memoryForms, processForms, schedForms, signalForms, timeForms, socketForms, systemForms,
	} {
		maps.Copy(calls, table())
	}
	return calls, i386Forms()
})

// formOf finds a call's form. A call that i386 has under another name with
// the same structures is found by the name it has elsewhere.
func formOf(arch abi.Arch, name string) *form {
	calls, i386 := allForms()
	if arch == abi.I386 {
		if f, ok := i386[name]; ok {
			return f
		}
	}
	if f, ok := calls[name]; ok {
		return f
	}
	return &noForm
}
