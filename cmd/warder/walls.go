package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"warder/tracer"
)

// wallFlags choose among the walls around a program.
type wallFlags struct {
	require, without []string
	root             string
	uid, gid         uint32
	ids              string
	set              *pflag.FlagSet
}

func (f *wallFlags) define(fs *pflag.FlagSet) {
	f.set = fs
	fs.StringSliceVar(&f.require, "require", nil, "do not run unless these `WALLS` stand (comma-separated; all: every one that there is): "+wallNames())
	fs.Uint32Var(&f.uid, "uid", 0, "user `ID` of the program; the default is one of its own")
	fs.Uint32Var(&f.gid, "gid", 0, "group `ID` of the program; the default is its user id")
	fs.StringVar(&f.ids, "ids", "", fmt.Sprintf("take the program's own user id from `FIRST-LAST`; the default is %d-%d", tracer.DefaultIDs.First, tracer.DefaultIDs.Last()))
	fs.StringVar(&f.root, "root", "", "root directory of the program: a `DIR` in which it, its interpreter and --dir are looked up, or empty, from its entry point on; the default is empty where the policy gives it nothing to open")
	fs.StringSliceVar(&f.without, "without", nil, "do not put up these `WALLS`: uid, landlock, root or a namespace")
}

func wallNames() string {
	names := ""
	for i, w := range tracer.Walls() {
		if i > 0 {
			names += ", "
		}
		names += string(w)
	}
	return names
}

// choose fills the configuration.
func (f *wallFlags) choose(cfg *tracer.Config) error {
	cfg.Root = f.root
	if err := f.chooseIDs(cfg); err != nil {
		return err
	}
	for _, name := range f.require {
		if name == "all" {
			for _, w := range tracer.Walls() {
				if w != tracer.WallUserNS { // a means to others, where root needs none
					cfg.Require = append(cfg.Require, w)
				}
			}
			continue
		}
		w, err := tracer.ParseWall(name)
		if err != nil {
			return fmt.Errorf("--require: %w", err)
		}
		cfg.Require = append(cfg.Require, w)
	}
	for _, name := range f.without {
		w, err := tracer.ParseWall(name)
		if err == nil && !w.Optional() {
			err = fmt.Errorf("%s is what holds a program, and cannot be done without", w)
		}
		if err != nil {
			return fmt.Errorf("--without: %w", err)
		}
		cfg.Without = append(cfg.Without, w)
	}
	return nil
}

// chooseIDs reads --ids, --uid and --gid. Who has the right to change ids by
// the file's capabilities and not as root may ask for held ids only: warder is
// no way to become somebody.
func (f *wallFlags) chooseIDs(cfg *tracer.Config) error {
	allowed := tracer.IDs{First: 1, Count: 1<<32 - 2}
	if os.Getuid() != 0 {
		allowed = tracer.DefaultIDs
	}
	for _, id := range [...]struct {
		flag string
		n    uint32
	}{{"uid", f.uid}, {"gid", f.gid}} {
		if f.set.Changed(id.flag) && !allowed.Contains(id.n) {
			return fmt.Errorf("--%s %d: want one of %d to %d", id.flag, id.n, allowed.First, allowed.Last())
		}
	}
	if os.Getuid() != 0 && f.gid != 0 && f.gid != f.uid {
		return fmt.Errorf("--gid %d: it may be another session's; leave it out, or be root", f.gid)
	}
	cfg.UID, cfg.GID = f.uid, f.gid
	if f.ids == "" {
		return nil
	}
	first, last, ok := strings.Cut(f.ids, "-")
	a, err1 := strconv.ParseUint(first, 10, 32)
	b, err2 := strconv.ParseUint(last, 10, 32)
	if !ok || err1 != nil || err2 != nil || b < a || b-a >= 1<<32-1 {
		return fmt.Errorf("--ids %q: want FIRST-LAST, two numbers", f.ids)
	}
	cfg.IDs = tracer.IDs{First: uint32(a), Count: uint32(b-a) + 1}
	if !allowed.Contains(uint32(a)) || !allowed.Contains(uint32(b)) {
		return fmt.Errorf("--ids %s: want them among %d to %d", f.ids, allowed.First, allowed.Last())
	}
	return nil
}
