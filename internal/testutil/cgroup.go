package testutil

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// probeController finds a place where this process can make a group that the
// controller limits: below its own group in the controller's tree of version
// 1, or in version 2's tree at or above its own group, where the controller is
// on. That warder can switch it on is warder's to find out.
func probeController(name, file1, file2 string) func() error {
	return func() error {
		version, top, own, err := cgroupOf(name)
		if err != nil {
			return err
		}
		if version == 1 {
			return holds(own, file1)
		}
		for dir := own; ; dir = filepath.Dir(dir) {
			on, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
			if slices.Contains(strings.Fields(string(on)), name) {
				return holds(dir, file2)
			}
			if len(dir) <= len(top) {
				return fmt.Errorf("the %s controller is on for no group at or above %s", name, own)
			}
		}
	}
}

// holds makes a group in a directory to see whether it has a file.
func holds(dir, file string) error {
	dir, err := os.MkdirTemp(dir, "warder-probe-")
	if err != nil {
		return fmt.Errorf("make a control group: %w", err)
	}
	defer func() { _ = unix.Rmdir(dir) }()
	return unix.Access(filepath.Join(dir, file), unix.W_OK)
}

// cgroupOf finds the tree that has a controller, and this process's own group.
func cgroupOf(name string) (version int, top, own string, err error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return 0, "", "", fmt.Errorf("read the mounts: %w", err)
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, "", "", fmt.Errorf("read the control groups: %w", err)
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 3 {
			continue
		}
		at, wanted := 0, ""
		switch {
		case right[0] == "cgroup" && slices.Contains(strings.Split(right[2], ","), name):
			at, wanted = 1, name
		case right[0] == "cgroup2" && version == 0:
			at = 2
		default:
			continue
		}
		for group := range strings.Lines(string(groups)) {
			fields := strings.SplitN(strings.TrimSpace(group), ":", 3)
			if len(fields) == 3 && slices.Contains(strings.Split(fields[1], ","), wanted) {
				rest := strings.TrimPrefix(fields[2], strings.TrimSuffix(left[3], "/"))
				version, top, own = at, left[4], filepath.Join(left[4], rest)
			}
		}
		if version == 1 {
			return version, top, own, nil
		}
	}
	if version == 0 {
		err = errors.New("no control groups are mounted")
	}
	return version, top, own, err
}
