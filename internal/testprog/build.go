package testprog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// staleAfter is how long an executable of an older source is kept.
const staleAfter = 7 * 24 * time.Hour

// source is one program to build: a C, C++, assembly or Rust file, or the
// directory of a Go program.
type source struct {
	name  string // of the executable
	path  string
	flags []string // for gcc and g++, before those of a "build:" line
}

// missingCompilerError says that a program cannot be built on this machine.
type missingCompilerError struct {
	compiler string
	err      error
}

func (e *missingCompilerError) Error() string {
	return fmt.Sprintf("testprog: compiler %s is missing: %v", e.compiler, e.err)
}

func (e *missingCompilerError) Unwrap() error { return e.err }

// building holds one lock for each executable, so that one process does not
// build it twice at a time. Two processes may: the last rename wins.
var building sync.Map

func build(src source) (string, error) {
	compiler, args, err := src.command()
	if err != nil {
		return "", err
	}
	tool, err := exec.LookPath(compiler)
	if err != nil {
		return "", &missingCompilerError{compiler, err}
	}
	dir, err := cacheDir()
	if err != nil {
		return "", err
	}
	key, err := src.key(tool, args)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, src.name+"-"+key)
	lock, _ := building.LoadOrStore(path, new(sync.Mutex))
	lock.(*sync.Mutex).Lock()
	defer lock.(*sync.Mutex).Unlock()
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return path, nil
	}

	// Compilers want a name that does not exist yet, so build in a directory.
	tmp, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", fmt.Errorf("testprog: make a build directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	out := filepath.Join(tmp, "out")
	cmd := exec.Command(tool, append([]string{"-o", out}, args...)...)
	if compiler == "go" {
		cmd.Args = append([]string{tool, "build", "-trimpath", "-buildvcs=false", "-o", out}, args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS=linux", "GOARCH=amd64")
	}
	cmd.Dir = filepath.Dir(src.path)
	if compiler == "go" {
		cmd.Dir = src.path
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("testprog: %s %s: %w\n%s", compiler, src.path, err, said.Bytes())
	}
	if err := os.Chmod(out, 0o755); err != nil {
		return "", fmt.Errorf("testprog: %w", err)
	}
	if err := os.Rename(out, path); err != nil {
		return "", fmt.Errorf("testprog: %w", err)
	}
	removeStale(path, src.name)
	return path, nil
}

// command is the compiler and its arguments, without the output's.
func (s source) command() (string, []string, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return "", nil, fmt.Errorf("testprog: %w", err)
	}
	if info.IsDir() {
		return "go", []string{"."}, nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return "", nil, fmt.Errorf("testprog: %w", err)
	}
	if filepath.Ext(s.path) == ".rs" {
		return "rustc", []string{"-O", "--edition=2021", s.path}, nil
	}
	// The file comes before the flags: libraries (-lm) count from there on.
	args := append([]string{s.path}, s.flags...)
	args = append(args, strings.Fields(headLine(text, "build"))...)
	if filepath.Ext(s.path) == ".cc" {
		return "g++", args, nil
	}
	return "gcc", args, nil
}

// key is the hash of all that makes the executable what it is.
func (s source) key(tool string, args []string) (string, error) {
	files := []string{s.path}
	if info, err := os.Stat(s.path); err == nil && info.IsDir() {
		files, err = filepath.Glob(filepath.Join(s.path, "*.go"))
		if err != nil {
			return "", fmt.Errorf("testprog: %w", err)
		}
	}
	headers, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), "*.h"))
	if err != nil {
		return "", fmt.Errorf("testprog: %w", err)
	}
	hash := sha256.New()
	for _, file := range append(files, headers...) {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("testprog: %w", err)
		}
		_, _ = fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(file), len(text), text)
	}
	for _, arg := range args {
		if arg != s.path { // two checkouts of one source share the executable
			_, _ = fmt.Fprintf(hash, "%q ", arg)
		}
	}
	if info, err := os.Stat(tool); err == nil {
		_, _ = fmt.Fprintf(hash, "%s %d %d", tool, info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(hash.Sum(nil))[:24], nil
}

// removeStale removes executables of the same program that are old.
func removeStale(keep, name string) {
	siblings, _ := filepath.Glob(filepath.Join(filepath.Dir(keep), name+"-*"))
	for _, path := range siblings {
		// Another program's name may begin with ours: the key has 24 digits.
		if path == keep || len(filepath.Base(path)) != len(name)+1+24 {
			continue
		}
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > staleAfter {
			_ = os.Remove(path)
		}
	}
}

// cacheDir is $WARDER_TESTPROG, or the user's cache directory if every user
// can reach it (root's mostly cannot be), or one below the temporary directory.
var cacheDir = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("WARDER_TESTPROG")
	if dir == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(cache, "warder-testprog")
		}
		if dir == "" || !reachable(dir) {
			dir = filepath.Join(os.TempDir(), fmt.Sprintf("warder-testprog-%d", os.Getuid()))
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("testprog: cache directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("testprog: cache directory: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("testprog: cache directory: %w", err)
	}
	// Below /tmp somebody else may have been there first: run nothing of theirs.
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() {
		return "", fmt.Errorf("testprog: cache directory %s is not ours", dir)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", fmt.Errorf("testprog: cache directory: %w", err)
	}
	return dir, nil
})

// reachable reports whether every directory above path, as far as it exists,
// can be passed by any user.
func reachable(path string) bool {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&1 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
