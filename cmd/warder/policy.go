package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"warder/abi"
	"warder/rules"
	"warder/rules/bpf"
	"warder/tracer"
)

// invalidPolicy is the exit status of policy check for one that is not valid.
const invalidPolicy = 1

func newPolicy() *cobra.Command {
	return group("policy", "Check, show and explain policies",
		newPolicyCheck(), newPolicyShow(), newPolicyExplain(), newPolicyDisasm(), newPolicyDiff(), newPolicyTest())
}

func newPolicyCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE|PROFILE",
		Short: "Tell whether a policy is valid, and what in it deserves a second look",
		Long: `Read a policy and say whether it is valid. Warnings, of what it lets a program
do that deserves a second look, do not make it invalid. Exit status: 0 valid, 1
not valid (every problem is listed with its line), 125 the file cannot be read.`,
		Args: needArgs("FILE or PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return checkPolicy(cmd.OutOrStdout(), args[0]) },
	}
}

func checkPolicy(w io.Writer, name string) error {
	if _, _, err := policyText(name); err != nil {
		return err
	}
	p, err := loadPolicy(name)
	if err != nil {
		complain(err)
		return statusError(invalidPolicy)
	}
	noun := "rules"
	if len(p.Rules) == 1 {
		noun = "rule"
	}
	if _, err := fmt.Fprintf(w, "%s: ok, %d %s\n", name, len(p.Rules), noun); err != nil {
		return err
	}
	for _, warning := range p.Warnings() {
		say("warning: " + warning)
	}
	return nil
}

func newPolicyShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show FILE|PROFILE",
		Short: "Print a policy in its normal form, OCI profiles too",
		Args:  needArgs("FILE or PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := loadPolicy(args[0])
			if err != nil {
				return err
			}
			for _, note := range p.Notes {
				say("note: " + note)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), rules.Format(p))
			return err
		},
	}
}

// policyTarget is what the filter of an engine is compiled for.
func policyTarget(engine string) (tracer.Engine, rules.Target, error) {
	e, err := tracer.ParseEngine(engine)
	if e == tracer.Seccomp {
		return e, rules.FilterOnly, err
	}
	return e, rules.Hybrid, err
}

func newPolicyDisasm() *cobra.Command {
	var engine, arch string
	cmd := &cobra.Command{
		Use:   "disasm FILE|PROFILE",
		Short: "Print the seccomp program that a policy is compiled to",
		Long: `Print the seccomp program that a policy is compiled to, one instruction a line.
What only the launch knows, the process id behind self and the launch key in
execveat's sixth argument, is printed as 0.`,
		Args: needArgs("FILE or PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return disassemble(cmd.OutOrStdout(), args[0], engine, arch)
		},
	}
	cmd.Flags().StringVar(&engine, "engine", "hybrid", "hybrid or seccomp")
	cmd.Flags().StringVar(&arch, "arch", abi.Native().String(), "x86_64 or aarch64")
	return cmd
}

func disassemble(w io.Writer, name, engine, arch string) error {
	e, target, err := policyTarget(engine)
	if err != nil {
		return err
	}
	if e == tracer.Ptrace || e == tracer.Strict {
		return fmt.Errorf("--engine %s has no filter", e)
	}
	a, ok := abi.ParseArch(arch)
	if !ok || a == abi.I386 {
		return fmt.Errorf("--arch %q: want x86_64 or aarch64", arch)
	}
	p, err := loadPolicy(name)
	if err != nil {
		return err
	}
	for _, f := range filtersOf(p, target) {
		program, err := rules.Lower(p, a, f.target)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "# %s, engine %s, %s%s: %d instructions\n", name, e, a, f.what, program.Len()); err != nil {
			return err
		}
		if err := bpf.Print(w, program.Bind(0, 0)); err != nil {
			return err
		}
	}
	return nil
}

// stageFilter is one of the programs that a policy comes to.
type stageFilter struct {
	target rules.Target
	what   string
}

func filtersOf(p *rules.Policy, target rules.Target) []stageFilter {
	if target != rules.Hybrid || !p.Tightens() {
		return []stageFilter{{target, ""}}
	}
	return []stageFilter{
		{rules.LoaderStage, ", for a program with a loader"},
		{rules.StageChange, ", loaded behind it at the entry point"},
		{rules.MainStage, ", for a program without a loader"},
	}
}

func newPolicyExplain() *cobra.Command {
	var engine string
	cmd := &cobra.Command{
		Use:   "explain FILE|PROFILE",
		Short: "Tell for each rule where it is enforced and what that costs",
		Long: `Tell for each rule where it is enforced and what that costs a call. The costs
are measured on one machine (2 cores, Linux 6.18): orders of magnitude.`,
		Args: needArgs("FILE or PROFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return explain(cmd.OutOrStdout(), args[0], engine)
		},
	}
	cmd.Flags().StringVar(&engine, "engine", "hybrid", "hybrid, ptrace, seccomp or strict")
	return cmd
}

var errStrictExplain = errors.New("--engine strict enforces the strict profile: explain strict")

func explain(w io.Writer, name, engine string) error {
	e, target, err := policyTarget(engine)
	if err != nil {
		return err
	}
	if e == tracer.Strict && name != "strict" {
		return errStrictExplain
	}
	p, err := loadPolicy(name)
	if err != nil {
		return err
	}
	if e == tracer.Seccomp {
		if _, err := rules.Lower(p, abi.Native(), target); err != nil {
			return err
		}
	}
	return printPlacements(w, placements(p, e, target))
}
