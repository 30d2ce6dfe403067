package learn

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"warder/rules"
)

// listKeys are the keys whose items are learned.
var listKeys = []string{"read", "exec", "write", "create", "syscalls"}

// document is a policy's text that is merged into, apart.
type document struct {
	head     []string // comments before the first key
	sections []*section
	policy   *rules.Policy

	kept         map[string]bool // keys that a person wrote
	unrestricted bool
	hand         []*rules.Rule              // rules that a person wrote
	paths        map[string]map[string]bool // paths that a person wrote, by key
}

// section is a key with what belongs to it.
type section struct {
	key   string
	lead  []string // comments above it
	lines []string // the key and all below it
	first int      // the number of the first of lines
	items []string // what a person wrote of a list
	tail  []string // comments behind the last item
	depth int      // of items that a person wrote, where there are any
}

// item is one item of a list with the comments above it.
type item struct {
	comments, lines []string
	line            int // of the first of lines
}

var (
	keyLine   = lazily(`^([a-z]+):(.*)$`)
	countLine = lazily(`^# ([0-9]+) times?(?:: (.*?))?(?: \(([0-9A-Z, ]+)\))?$`)
	runsLine  = lazily(`^` + headLine + `, ([0-9]+) runs?(?:: (.*))?$`)
)

// lazily compiles an expression when it is first asked for: most runs of the
// command that has this package do not.
func lazily(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

func newDocument() *document {
	d := &document{kept: map[string]bool{}, paths: map[string]map[string]bool{}, policy: &rules.Policy{}}
	for _, key := range listKeys {
		d.paths[key] = map[string]bool{}
	}
	return d
}

// readDocument takes a policy's text apart.
func readDocument(source string, text []byte) (*document, error) {
	p, err := rules.Parse(source, text, rules.ParseOptions{})
	if err != nil {
		return nil, err
	}
	d := newDocument()
	d.policy, d.unrestricted = p, p.AnyPath
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	lines := strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	var above []string
	for i, line := range lines {
		switch m := keyLine().FindStringSubmatch(line); {
		case m != nil:
			s := &section{key: m[1], first: i + 1, lines: []string{line}, depth: usual}
			if len(d.sections) == 0 {
				d.head = above
			} else {
				s.lead = above
			}
			above = nil
			d.sections = append(d.sections, s)
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			above = append(above, line)
		case len(d.sections) == 0 || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "..."):
			return nil, &rules.ParseError{Source: source, Line: i + 1, Msg: "nothing can be merged into a policy of this form: warder policy show prints it in another"}
		default:
			s := d.sections[len(d.sections)-1]
			s.lines = append(append(s.lines, above...), line)
			above = nil
		}
	}
	if n := len(d.sections); n > 0 {
		d.sections[n-1].tail = above
	}
	return d, nil
}

// has reports whether the document has a key.
func (d *document) has(key string) bool {
	return slices.ContainsFunc(d.sections, func(s *section) bool { return s.key == key })
}

// section gives a key's part, an empty one where there is none.
func (d *document) section(key string) *section {
	for _, s := range d.sections {
		if s.key == key {
			return s
		}
	}
	return &section{key: key}
}

// list gives the items of a list in block style, nil where it is in another.
func (s *section) list() (items []item, ok bool) {
	_, value, _ := strings.Cut(s.lines[0], ":")
	if value = strings.TrimSpace(value); value != "" && !strings.HasPrefix(value, "#") {
		return nil, false
	}
	indent := -1
	var above []string
	for i, line := range s.lines[1:] {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text)
		switch {
		case strings.HasPrefix(text, "- ") && (indent < 0 || depth == indent):
			indent = depth
			items = append(items, item{comments: above, lines: []string{line}, line: s.first + 1 + i})
			above = nil
		case text == "" || strings.HasPrefix(text, "#") && (indent < 0 || depth <= indent):
			above = append(above, line)
		case len(items) == 0:
			return nil, false
		default:
			last := &items[len(items)-1]
			last.lines = append(append(last.lines, above...), line)
			above = nil
		}
	}
	s.tail = append(above, s.tail...)
	s.depth = indent
	return items, true
}

// usual is how deep items are written.
const usual = 2

// shifted gives items of the usual depth as deep as those that are kept: items
// of different depths are different lists.
func (s *section) shifted(lines ...string) []string {
	if len(s.items) == 0 || s.depth == usual {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Repeat(" ", s.depth) + strings.TrimPrefix(line, strings.Repeat(" ", usual))
	}
	return out
}

// count reads the comment above a learned item: how often, what else it says,
// and the errors.
func (it *item) count() (n uint64, rest, errs string, ok bool) {
	if len(it.comments) == 0 {
		return 0, "", "", false
	}
	m := countLine().FindStringSubmatch(strings.TrimSpace(it.comments[len(it.comments)-1]))
	if m == nil {
		return 0, "", "", false
	}
	if _, err := fmt.Sscanf(m[1], "%d", &n); err != nil {
		return 0, "", "", false
	}
	return n, m[2], m[3], true
}

// interpreter reads the comment above what is executed with a program.
func (it *item) interpreter() (text string, ok bool) {
	if len(it.comments) == 0 {
		return "", false
	}
	text, ok = strings.CutPrefix(strings.TrimSpace(it.comments[len(it.comments)-1]), "# ")
	return text, ok && (text == loaderComment || strings.HasPrefix(text, runsComment+"/"))
}

// says reports whether the comment above an item is one of ours.
func (it *item) says(comment string) bool {
	return len(it.comments) > 0 && strings.TrimSpace(it.comments[len(it.comments)-1]) == "# "+comment
}

// settles reports whether a rule that a person wrote decides every call of
// that name.
func (d *document) settles(call string) bool {
	var loader, main bool
	for _, r := range d.hand {
		if len(r.When) == 0 && len(r.Probe) == 0 && slices.Contains(r.Calls, call) {
			loader = loader || r.Stage != rules.Main
			main = main || r.Stage != rules.Loader
		}
	}
	return loader && main
}

// grants reports whether a person listed a path under a key.
func (d *document) grants(key, name string) bool { return d.paths[key][name] }
