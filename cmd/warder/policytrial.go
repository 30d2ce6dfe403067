package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"warder/rules"
)

// trialLine is what policy test says of one call, one line of its JSON.
type trialLine struct {
	Line    int            `json:"line"` // of CASES
	Call    string         `json:"call"`
	Text    string         `json:"text"`
	Stage   string         `json:"stage,omitempty"` // none where it is not known and makes no difference
	Action  string         `json:"action,omitempty"`
	Rule    string         `json:"rule,omitempty"` // file:line, or why no rule says it
	Why     string         `json:"why,omitempty"`
	Stages  []stageVerdict `json:"stages,omitempty"`  // instead of action, where the stage is not known and matters
	Assumed []string       `json:"assumed,omitempty"` // arguments that the trace does not show, taken to be 0
	Files   []fileAdvice   `json:"files,omitempty"`
	Fails   string         `json:"fails,omitempty"` // what was expected
}

type stageVerdict struct {
	Stage  string `json:"stage"`
	Action string `json:"action"`
	Rule   string `json:"rule"`
	Why    string `json:"why,omitempty"`
}

// fileAdvice is what the policy's paths say of one file. The kernel decides.
type fileAdvice struct {
	Path    string `json:"path,omitempty"`
	Need    string `json:"need,omitempty"`
	Granted bool   `json:"granted"`
	Missing bool   `json:"unless_missing,omitempty"` // granted only if the file is there
	Unknown string `json:"unknown,omitempty"`
}

// one decides and tells a case.
func (t *caseTest) one(c *rules.Case, text string) error {
	if c.Stage == rules.AnyStage {
		c.Stage = t.stage
	}
	trial := t.matcher.Try(c)
	fails := trial.Fails(c.Expect)
	if c.Expect != nil {
		t.checked++
	}
	if fails != "" {
		t.failed++
	}
	t.tally.add(&trial)
	if t.flags.quiet && fails == "" {
		return nil
	}
	l := trialLine{Line: c.Line, Call: c.Name, Text: text, Assumed: trial.Assumed, Fails: fails, Stage: stageText(c.Stage)}
	if trial.Same() {
		l.Action, l.Rule, l.Why = t.verdict(&trial.Main)
	} else {
		for _, s := range [...]struct {
			stage rules.Stage
			v     *rules.Verdict
		}{{rules.Loader, &trial.Loader}, {rules.Main, &trial.Main}} {
			v := stageVerdict{Stage: s.stage.String()}
			v.Action, v.Rule, v.Why = t.verdict(s.v)
			l.Stages = append(l.Stages, v)
		}
	}
	for _, a := range trial.Files {
		f := fileAdvice{Path: a.Path, Granted: a.Granted, Missing: a.Missing, Unknown: a.Unknown}
		if a.Need != 0 {
			f.Need = a.Need.String()
		}
		l.Files = append(l.Files, f)
	}
	if t.flags.json {
		return t.print(&l)
	}
	if _, err := fmt.Fprintf(t.out, "%s:%d: %s\n", t.file, l.Line, l.String()); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

func (t *caseTest) print(v any) error {
	if err := json.NewEncoder(t.out).Encode(v); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

func (t *caseTest) verdict(v *rules.Verdict) (action, rule, why string) {
	if v.Rule >= 0 {
		why = t.policy.Rules[v.Rule].Why
	}
	return actionText(v.Action), verdictPlace(t.policy, v), why
}

// String gives the line for people.
func (l *trialLine) String() string {
	var b strings.Builder
	say := func(action, rule, why string) {
		b.WriteString(action + ", by " + rule)
		if why != "" {
			b.WriteString(" (" + why + ")")
		}
	}
	b.WriteString(l.Text + ": ")
	if l.Action != "" {
		say(l.Action, l.Rule, l.Why)
	}
	for i, s := range l.Stages {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString("in stage " + s.Stage + " ")
		say(s.Action, s.Rule, s.Why)
	}
	if len(l.Assumed) > 0 {
		b.WriteString("; if " + strings.Join(l.Assumed, " and ") + " is 0, which the trace does not show")
	}
	for _, f := range l.Files {
		b.WriteString("; " + f.String())
	}
	if l.Fails != "" {
		b.WriteString("; FAILS: " + l.Fails)
	}
	return b.String()
}

func (f *fileAdvice) String() string {
	text := "advice: "
	if f.Unknown != "" {
		return text + f.Unknown
	}
	text += f.Path + " is "
	if !f.Granted {
		text += "not "
	}
	text += "granted (" + f.Need + ")"
	if f.Missing {
		text += " if it is there, and cannot be made"
	}
	return text
}

// tally counts verdicts.
type tally struct {
	calls   int
	actions map[string]int
	ranks   map[string]int
	depend  int // on a stage that is not known
	refused int // calls with a file that is not granted
}

func (t *tally) add(trial *rules.Trial) {
	t.calls++
	for _, f := range trial.Files {
		if !f.Granted && f.Unknown == "" && !trial.Main.Action.Refuses() {
			t.refused++
			break
		}
	}
	if !trial.Same() {
		t.depend++
		return
	}
	if t.actions == nil {
		t.actions, t.ranks = map[string]int{}, map[string]int{}
	}
	a := trial.Main.Action
	text := actionText(a)
	t.actions[text]++
	for i, k := range [...]rules.ActionKind{rules.Allow, rules.Log, rules.Trace, rules.Rewrite, rules.Errno, rules.Kill} {
		if k == a.Kind {
			t.ranks[text] = i
		}
	}
}

// order lists the actions seen, those that let calls run first.
func (t *tally) order() []string {
	var out []string
	for a := range t.actions {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.ranks[a], t.ranks[b]), strings.Compare(a, b))
	})
	return out
}

// testSum is the last line of policy test's JSON.
type testSum struct {
	Calls    int            `json:"calls"`
	Actions  map[string]int `json:"actions"`
	ByStage  int            `json:"by_stage,omitempty"`      // calls that depend on a stage that is not known
	Files    int            `json:"files_refused,omitempty"` // calls that run, and ask for a file that no path grants
	Expected int            `json:"expected"`                // expectations
	Failed   int            `json:"failed"`                  // of them
}

// end tells the sums.
func (t *caseTest) end() error {
	y := &t.tally
	if t.flags.json {
		actions := y.actions
		if actions == nil {
			actions = map[string]int{}
		}
		return t.print(map[string]testSum{"sum": {y.calls, actions, y.depend, y.refused, t.checked, t.failed}})
	}
	var parts []string
	for _, a := range y.order() {
		parts = append(parts, fmt.Sprintf("%d %s", y.actions[a], a))
	}
	if y.depend > 0 {
		parts = append(parts, fmt.Sprintf("%d by stage", y.depend))
	}
	line := plural(y.calls, "call")
	if parts != nil {
		line += ": " + strings.Join(parts, ", ")
	}
	if y.refused > 0 {
		line += fmt.Sprintf("; %s that run ask for files that are not granted", plural(y.refused, "call"))
	}
	if t.checked > 0 {
		line += fmt.Sprintf("; %s, %d failed", plural(t.checked, "expectation"), t.failed)
	}
	if _, err := fmt.Fprintln(t.out, line); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
