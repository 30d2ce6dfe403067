package snapshot_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/testutil"
	"warder/snapshot"
)

// TestLiveNoRoom: where the file cannot be written the error says why, nothing
// is left, what was there is still there, and the program runs on.
func TestLiveNoRoom(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	fails := func(t *testing.T, dir string, want error, cfg snapshot.Config) {
		t.Helper()
		path := filepath.Join(dir, "core")
		if err := os.WriteFile(path, []byte("earlier"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := snapshot.Capture(context.Background(), tr, path, &cfg)
		var file *snapshot.FileError
		if !errors.Is(err, want) || !errors.As(err, &file) || file.Path != path {
			t.Errorf("%v; want %v", err, want)
		}
		if names, _ := os.ReadDir(dir); len(names) != 1 {
			t.Errorf("left behind: %v", names)
		}
		if b, err := os.ReadFile(path); string(b) != "earlier" {
			t.Errorf("the file that was there is %q, %v", b, err)
		}
		if tr.stopped != nil {
			t.Error("the process was left stopped")
		}
	}
	t.Run("limit", func(t *testing.T) {
		var old unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 100 << 10, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setrlimit(unix.RLIMIT_FSIZE, &old) }()
		fails(t, t.TempDir(), unix.EFBIG, snapshot.Config{})
		fails(t, t.TempDir(), unix.EFBIG, snapshot.Config{BufferMax: 1})
	})
	t.Run("space", func(t *testing.T) {
		testutil.Require(t, testutil.Root)
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Skip("mount:", err)
		}
		defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
		fails(t, dir, unix.ENOSPC, snapshot.Config{})
	})
	_, err := snapshot.Capture(context.Background(), tr, filepath.Join(t.TempDir(), "none", "core"), nil)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := snapshot.Capture(ctx, tr, filepath.Join(t.TempDir(), "core"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestLiveGone: a process that has ended.
func TestLiveGone(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	if _, err := tr.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(tr.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err := snapshot.Capture(context.Background(), tr, filepath.Join(dir, "core"), nil)
	if !errors.Is(err, unix.ESRCH) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestLiveNothingLeft: no capture, and no failure of one, leaves a descriptor
// or a thread of ours behind.
func TestLiveNothingLeft(t *testing.T) {
	tr := start(t, compile(t, "plain.c"))
	once := func(cfg snapshot.Config, name string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if _, err := snapshot.Capture(context.Background(), tr, path, &cfg); err != nil {
			t.Fatal(err)
		}
		c, err := snapshot.Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	once(snapshot.Config{}, "warm")
	before := testutil.TakeSnapshot()
	for range 5 {
		once(snapshot.Config{}, "core")
		once(snapshot.Config{}, "core.zst")
		once(snapshot.Config{Method: snapshot.PreCopy}, "core")
		watch := track(t, tr)
		once(snapshot.Config{Tracker: watch}, "core")
		once(snapshot.Config{Tracker: watch}, "core")
		if err := watch.Close(); err != nil {
			t.Error(err)
		}
		if _, err := snapshot.Capture(context.Background(), tr, "/proc/none", nil); err == nil {
			t.Error("a snapshot in /proc")
		}
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, []byte("\x28\xb5\x2f\xfd and so on"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := snapshot.Open(bad, nil); !errors.Is(err, snapshot.ErrFormat) {
			t.Errorf("%v", err)
		}
	}
	testutil.NoStrays(t, before)
}
