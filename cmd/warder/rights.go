package main

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/record"
)

// withRights are the subcommands that use what the binary's file may give to
// whoever executes it: capabilities, by make install-helper. All others begin
// anew without. Those that open other processes must: by the capabilities that
// warder run needs (CAP_SYS_PTRACE among them) a member of the group that may
// execute the file could take over any process of root's.
var withRights = []string{"run", "code", "doctor"}

// init runs on the program's first thread, locked to it, before there is a
// goroutine that could change places: rights are a thread's own.
func init() {
	if !fileGaveRights() || len(os.Args) > 1 && slices.Contains(withRights, os.Args[1]) {
		return
	}
	err := beginAnew()
	complain(fmt.Errorf("give up the rights of %s: %w", os.Args[0], err))
	os.Exit(record.StatusFailed)
}

// fileGaveRights reports whether this process got rights by its file that its
// user has not: the kernel marks such (AT_SECURE, getauxval(3)), and goes on
// marking it once they are given up.
func fileGaveRights() bool {
	const secure = 23
	vector, err := unix.Auxv()
	marked := err != nil || slices.ContainsFunc(vector, func(entry [2]uintptr) bool {
		return entry[0] == secure && entry[1] != 0
	})
	if !marked || os.Getuid() == 0 {
		return false
	}
	caps, err := jail.EffectiveCaps()
	return err != nil || caps != 0 || os.Geteuid() != os.Getuid() || os.Getegid() != os.Getgid()
}

// beginAnew executes this program as its user, without any of the file's
// rights. It returns only when that fails.
func beginAnew() error {
	gid, uid := os.Getgid(), os.Getuid()
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("setresgid: %w", err)
	}
	if err := syscall.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("setresuid: %w", err)
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	// Without this the file would give them again.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	return &os.PathError{Op: "execve", Path: self, Err: syscall.Exec(self, os.Args, os.Environ())}
}
