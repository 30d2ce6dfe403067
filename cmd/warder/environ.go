package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// programPath is the PATH that a held program starts with.
const programPath = "PATH=/usr/local/bin:/usr/bin:/bin"

// programEnv is the held program's environment: a PATH, and what -E says.
// K=V sets, K copies from warder's own environment where it is set there; the
// last of a name wins.
func programEnv(entries []string) ([]string, error) {
	env := []string{programPath}
	for _, e := range entries {
		name, _, set := strings.Cut(e, "=")
		if name == "" || strings.ContainsRune(e, 0) {
			return nil, fmt.Errorf("--env %q: want NAME=VALUE, or NAME to copy it", e)
		}
		if !set {
			value, ok := os.LookupEnv(name)
			if !ok {
				continue
			}
			e = name + "=" + value
		}
		env = setVariable(env, name, e)
	}
	return env, nil
}

func setVariable(env []string, name, entry string) []string {
	for i := range env {
		if strings.HasPrefix(env[i], name+"=") {
			env[i] = entry
			return env
		}
	}
	return append(env, entry)
}

// fromEnvironment sets the flags that were not given from WARDER_* variables.
// Flags that widen what a program may do (read, exec, write, create, env, weaken) are not
// among names: a widened wall is to be seen on the command line.
func fromEnvironment(fs *pflag.FlagSet, names ...string) (set map[string]bool, err error) {
	set = make(map[string]bool)
	for _, name := range names {
		f := fs.Lookup(name)
		if f == nil || f.Changed {
			continue
		}
		variable := "WARDER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		value, ok := os.LookupEnv(variable)
		if !ok || value == "" {
			continue
		}
		if err := f.Value.Set(value); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		f.Changed, set[name] = true, true
	}
	return set, nil
}
