package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"warder/abi"
	"warder/decode"
	"warder/rules"
)

// different is the exit status of policy diff for two that differ.
const different = 1

// bothArchs are the architectures that policies are for: what int 0x80 does is
// refused always.
var bothArchs = []abi.Arch{abi.X86_64, abi.AArch64}

func newPolicyDiff() *cobra.Command {
	var asJSON bool
	var arch string
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Tell what one policy allows beyond another",
		Long: `Compare two policies, each a file or a profile: which calls they answer
differently, in which stage, for which arguments, with an example, and which
paths, ports, scopes and settings of time differ. It is decided from the rules,
not from the text, for both architectures where both policies are valid there.
Paths are compared by name. Exit status: 0 equal, 1 different, 125 a policy
cannot be read, or has too many conditions to be compared.`,
		Args: needArgs("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return diffPolicies(cmd.OutOrStdout(), args[0], args[1], arch, asJSON)
		},
	}
	cmd.Flags().StringVar(&arch, "arch", "all", "x86_64, aarch64 or all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// policyDiff is the answer of policy diff.
type policyDiff struct {
	Schema   int           `json:"schema"` // 1
	A        string        `json:"a"`
	B        string        `json:"b"`
	Archs    []string      `json:"archs"` // that were compared
	Equal    bool          `json:"equal"`
	Calls    []callDiff    `json:"calls"`
	Settings []settingDiff `json:"settings"`
}

// callDiff is one set of calls that are answered differently.
type callDiff struct {
	Call    string   `json:"call"`            // a name, or numbers that have none: "number 470-1000"
	Archs   []string `json:"archs"`           // where this holds
	Stage   string   `json:"stage,omitempty"` // loader or main; none for both
	Beyond  string   `json:"beyond,omitempty"`
	A       sideDiff `json:"a"`
	B       sideDiff `json:"b"`
	Where   []string `json:"where,omitempty"`   // alternatives; none for every call of that name
	Partial bool     `json:"partial,omitempty"` // only for some arguments, in more ways than are listed
	Example struct {
		Text string   `json:"text"`
		Args []string `json:"args"` // registers, hexadecimal
		Self uint32   `json:"self"` // the process id that self stands for
		Path string   `json:"path,omitempty"`
	} `json:"example"`
	everywhere bool // on every architecture compared that has the call
}

// sideDiff is one policy's answer to the example.
type sideDiff struct {
	Action string `json:"action"`
	Rule   string `json:"rule"` // file:line, or why no rule says it
}

type settingDiff struct {
	Key    string   `json:"key"`
	Name   string   `json:"name,omitempty"`
	Stage  string   `json:"stage,omitempty"`
	Beyond string   `json:"beyond,omitempty"`
	A      string   `json:"a"`
	B      string   `json:"b"`
	Except []string `json:"except,omitempty"`
}

func diffPolicies(w io.Writer, a, b, arch string, asJSON bool) error {
	archs := bothArchs
	if arch != "all" {
		one, ok := abi.ParseArch(arch)
		if !ok || !slices.Contains(bothArchs, one) {
			return fmt.Errorf("--arch %q: want x86_64, aarch64 or all", arch)
		}
		archs = []abi.Arch{one}
	}
	d := policyDiff{Schema: 1, A: a, B: b, Calls: []callDiff{}, Settings: []settingDiff{}}
	for _, arch := range archs {
		pa, err := loadPolicyFor(a, arch)
		var pb *rules.Policy
		if err == nil {
			pb, err = loadPolicyFor(b, arch)
		}
		if err != nil {
			if len(archs) > 1 && arch != abi.Native() && readable(a, b) {
				first, _, _ := strings.Cut(err.Error(), "\n")
				say(fmt.Sprintf("note: not compared for %s: %s", arch, first))
				continue
			}
			return err
		}
		found, err := rules.Diff(pa, pb, arch)
		if err != nil {
			return fmt.Errorf("comparing %s and %s for %s: %w", a, b, arch, err)
		}
		d.Archs = append(d.Archs, arch.String())
		d.addCalls(found, pa, pb, arch)
		if len(d.Archs) == 1 {
			for _, s := range rules.DiffSettings(pa, pb) {
				d.Settings = append(d.Settings, settingDiff{s.Key, s.Name, stageText(s.Stage), beyondText(s.Beyond), s.A, s.B, s.Except})
			}
		}
	}
	d.finish()
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		if err := e.Encode(&d); err != nil {
			return fmt.Errorf("standard output: %w", err)
		}
	} else if err := d.print(w); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	if !d.Equal {
		return statusError(different)
	}
	return nil
}

// readable reports whether both policies are fine where they are to be used.
func readable(a, b string) bool {
	_, errA := loadPolicyFor(a, abi.Native())
	_, errB := loadPolicyFor(b, abi.Native())
	return errors.Join(errA, errB) == nil
}

func stageText(s rules.Stage) string {
	if s == rules.AnyStage {
		return ""
	}
	return s.String()
}

func beyondText(side int) string { return [...]string{"a", "", "b"}[side+1] }

// addCalls adds what differs on one architecture to what differs on others.
func (d *policyDiff) addCalls(found []rules.Difference, a, b *rules.Policy, arch abi.Arch) {
	for i := range found {
		f := &found[i]
		c := callDiff{
			Call: f.Call, Archs: []string{arch.String()}, Stage: stageText(f.Stage), Partial: f.Unsaid,
			Beyond: beyondText(rules.Beyond(f.A.Action, f.B.Action)),
			A:      sideDiff{actionText(f.A.Action), verdictPlace(a, &f.A)}, B: sideDiff{actionText(f.B.Action), verdictPlace(b, &f.B)},
		}
		switch {
		case f.Call == "" && f.First == f.Last:
			c.Call = fmt.Sprintf("number %d", f.First)
		case f.Call == "":
			c.Call = fmt.Sprintf("numbers %d-%d", f.First, f.Last)
		}
		for _, r := range f.Where {
			c.Where = append(c.Where, r.Words(arch, f.Call))
		}
		c.Example.Text = exampleText(f, arch)
		for _, v := range f.Example.Args {
			c.Example.Args = append(c.Example.Args, fmt.Sprintf("%#x", v))
		}
		c.Example.Self, c.Example.Path = f.Example.Self, f.Example.Path
		same := slices.IndexFunc(d.Calls, func(o callDiff) bool {
			return o.Call == c.Call && o.Stage == c.Stage && o.A.Action == c.A.Action && o.B.Action == c.B.Action &&
				o.Partial == c.Partial && slices.Equal(o.Where, c.Where)
		})
		if same >= 0 {
			d.Calls[same].Archs = append(d.Calls[same].Archs, arch.String())
		} else {
			d.Calls = append(d.Calls, c)
		}
	}
}

// actionText gives an action as a trace has it: errno EPERM.
func actionText(a rules.Action) string {
	return strings.TrimSuffix(strings.ReplaceAll(a.String(), "(", " "), ")")
}

// verdictPlace is the rule behind a verdict, or why there is none.
func verdictPlace(p *rules.Policy, v *rules.Verdict) string {
	switch {
	case v.Rule >= 0:
		return p.WhereRule(&p.Rules[v.Rule])
	case v.Reason == rules.ReasonDefault && p.DefaultLine > 0:
		return p.Where(p.DefaultLine) + " (default)"
	}
	return v.Reason
}

// exampleText prints an example as strace would, with its path in its place.
func exampleText(f *rules.Difference, arch abi.Arch) string {
	c := decode.Decode(arch, f.First, f.Example.Args, nil, decode.Options{})
	if i := rules.PathArg(f.Call); i >= 0 && f.Example.Path != "" {
		sig, _ := arch.Lookup(f.Call)
		for j := range c.Args {
			if c.Args[j].Name == sig.Args[i].Name {
				c.Args[j].Text = fmt.Sprintf("%q", f.Example.Path)
			}
		}
	}
	return c.String()
}

// finish settles what depends on all architectures.
func (d *policyDiff) finish() {
	d.Equal = len(d.Calls)+len(d.Settings) == 0
	for i := range d.Calls {
		c := &d.Calls[i]
		has := 0
		for _, name := range d.Archs {
			if arch, _ := abi.ParseArch(name); !strings.HasPrefix(c.Call, "number") {
				if _, ok := arch.Number(c.Call); !ok {
					continue
				}
			}
			has++
		}
		c.everywhere = len(c.Archs) == has
	}
}
