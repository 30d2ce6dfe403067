package learn

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"warder/abi"
	"warder/record/trace"
	"warder/rules"
)

// The lists of paths that a policy has, and what each grants.
const (
	readList = iota
	execList
	writeList
	createList
	lists
)

var listNames = [lists]string{"read", "exec", "write", "create"}

// file is what was seen of one file, or of a tree that stands for it.
type file struct {
	uses   [lists]*use // what for; nil for not
	looked *use        // it was there, and was not opened
	exact  bool        // its file system was asked for, which is another one's where only what is below is granted
}

// use is what a file was used for.
type use struct {
	count    uint64
	files    int      // that it stands for, where it is a directory instead of them
	why      string   // it is not the path that was seen
	hand     []string // comments that a person wrote
	optional bool     // it need not be there: it was said, and nothing else is known
}

// in is a file's use in a list, made if need be.
func (f *file) in(list int) *use {
	if f.uses[list] == nil {
		f.uses[list] = &use{}
	}
	return f.uses[list]
}

// onlyRead reports whether a file was read or looked at, and nothing else.
func (f *file) onlyRead() bool {
	return f.uses[execList] == nil && f.uses[writeList] == nil && f.uses[createList] == nil
}

// touch remembers the files of a call.
func (l *Learner) touch(p *process, e *trace.Event, c *rules.Case) error {
	needs, known := rules.FileNeeds(e.Name, &c.Call.Args)
	if !known { // openat2
		if flags, ok := howFlags(e); ok {
			args := c.Call.Args
			args[2] = flags
			needs, known = rules.FileNeeds("openat", &args)
		}
		if !known && e.Errno == "" {
			l.note("openat2: the trace does not show its flags, and so not what the file is opened for")
		}
	}
	if err := l.look(p, e, c, needs); err != nil {
		return err
	}
	if len(needs) == 0 || needsNoPath(e) {
		return nil
	}
	for _, n := range needs {
		name, ok := p.absolute(e, c, n.Arg)
		if !ok {
			if text := c.Paths[n.Arg]; text != "" {
				l.note("%s of %q: the directory that it starts from is not known (--dir says it)", e.Name, text)
			} else if e.Name != "execveat" {
				l.note("%s: the trace does not show its path", e.Name)
			}
			continue
		}
		if strings.ContainsRune(name, '\ufffd') {
			l.note("%s of %q: a name that is not UTF-8", e.Name, name)
			continue
		}
		if err := l.need(e, name, n); err != nil {
			return err
		}
		if e.Name == "execve" || e.Name == "execveat" {
			l.program(name)
		}
	}
	switch e.Name {
	case "mknod", "mknodat":
		const typeMask, regular = 0o170000, 0o100000
		if kind := c.Call.Args[map[string]int{"mknod": 1, "mknodat": 2}[e.Name]] & typeMask; kind != 0 && kind != regular && e.Errno == "" {
			l.note("%s: no path lets devices, sockets or named pipes be made", e.Name)
		}
	}
	return nil
}

// absent are errors of calls whose path leads nowhere.
var absent = []string{"ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG", "EFAULT", "ENOSYS"}

// look remembers paths that were there and that Landlock is not asked about:
// a held program sees what its policy names and nothing else, where its root
// is made of that. What was refused stays away.
func (l *Learner) look(p *process, e *trace.Event, c *rules.Case, needs []rules.FileNeed) error {
	if slices.Contains(absent, e.Errno) || e.Errno == "EACCES" || e.Errno == "EPERM" {
		return nil
	}
	sig, _ := l.arch.Lookup(e.Name)
	for i := range sig.Args {
		asked := slices.ContainsFunc(needs, func(n rules.FileNeed) bool { return n.Arg == i })
		// A symbolic link's text is no path yet.
		if sig.Args[i].Kind != abi.Path || asked && !needsNoPath(e) || strings.HasPrefix(e.Name, "symlink") && i == 0 {
			continue
		}
		if name, ok := p.absolute(e, c, i); ok && !strings.ContainsRune(name, '\ufffd') {
			f, err := l.file(name, e)
			if err != nil {
				return err
			}
			if f != nil {
				if f.looked == nil {
					f.looked = &use{}
				}
				f.looked.count++
				f.exact = f.exact || e.Name == "statfs"
			}
		}
	}
	return nil
}

// howFlags reads the flags of openat2 from a trace's text.
func howFlags(e *trace.Event) (uint64, bool) {
	for i := range e.Args {
		if e.Args[i].Name == "how" {
			return textFlags(e.Args[i].Text, "flags=")
		}
	}
	return 0, false
}

// special are trees whose files are no files of a directory: making one there
// is opening what is there.
var special = []string{"/dev", "/proc", "/sys"}

// need grants what a call needs.
func (l *Learner) need(e *trace.Event, name string, n rules.FileNeed) error {
	if n.Create {
		if n.Missing && slices.ContainsFunc(special, func(tree string) bool { return inside(name, tree) }) {
			return l.grant(name, n.Access, e)
		}
		if e.Errno == "" && len(l.made) < maxPaths {
			l.made[name] = true
		}
		return l.grant(path.Dir(name), rules.MayCreate, e)
	}
	return l.grant(name, n.Access, e)
}

func (l *Learner) grant(name string, access rules.Access, e *trace.Event) error {
	if access&(rules.MayWrite|rules.MayCreate) != 0 && l.opt.Resolve != nil {
		name = path.Clean(l.opt.Resolve(name))
	}
	f, err := l.file(name, e)
	if f == nil {
		return err
	}
	for list, bit := range [lists]rules.Access{readList: rules.MayRead, execList: rules.MayExecute, writeList: rules.MayWrite, createList: rules.MayCreate} {
		if access&bit != 0 {
			u := f.in(list)
			u.count++
			if f == l.files["/proc"] {
				u.why = procComment
			}
		}
	}
	return nil
}

// file finds what is known of a file, nil for one that no policy can name.
func (l *Learner) file(name string, e *trace.Event) (*file, error) {
	// A process's own directory is not there before the process is.
	if rest, ok := strings.CutPrefix(name, "/proc/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		if id == "self" || id == "thread-self" || strings.Trim(id, "0123456789") == "" {
			name = "/proc"
		}
	}
	if strings.HasPrefix(name, "/dev/fd/") || name == "/dev/stdin" || name == "/dev/stdout" || name == "/dev/stderr" {
		l.note("%s of %s: what it leads to is not known", e.Name, name)
		return nil, nil
	}
	f := l.files[name]
	if f == nil {
		if len(l.files) == maxPaths {
			return nil, errPaths
		}
		f = &file{}
		l.files[name] = f
	}
	return f, nil
}

// trees are the files as the lists of a policy, each without what another one
// grants.
func (l *Learner) trees() [lists]map[string]*use {
	files := maps.Clone(l.files)
	l.interpreters(files)
	if l.opt.Generalise > 0 {
		generalise(files, l.opt.Generalise)
	}
	names := slices.Sorted(maps.Keys(files))
	var out [lists]map[string]*use
	for list := range out {
		out[list] = map[string]*use{}
	}
	put := func(name string, list int, u *use, covers ...int) {
		for _, other := range covers {
			for dir := name; ; dir = path.Dir(dir) {
				if tree := out[other][dir]; tree != nil {
					if other == list {
						tree.count += u.count
					}
					return
				}
				if dir == "/" {
					break
				}
			}
		}
		g := *u
		out[list][name] = &g
	}
	// Names are in order, so that a tree comes before what is in it; and the
	// lists that grant the most come first.
	for _, list := range [...]struct {
		list   int
		covers []int
	}{
		{createList, []int{createList}},
		{execList, []int{execList}},
		{readList, []int{createList, execList, readList}},
		{writeList, []int{createList, writeList}},
	} {
		uses := map[string]*use{}
		for _, name := range names {
			u := files[name].uses[list.list]
			if u == nil {
				continue
			}
			if list.list == execList && l.made[name] { // it is not there when the policy is put up
				name = path.Dir(name)
				u = &use{count: u.count, why: "the program makes what it executes"}
			}
			if old := uses[name]; old != nil {
				sum := *old
				sum.count += u.count
				u = &sum
			}
			uses[name] = u
		}
		for _, name := range slices.Sorted(maps.Keys(uses)) {
			put(name, list.list, uses[name], list.covers...)
		}
	}
	// What was only looked at is seen where something below it is granted.
	var granted []string
	for _, list := range out {
		granted = append(granted, slices.Collect(maps.Keys(list))...)
	}
	slices.Sort(granted)
	for _, name := range names {
		f := files[name]
		if f.looked == nil || f.uses != [lists]*use{} || name == "/" {
			continue
		}
		at, _ := slices.BinarySearch(granted, name+"/")
		if at < len(granted) && strings.HasPrefix(granted[at], name+"/") && !f.exact {
			continue
		}
		u := *f.looked
		u.why = lookedComment
		put(name, readList, &u, createList, execList, writeList, readList)
	}
	return out
}

// loaders are those that profiles know.
var loaders = []string{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"}

// interpreters adds what is executed with programs.
func (l *Learner) interpreters(files map[string]*file) {
	add := func(name, why string) {
		f := file{}
		if old := files[name]; old != nil {
			f = *old
		}
		u := f.uses[execList]
		if u == nil {
			u = &use{}
		}
		w := *u
		w.why = cmp.Or(w.why, why)
		f.uses[execList] = &w
		files[name] = &f
	}
	if l.opt.Interpreters == nil {
		for _, name := range loaders {
			add(name, loaderComment)
		}
		return
	}
	for _, program := range l.programs {
		for _, name := range l.opt.Interpreters(program) {
			add(path.Clean(name), runsComment+program)
		}
	}
}

// generalise puts directories in the place of files that were read in them,
// where there are so many.
func generalise(files map[string]*file, threshold int) {
	in := map[string][]string{}
	for name, f := range files {
		if f.onlyRead() && path.Dir(name) != "/" {
			in[path.Dir(name)] = append(in[path.Dir(name)], name)
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(in)) {
		if len(in[dir]) < threshold {
			continue
		}
		var tree file
		if old := files[dir]; old != nil {
			tree = *old
		}
		u := use{}
		if old := tree.uses[readList]; old != nil {
			u = *old
		}
		for _, name := range in[dir] {
			f := files[name]
			if f == nil {
				continue // a directory of which this is done
			}
			for _, w := range [...]*use{f.uses[readList], f.looked} {
				if w != nil {
					u.count += w.count
				}
			}
			u.files++
			delete(files, name)
		}
		tree.uses[readList] = &u
		files[dir] = &tree
	}
}
