package cgroup

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// mount is a mounted tree of control groups, as /proc/self/mountinfo has it
// (Documentation/filesystems/proc.rst, 3.5).
type mount struct {
	version int
	root    string // the group that is its top: "/", or less of the tree
	point   string
	options []string // of the superblock: for version 1, its controllers
}

// parseMounts picks the control groups from a mountinfo. A line is
//
//	36 35 98:0 /root /point rw,noatime master:1 - type source rw,option
func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 3 {
			continue
		}
		m := mount{root: unescape(left[3]), point: unescape(left[4]), options: strings.Split(right[2], ",")}
		switch right[0] {
		case "cgroup":
			m.version = 1
		case "cgroup2":
			m.version = 2
		default:
			continue
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescape undoes the octal escapes of space, tab, newline and backslash.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// parseOwn reads /proc/self/cgroup (cgroups(7)): the path of this process's
// group for each controller of version 1, and for version 2 under "". A line
// is "4:cpu,cpuacct:/path" or "0::/path"; a path may hold colons.
func parseOwn(text string) map[string]string {
	own := map[string]string{}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for name := range strings.SplitSeq(fields[1], ",") {
			own[name] = fields[2]
		}
	}
	return own
}

// has reports whether this is a tree of version 2 (controller "") or one of
// version 1 with the controller.
func (m *mount) has(controller string) bool {
	if controller == "" {
		return m.version == 2
	}
	return m.version == 1 && slices.Contains(m.options, controller)
}

// directory is where a group can be seen, if it is below this mount's top.
// Both paths are as this process's cgroup namespace shows them; what lies
// outside of that begins with "/..".
func (m *mount) directory(group string) (string, bool) {
	if strings.HasPrefix(group, "/..") || strings.HasPrefix(m.root, "/..") {
		return "", false
	}
	rest, ok := strings.CutPrefix(group, strings.TrimSuffix(m.root, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return path.Join(m.point, rest), true
}
