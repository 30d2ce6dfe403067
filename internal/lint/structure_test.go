package lint_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Name string
	Standard              bool
	Imports, Deps         []string
	GoFiles, CgoFiles     []string
	IgnoredGoFiles        []string // other architectures, and build tags
	TestGoFiles           []string
	XTestGoFiles          []string
	Error                 *struct{ Err string }

	short string // ImportPath without the module's path
}

func goList(t *testing.T, args ...string) []*listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json"}, args...)...)
	cmd.Dir = root(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.Bytes())
	}
	var list []*listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &listed{}
		err := dec.Decode(p)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("go list %v: %v", args, err)
		}
		list = append(list, p)
	}
}

// root is the directory of go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// module is the module's path: the first line of go.mod, wherever it moves.
func module(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	name, ok := strings.CutPrefix(line, "module ")
	if !ok {
		t.Fatalf("go.mod begins with %q", line)
	}
	return strings.TrimSpace(name)
}

// packages lists the repository's packages.
func packages(t *testing.T) []*listed {
	t.Helper()
	prefix := module(t) + "/"
	list := goList(t, "./...")
	for _, p := range list {
		p.short = strings.TrimPrefix(p.ImportPath, prefix)
	}
	return list
}

// source is one parsed file.
type source struct {
	pkg  *listed
	name string // "tracer/worker.go"
	test bool
	fset *token.FileSet
	ast  *ast.File
	text []byte
}

func (s *source) at(p token.Pos) string { return s.name + ":" + strconv.Itoa(s.fset.Position(p).Line) }

// sources parses every file, those of other architectures included.
func sources(t *testing.T, list []*listed) []*source {
	t.Helper()
	var all []*source
	for _, p := range list {
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, &source{p, path.Join(p.short, name), strings.HasSuffix(name, "_test.go"), fset, file, text})
		}
	}
	return all
}

func imported(s *ast.ImportSpec) string {
	name, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return s.Path.Value
	}
	return name
}

// in reports whether a package is among patterns.
func in(pkg string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		tree, ok := strings.CutSuffix(p, "/...")
		return p == anything || p == pkg || ok && strings.HasPrefix(pkg+"/", tree+"/")
	})
}

// scratch reports whether a command is not part of the repository's picture:
// other commands than warder are wiring and may import anything.
func scratch(pkg string) bool { return strings.HasPrefix(pkg, "cmd/") }

func TestImports(t *testing.T) {
	list := packages(t)
	prefix := module(t) + "/"
	for _, p := range list {
		if p.Error != nil {
			t.Logf("%s: %s", p.ImportPath, p.Error.Err) // the compiler will say so, too
		}
		if _, known := imports[p.short]; !known && !scratch(p.short) {
			t.Errorf("%s is not in the table of imports: give it a place in table_test.go and in docs/architecture.md", p.short)
		}
	}
	for _, s := range sources(t, list) {
		if s.test {
			continue
		}
		allowed := imports[s.pkg.short]
		if scratch(s.pkg.short) {
			allowed = []string{anything}
		}
		for _, spec := range s.ast.Imports {
			target, ours := strings.CutPrefix(imported(spec), prefix)
			if ours && !in(target, allowed) {
				t.Errorf("%s: %s may not import %s", s.at(spec.Pos()), s.pkg.short, target)
			}
			if ours && in(target, forTests) && !in(s.pkg.short, forTests) {
				t.Errorf("%s: %s is for tests", s.at(spec.Pos()), target)
			}
		}
	}
}

// TestPure shows that the tables and pure functions never reach the kernel:
// what they import, and what that imports, has no system call of Linux's.
func TestPure(t *testing.T) {
	prefix := module(t) + "/"
	var args []string
	for _, name := range pure {
		args = append(args, "./"+name)
	}
	for _, p := range goList(t, args...) {
		for _, dep := range p.Deps {
			short, ours := strings.CutPrefix(dep, prefix)
			if ours && !slices.Contains(pure, short) || strings.HasPrefix(dep, "golang.org/x/sys") {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
}

func TestHomes(t *testing.T) {
	for _, s := range sources(t, packages(t)) {
		if s.test {
			continue
		}
		for _, spec := range s.ast.Imports {
			name := imported(spec)
			if name == "unsafe" && !strings.HasSuffix(s.name, "_unsafe.go") {
				t.Errorf("%s: unsafe belongs in a file named *_unsafe.go", s.at(spec.Pos()))
			}
			for _, h := range importHomes {
				if (name == h.what || strings.HasPrefix(name, h.what+"/")) && !in(s.pkg.short, h.packages) {
					t.Errorf("%s: import of %s outside its home (%s)", s.at(spec.Pos()), name, h.why)
				}
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			name := called(call)
			for _, h := range callHomes {
				if name == h.what && !in(s.pkg.short, h.packages) {
					t.Errorf("%s: %s outside its home (%s)", s.at(call.Pos()), name, h.why)
				}
			}
			if name == "runtime.LockOSThread" && s.pkg.short == "tracer" && !slices.Contains(lockFiles, path.Base(s.name)) {
				t.Errorf("%s: in tracer only the worker locks its thread", s.at(call.Pos()))
			}
			return true
		})
	}
}

// called names the function of a call: "panic", "time.Sleep".
func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

// TestCommand shows what the command links: a short run starts with all of it.
// Package zap would bring net/http; the session logs through zapcore.
func TestCommand(t *testing.T) {
	for _, p := range goList(t, "-deps", "./cmd/warder") {
		if strings.HasPrefix(p.ImportPath, "github.com/prometheus/") {
			t.Errorf("cmd/warder depends on %s", p.ImportPath)
		}
		if !p.Standard && slices.Contains(p.Imports, "net/http") {
			t.Errorf("cmd/warder depends on net/http through %s", p.ImportPath)
		}
		if len(p.CgoFiles) > 0 && !p.Standard {
			t.Errorf("cmd/warder depends on cgo through %s", p.ImportPath)
		}
	}
}

func TestFiles(t *testing.T) {
	commented := map[string]bool{}
	all := sources(t, packages(t))
	for _, s := range all {
		base := path.Base(s.name)
		limit := maxLines
		if s.test {
			limit = maxTestLines
		}
		if n := bytes.Count(s.text, []byte("\n")); n > limit && !strings.HasPrefix(base, "z") {
			t.Errorf("%s has %d lines: the most is %d", s.name, n, limit)
		}
		if doc := s.ast.Doc; doc != nil && !s.test && !slices.Contains(s.pkg.IgnoredGoFiles, base) {
			commented[s.pkg.short] = true
			text, want := doc.Text(), "Package "+s.pkg.Name+" "
			if s.pkg.Name == "main" {
				want = "Command "
			}
			if !strings.HasPrefix(text, want) {
				t.Errorf("%s: the package comment begins with %q, not %q", s.name, firstLine(text), want)
			}
		}
		for _, group := range s.ast.Comments {
			for _, c := range group.List {
				for _, mark := range [...]string{"TO" + "DO", "FIX" + "ME", "XX" + "X"} {
					if slices.Contains(strings.FieldsFunc(c.Text, notLetter), mark) {
						t.Errorf("%s: %s in a comment: do it, or open an issue", s.at(c.Pos()), mark)
					}
				}
			}
		}
	}
	for _, s := range all {
		if !commented[s.pkg.short] && !s.test {
			t.Errorf("package %s has no package comment", s.pkg.short)
			commented[s.pkg.short] = true // once is enough
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func notLetter(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }
