package tracer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/rules"
)

// viewBases are where a view may be mounted in the stub's own namespace.
var viewBases = [...]string{"/mnt", "/media", "/srv", "/opt", "/boot", "/root", "/tmp", "/run", "/var", "/home", "/sys", "/proc"}

// view makes the plan of a root directory that holds what the policy grants
// and nothing else.
func (s *session) view() (*jail.View, error) {
	v := &jail.View{Links: make(map[string]string)}
	var pieces []jail.Piece
	grants := s.policy.Policy.Grants(rules.Loader)
	if sc := s.prog.script; sc != nil {
		grants = append(grants, rules.Grant{Path: rules.Path{Name: sc.name}, Access: rules.MayRead})
	}
	for _, g := range grants {
		piece, err := resolve(v, g.Name)
		if err != nil {
			if g.Optional && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil, err
		}
		piece.Writable = g.Access&(rules.MayWrite|rules.MayCreate) != 0
		pieces = append(pieces, piece)
	}
	// What lies in another piece is seen there; only what may be written in one
	// that may not is a mount of its own, over it.
	slices.SortStableFunc(pieces, func(a, b jail.Piece) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range pieces {
		covered := slices.ContainsFunc(v.Pieces, func(q jail.Piece) bool {
			return inside(p.Name, q.Name) && (q.Writable || !p.Writable)
		})
		if !covered {
			v.Pieces = append(v.Pieces, p)
		}
	}
	for name := range v.Links {
		if slices.ContainsFunc(v.Pieces, func(p jail.Piece) bool { return inside(name, p.Name) }) {
			delete(v.Links, name) // it is seen there
		}
	}
	for _, base := range viewBases {
		st, err := os.Lstat(base)
		if err == nil && st.IsDir() && !slices.ContainsFunc(v.Pieces, func(p jail.Piece) bool {
			return inside(p.Name, base) || inside(base, p.Name)
		}) {
			v.Base = base
			return v, nil
		}
	}
	return nil, errors.New("no directory that the policy does not name to mount it over")
}

// inside reports whether name is tree or lies in it.
func inside(name, tree string) bool {
	return name == tree || strings.HasPrefix(name, strings.TrimSuffix(tree, "/")+"/")
}

// resolve follows the symbolic links in an absolute name, notes each in v, and
// gives the piece that the name leads to.
func resolve(v *jail.View, name string) (jail.Piece, error) {
	const maxLinks = 40 // the kernel's own (MAXSYMLINKS)
	done, rest := "/", strings.Split(filepath.Clean(name), "/")
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == "" {
			continue
		}
		at := filepath.Join(done, part)
		st, err := os.Lstat(at)
		if err != nil {
			return jail.Piece{}, err
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			done = at
			continue
		}
		target, err := os.Readlink(at)
		if err != nil {
			return jail.Piece{}, err
		}
		if links++; links > maxLinks {
			return jail.Piece{}, &fs.PathError{Op: "resolve", Path: name, Err: unix.ELOOP}
		}
		v.Links[at] = target
		if filepath.IsAbs(target) {
			done = "/"
		}
		// Clean takes ".." textually, and here every name before it is resolved.
		full := filepath.Join(done, target)
		done, rest = "/", append(strings.Split(full, "/"), rest...)
	}
	st, err := os.Stat(done)
	if err != nil {
		return jail.Piece{}, err
	}
	if done == "/" {
		return jail.Piece{}, fmt.Errorf("%s is the root directory itself", name)
	}
	return jail.Piece{
		Name: done, File: !st.IsDir(),
		Device: st.Mode()&fs.ModeDevice != 0 || inside(done, "/dev"),
	}, nil
}
