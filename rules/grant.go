package rules

import (
	"fmt"
	"path"
	"strings"
)

// Access is what a policy lets a program do with what is at and below a path:
// a set.
type Access uint8

const (
	// MayRead opens files for reading and lists directories.
	MayRead Access = 1 << iota
	// MayExecute executes files.
	MayExecute
	// MayWrite opens files that are there for writing, and truncates them.
	MayWrite
	// MayCreate makes, removes, renames and links files and directories, and
	// makes symbolic links. Devices, sockets and named pipes are no files in
	// this sense: they lead to others.
	MayCreate
)

// Grant is one path of a policy with all that its key grants there.
type Grant struct {
	Path
	Access Access
}

// pathKeys are the keys of a policy that list paths, in the order in which
// policies are printed.
var pathKeys = [...]struct {
	name   string
	access Access
	what   string // for Explain
	list   func(*Policy) *[]Path
}{
	{"read", MayRead, "read", func(p *Policy) *[]Path { return &p.Read }},
	{"exec", MayRead | MayExecute, "read and execute", func(p *Policy) *[]Path { return &p.Exec }},
	{"write", MayWrite, "write and truncate", func(p *Policy) *[]Path { return &p.Write }},
	{"create", MayRead | MayWrite | MayCreate, "read, write, make, remove, rename and link", func(p *Policy) *[]Path { return &p.Create }},
}

// Grants lists what p grants in a stage: Loader for all that a launch grants,
// Main for what is left of it from the entry point on, without the paths whose
// Stage is Loader. AnyStage is as Loader. Where a path is listed several times
// its grants add up, as in the kernel.
func (p *Policy) Grants(stage Stage) []Grant {
	n := 0
	for i := range pathKeys {
		n += len(*pathKeys[i].list(p))
	}
	grants := make([]Grant, 0, n)
	for i := range pathKeys {
		k := &pathKeys[i]
		for _, g := range *k.list(p) {
			if stage != Main || g.Stage != Loader {
				grants = append(grants, Grant{g, k.access})
			}
		}
	}
	return grants
}

// StagedPaths reports whether Grants(Main) is less than Grants(Loader).
func (p *Policy) StagedPaths() bool {
	for i := range pathKeys {
		for _, g := range *pathKeys[i].list(p) {
			if g.Stage == Loader {
				return true
			}
		}
	}
	return false
}

// String gives the path as policies spell it in a list: with "?" behind an
// optional one.
func (g Path) String() string {
	if g.Optional {
		return g.Name + "?"
	}
	return g.Name
}

// grants reads the list of paths of one key.
func (d *document) grants(n *node, what string) []Path {
	var paths []Path
	for _, item := range d.list1(n, what) {
		g, at := Path{Line: item.line}, item
		if item.kind == mappingNode {
			fs := d.fields(item, "the path", "path", "stage")
			if at = fs.get("path"); at == nil {
				d.at(item, "an entry of %s names no path: {path: /usr/lib, stage: loader}", what)
				continue
			}
			if n := fs.get("stage"); n != nil {
				if g.Stage = d.stage(n); g.Stage == Main {
					d.at(n, "%s", noPathMain)
					g.Stage = AnyStage // said; Check need not say it again
				}
			}
		}
		text, ok := d.scalar(at, "a path of "+what)
		if !ok {
			continue
		}
		g.Name, g.Optional = strings.CutSuffix(text, "?")
		if msg := badPath(g.Name); msg != "" {
			d.at(at, "%s", msg)
			continue
		}
		paths = append(paths, g)
	}
	return paths
}

// A Landlock domain can be made tighter and never wider
// (Documentation/userspace-api/landlock.rst, "Ruleset layers").
const noPathMain = "a path cannot be for stage main alone: what is granted later must be granted from the start"

// paths reads the word that lets files alone.
func (d *document) paths(f field, all fields) {
	if text, ok := d.scalar(f.value, "paths"); !ok {
		return
	} else if text != "unrestricted" {
		d.at(f.value, "paths: %q is not known; the only word is unrestricted", text)
		return
	}
	d.policy.AnyPath = true
	for i := range pathKeys {
		if name := pathKeys[i].name; all.get(name) != nil {
			d.at(f.key, "paths: unrestricted contradicts %s: give one of them", name)
			d.policy.AnyPath = false // said; Check need not say it again
		}
	}
}

// checkPaths checks what grants say, and that they are not in vain.
func (p *Policy) checkPaths(ps *problems) {
	for i := range pathKeys {
		list := *pathKeys[i].list(p)
		if p.AnyPath && len(list) > 0 {
			ps.line(0, "paths are unrestricted, and yet %s lists some", pathKeys[i].name)
		}
		for _, g := range list {
			switch msg := badPath(g.Name); {
			case msg != "":
				ps.line(g.Line, "%s", msg)
			case strings.HasSuffix(g.Name, "?") && !g.Optional:
				// A document cannot say this: its ? means optional.
				ps.line(g.Line, "path %q ends in a question mark and is not optional", g.Name)
			case g.Stage == Main:
				ps.line(g.Line, "%s", noPathMain)
			case g.Stage > Main:
				ps.line(g.Line, "path %q: unknown stage %d", g.Name, g.Stage)
			}
		}
	}
}

// badPath says what is wrong with a path of a policy, or "". Landlock opens
// the path and a probe compares it as text, so each has one spelling.
func badPath(name string) string {
	switch {
	case !strings.HasPrefix(name, "/"):
		return fmt.Sprintf("path %q is not absolute", name)
	case len(name) >= 4096: // PATH_MAX, with the NUL
		return "a path of 4096 bytes or more"
	case !printable(name):
		return fmt.Sprintf("path %q has unprintable characters", name)
	case path.Clean(name) != name:
		return fmt.Sprintf("path %q must be written %q", name, path.Clean(name))
	}
	return ""
}

// within reports whether path is tree or below it.
func within(path, tree string) bool {
	return path == tree || tree == "/" || strings.HasPrefix(path, tree+"/")
}

// grants writes the lists of paths.
func (w *writer) grants(p *Policy) {
	for i := range pathKeys {
		list := *pathKeys[i].list(p)
		if len(list) > 0 {
			w.entry(0, pathKeys[i].name, "")
		}
		for _, g := range list {
			name := quote(g.String())
			if g.Stage != AnyStage {
				name = "{path: " + name + ", stage: " + g.Stage.String() + "}"
			}
			w.item(2, name)
		}
	}
	if p.AnyPath {
		w.entry(0, "paths", "unrestricted")
	}
}

// explainPaths has one placement for each key that lists paths.
func (p *Policy) explainPaths() []Placement {
	var out []Placement
	for i := range pathKeys {
		list := *pathKeys[i].list(p)
		if len(list) == 0 {
			continue
		}
		at := Placement{Line: list[0].Line, Action: Action{Kind: Allow}, Where: "Landlock, " + pathKeys[i].what, Cost: "at each open"}
		for _, g := range list {
			name := g.String()
			if g.Stage != AnyStage {
				name += " (stage: " + g.Stage.String() + ")"
			}
			at.Paths = append(at.Paths, name)
		}
		out = append(out, at)
	}
	return out
}
