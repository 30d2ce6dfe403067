package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"warder/rules"
	"warder/tracer"
)

// grantFlags are paths beside those of the policy.
type grantFlags struct {
	read, exec, write, create []string
}

func (f *grantFlags) define(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.read, "read", nil, "`PATH` that Landlock lets the program open for reading where the policy's rules allow an open (repeatable)")
	fs.StringArrayVar(&f.exec, "exec", nil, "`PATH` that it lets the program execute and read likewise (repeatable)")
	fs.StringArrayVar(&f.write, "write", nil, "`PATH` of files that are there, which it lets the program open for writing likewise (repeatable)")
	fs.StringArrayVar(&f.create, "create", nil, "`DIR` in which it lets the program make, remove, rename, read and write files likewise (repeatable)")
}

func (f *grantFlags) given() bool {
	return len(f.read)+len(f.exec)+len(f.write)+len(f.create) > 0
}

// widen gives a copy of p with more Landlock grants. The program's root is
// where the policy's paths are looked up, if it has one of its own.
func widen(p *rules.Policy, f *grantFlags, root string) (*rules.Policy, error) {
	if !f.given() {
		return p, nil
	}
	if p.AnyPath {
		return nil, fmt.Errorf("--read, --exec, --write and --create: policy %s leaves paths unrestricted already", p.Source)
	}
	elsewhere := root != "" && root != tracer.EmptyRoot
	wide := *p
	for _, g := range []struct {
		flag  string
		list  *[]rules.Path
		names []string
		look  func(path string) error
	}{
		{"read", &wide.Read, f.read, exists},
		{"exec", &wide.Exec, f.exec, exists},
		{"write", &wide.Write, f.write, plainPath},
		{"create", &wide.Create, f.create, plainDir},
	} {
		*g.list = slices.Clip(*g.list) // the profile's own is shared
		for _, name := range g.names {
			path, err := absolute(name, elsewhere)
			if err == nil && !elsewhere {
				err = g.look(path)
			}
			if err != nil {
				return nil, fmt.Errorf("--%s: %w", g.flag, err)
			}
			*g.list = append(*g.list, rules.Path{Name: path})
		}
	}
	if err := wide.Check(); err != nil {
		return nil, err
	}
	return &wide, nil
}

// absolute gives a path's one spelling. The working directory's is the
// kernel's: $PWD may lead through symbolic links.
func absolute(name string, elsewhere bool) (string, error) {
	switch {
	case name == "":
		return "", errors.New("an empty path")
	case filepath.IsAbs(name):
		return filepath.Clean(name), nil
	case elsewhere:
		return "", fmt.Errorf("%s: with --root a path is absolute there", name)
	}
	dir, err := unix.Getwd()
	if err != nil {
		return "", os.NewSyscallError("getcwd", err)
	}
	return filepath.Join(dir, name), nil
}

// exists, plainPath and plainDir look at what a grant names and leave it as it
// is. The grant itself looks again, at the launch.
func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

// plainPath refuses symbolic links on the way of what may be written, as the
// launch does, and names the place that they lead to.
func plainPath(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err == nil && real != path {
		return fmt.Errorf("%s: what may be written is granted by its own path, without symbolic links: %s", path, real)
	}
	return err
}

func plainDir(path string) error {
	if err := plainPath(path); err != nil {
		return err
	}
	st, err := os.Stat(path)
	if err == nil && !st.IsDir() {
		return &os.PathError{Op: "create below", Path: path, Err: syscall.ENOTDIR}
	}
	return err
}

// warn says what deserves a second look in what the flags add to a policy.
func (f *grantFlags) warn(p, wide *rules.Policy) {
	if len(f.write)+len(f.create) == 0 {
		return
	}
	before := p.Warnings()
	for _, w := range wide.Warnings() {
		if !slices.Contains(before, w) {
			say("warning: " + strings.TrimPrefix(w, p.Source+": "))
		}
	}
}
