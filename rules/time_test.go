package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
)

const timed = `name: timed
default: allow
time: visible
tsc: emulate
paths: unrestricted
syscalls:
  - {call: clock_gettime, action: trace}
  - {call: prctl, action: allow}
`

func TestTime(t *testing.T) {
	p := parseX86(t, timed)
	if want := (rules.Time{Visible: true, TSC: rules.EmulateTSC, VisibleLine: 3, TSCLine: 4}); p.Time != want {
		t.Errorf("%+v, want %+v", p.Time, want)
	}
	if len(p.Rules) != 3 || p.Rules[0].Line != 4 {
		t.Fatalf("%d rules, the first of line %d", len(p.Rules), p.Rules[0].Line)
	}
	sameAgain(t, p)
	if text := rules.Format(p); !strings.Contains(text, "time: visible\ntsc: emulate\n") || strings.Contains(text, "EPERM") {
		t.Errorf("formatted\n%s", text)
	}
	denied := parseX86(t, strings.Replace(timed, "emulate", "deny", 1))
	if denied.Time.TSC != rules.DenyTSC {
		t.Errorf("%+v", denied.Time)
	}
	sameAgain(t, denied)
	visible := parseX86(t, strings.Replace(timed, "tsc: emulate\n", "", 1))
	if !visible.Time.Visible || visible.Time.TSC != rules.NativeTSC || len(visible.Rules) != 2 {
		t.Errorf("%+v, %d rules", visible.Time, len(visible.Rules))
	}
	sameAgain(t, visible)
	// On a base the guard comes before its rules, too.
	p = parseX86(t, "base: compute\ntime: visible\ntsc: deny\nsyscalls:\n  - {call: prctl, action: allow}\n")
	if p.Rules[0].Line != 3 || p.Rules[1].Line != 5 || p.Rules[1].Action.Kind != rules.Allow {
		t.Errorf("%+v", p.Rules[:2])
	}
	sameAgain(t, p)
}

// TestKeepTSC: no rule lets a program have the counter back.
func TestKeepTSC(t *testing.T) {
	p := parseX86(t, timed)
	m := rules.NewMatcher(p, abi.X86_64)
	nr, _ := abi.X86_64.Number("prctl")
	filter, err := rules.Lower(p, abi.X86_64, rules.Hybrid)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(filter.Bind(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	for option, refused := range map[uint64]bool{
		26: true, 26 | 1<<32: true, 26 | 0xffffffff<<32: true, // PR_SET_TSC in the 32 bits that are read
		25: false, 15: false, 0: false, 26 << 32: false,
	} {
		c := rules.Call{Arch: abi.X86_64, Nr: nr, Args: [6]uint64{option, 1}}
		v := m.Decide(&c, &rules.Context{Stage: rules.Main})
		if got := v.Action.String() == "errno(EPERM)" && v.Rule == 0; got != refused {
			t.Errorf("option %#x: %+v", option, v)
		}
		ret, err := vm.Run(bpf.Data{Nr: nr, Arch: abi.X86_64.Audit(), Args: c.Args})
		if eperm := uint32(bpf.RetErrno | 1); err != nil || (ret == eperm) != refused {
			t.Errorf("option %#x: the filter says %s, %v", option, bpf.RetName(ret), err)
		}
	}
}

func TestTimeProblems(t *testing.T) {
	for text, want := range map[string]string{
		"default: kill\ntime: hidden\n":               `p.yaml:2:7: time: "hidden" is not known; the only word is visible`,
		"default: kill\ntime: [visible]\n":            "p.yaml:2:7: time is a list; it must be a single value",
		"default: kill\ntime: visible\ntsc: native\n": `p.yaml:3:6: tsc: "native" is not known: emulate or deny`,
		"default: kill\ntsc: emulate\n":               "p.yaml:2: tsc: emulate needs time: visible, for the vDSO reads the clock with rdtsc",
		"default: kill\ntsc: deny\n":                  "p.yaml:2: tsc: deny needs time: visible, for the vDSO reads the clock with rdtsc",
		"default: kill\ntime: visible\nTSC: deny\n":   `p.yaml:3:1: unknown key "TSC" in the policy`,
	} {
		if _, err := rules.Parse("p.yaml", []byte(text), rules.ParseOptions{Arch: abi.X86_64}); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	// What a program builds.
	for want, p := range map[string]*rules.Policy{
		"tsc: deny needs the rule KeepTSC": {Time: rules.Time{Visible: true, TSC: rules.DenyTSC}},
		"before all others": {
			Time:  rules.Time{Visible: true, TSC: rules.EmulateTSC},
			Rules: []rules.Rule{{Calls: []string{"prctl"}, Action: rules.Action{Kind: rules.Allow}}, rules.KeepTSC(0)},
		},
		"unknown tsc 9": {Time: rules.Time{Visible: true, TSC: 9}, Rules: []rules.Rule{rules.KeepTSC(0)}},
	} {
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	good := &rules.Policy{Time: rules.Time{Visible: true, TSC: rules.EmulateTSC}, Rules: []rules.Rule{rules.KeepTSC(0)}}
	if err := errors.Join(good.Check(), good.CheckTime()); err != nil {
		t.Error(err)
	}
}

// TestTimeStops: without a supervisor there is nobody to hide the vDSO.
func TestTimeStops(t *testing.T) {
	p := parseX86(t, timed)
	_, err := rules.Lower(p, abi.X86_64, rules.FilterOnly)
	for _, want := range []string{"p.yaml:3: time: visible needs a stop, and the seccomp engine", "p.yaml:4: tsc: emulate needs a stop", "p.yaml:7: action trace"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := parseX86(t, "default: kill\n").TimeStops("strict"); err != nil {
		t.Error(err)
	}
}

func TestTimeExplained(t *testing.T) {
	if abi.Native() != abi.X86_64 {
		t.Skip("the calls are those of x86_64")
	}
	var got []string
	for _, at := range parseX86(t, timed).Explain(rules.Hybrid) {
		if at.Setting != "" {
			got = append(got, at.Setting+": "+at.Where)
		}
	}
	if want := []string{"time: visible: auxiliary vector, at each execve", "tsc: emulate: stop, at each rdtsc"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
