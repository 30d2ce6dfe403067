package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/abi"
	"warder/internal/guess"
	"warder/rules"
)

// loadPolicy gives a built-in profile by its name, or reads a file. A name
// with a slash or an extension is a file's; any other is a profile's first.
func loadPolicy(name string) (*rules.Policy, error) {
	source, text, err := policyText(name)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return rules.Profile(name)
	}
	return rules.Parse(source, text, rules.ParseOptions{Kernel: kernelVersion()})
}

// loadPolicyFor reads a policy as another architecture would.
func loadPolicyFor(name string, arch abi.Arch) (*rules.Policy, error) {
	source, text, err := policyText(name)
	if err == nil && text == nil {
		source = name + ".yaml"
		text, err = rules.ProfileText(name)
	}
	if err != nil {
		return nil, err
	}
	return rules.Parse(source, text, rules.ParseOptions{Kernel: kernelVersion(), Arch: arch})
}

// policyText finds the document that name means; a nil text is a profile.
func policyText(name string) (source string, text []byte, err error) {
	profiles := rules.ProfileNames()
	if slices.Contains(profiles, name) {
		return name, nil, nil
	}
	text, err = os.ReadFile(name)
	switch {
	case err == nil && text == nil:
		text = []byte{} // an empty file is a file
	case errors.Is(err, fs.ErrNotExist) && filepath.Ext(name) == "" && !strings.Contains(name, "/"):
		return "", nil, fmt.Errorf("no policy %q: neither a file nor a profile (%s)%s",
			name, strings.Join(profiles, ", "), guess.Hint(name, profiles))
	case err != nil:
		return "", nil, fmt.Errorf("policy: %w", err)
	}
	return name, text, nil
}

// kernelVersion is the running kernel's major and minor number, which OCI
// profiles may ask for; zero where it cannot be told.
func kernelVersion() [2]int {
	var u unix.Utsname
	var v [2]int
	if unix.Uname(&u) != nil {
		return v
	}
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &v[0], &v[1]); err != nil {
		return [2]int{}
	}
	return v
}
