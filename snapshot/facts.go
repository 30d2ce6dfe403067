package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
	"warder/memory"
)

// Bounds of what a process can make long.
const (
	maxArgs        = 128 << 10 // bytes of the command line that are kept
	maxFact        = 8 << 10   // bytes of one text
	maxDescriptors = 1024
	maxNotes       = 100
)

// memoryThread returns the id of a thread of a process that has its memory:
// the process's own, unless the leader has ended before the others.
func memoryThread(pid int) int {
	if has(pid) {
		return pid
	}
	tids, err := procfs.ThreadIDs(pid)
	if err == nil {
		for _, tid := range tids {
			if has(tid) {
				return tid
			}
		}
	}
	return pid
}

func has(tid int) bool {
	var s procfs.Status
	return procfs.ReadStatus(tid, &s) == nil && s.VMSize > 0
}

// readSignals reads what of a process is asked for by ptrace, or wanted for it.
func readSignals(via, pid int, threads []Stopped) (Process, error) {
	p := Process{PID: pid, Facts: map[string]string{}}
	status, err := procfs.ReadFile(via, "status", 1<<20)
	if err != nil {
		return p, err
	}
	p.status(string(status))
	p.Signals.Pending, err = pendingOf(threads[0].TID, true)
	return p, err
}

// read reads what else all threads share, but for mappings and what takes
// injected calls. via is a thread that has the memory.
func (p *Process) read(via int, threads []Stopped) error {
	leader, err := readStat(via, p.PID)
	if err != nil {
		return err
	}
	p.Name = leader.name
	stat, err := readStat(via, via)
	if err != nil {
		return err
	}
	p.PPID, p.PGRP, p.Session = int(stat.number(4)), int(stat.number(5)), int(stat.number(6))
	p.Flags, p.Nice = stat.number(9), nice(stat)
	brk, rounded := p.Layout.Brk, p.Layout.BrkRounded // that the process said itself
	p.Layout = Layout{
		StartCode: stat.number(26), EndCode: stat.number(27), StartStack: stat.number(28),
		StartData: stat.number(45), EndData: stat.number(46), StartBrk: stat.number(47),
		ArgStart: stat.number(48), ArgEnd: stat.number(49), EnvStart: stat.number(50), EnvEnd: stat.number(51),
		Brk: brk, BrkRounded: rounded,
	}
	auxv, err := procfs.Auxv(via)
	if err != nil {
		return err
	}
	for _, a := range auxv {
		p.Auxv = append(p.Auxv, Aux{a.Key, a.Value})
	}
	if args, err := procfs.ReadFile(via, "cmdline", maxArgs); err == nil && len(args) > 0 {
		p.Args = strings.Split(strings.TrimSuffix(utf8(string(args)), "\x00"), "\x00")
	}
	for _, name := range [...]string{"personality", "limits", "timers", "cgroup", "oom_score_adj"} {
		if text, err := procfs.ReadFile(via, name, maxFact); err == nil {
			p.Facts[name] = utf8(strings.TrimSpace(string(text)))
		}
	}
	var children []string
	for _, t := range threads { // a child is its thread's
		if text, err := procfs.ReadFile(via, "task/"+strconv.Itoa(t.TID)+"/children", maxFact); err == nil {
			children = append(children, strings.Fields(string(text))...)
		}
	}
	p.Facts["children"] = strings.Join(children, " ")
	for _, name := range [...]string{"cwd", "root"} {
		if path, err := procfs.ReadLink(via, name); err == nil {
			p.Facts[name] = utf8(path)
		}
	}
	p.Exe = exeFile(via)
	return nil
}

func nice(s *stat) int {
	if 19-3 < len(s.fields) {
		n, _ := strconv.Atoi(s.fields[19-3])
		return n
	}
	return 0
}

// status takes what is wanted of /proc/<pid>/status.
func (p *Process) status(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "Uid":
			ids(value, &p.UIDs)
		case "Gid":
			ids(value, &p.GIDs)
		case "SigCgt":
			p.Signals.Caught, _ = strconv.ParseUint(value, 16, 64)
		case "SigIgn":
			p.Signals.Ignored, _ = strconv.ParseUint(value, 16, 64)
		case "Umask", "Groups", "CapEff", "NoNewPrivs", "Seccomp", "Seccomp_filters", "THP_enabled", "Cpus_allowed_list", "x86_Thread_features":
			p.Facts[strings.ToLower(key)] = utf8(value[:min(len(value), maxFact)])
		}
	}
}

func ids(s string, to *[4]int) {
	for i, f := range strings.Fields(s) {
		if i < len(to) {
			to[i], _ = strconv.Atoi(f)
		}
	}
}

// exeFile identifies the executable.
func exeFile(pid int) File {
	var f File
	if path, err := procfs.ReadLink(pid, "exe"); err == nil {
		path, f.Deleted = strings.CutSuffix(path, " (deleted)")
		f.Path = utf8(path)
	}
	if st, err := procfs.Statx(pid, "exe"); err == nil {
		f.identify(st)
	}
	return f
}

// device writes a device as maps does.
func device(major, minor uint32) string { return fmt.Sprintf("%02x:%02x", major, minor) }

func (f *File) identify(st *unix.Statx_t) {
	f.Dev, f.Inode = device(st.Dev_major, st.Dev_minor), st.Ino
	size, mtime := int64(st.Size), st.Mtime.Sec*1e9+int64(st.Mtime.Nsec)
	f.Size, f.MTime = &size, &mtime
}

// descriptors lists the open files. A file system is not asked about them:
// the program may be the one that serves it.
func descriptors(pid int, s *selection) []Descriptor {
	fds, err := procfs.Descriptors(pid)
	if err != nil {
		s.note("open files are unknown: %v", err)
		return nil
	}
	slices.Sort(fds)
	if len(fds) > maxDescriptors {
		s.note("%d open files: the first %d are listed", len(fds), maxDescriptors)
		fds = fds[:maxDescriptors]
	}
	list := make([]Descriptor, 0, len(fds))
	for _, fd := range fds {
		d := Descriptor{FD: fd}
		number := strconv.Itoa(fd)
		path, err := procfs.ReadLink(pid, "fd/"+number)
		if err != nil {
			continue // closed meanwhile, by a process that shares the table
		}
		d.Path = utf8(path)
		if text, err := procfs.ReadFile(pid, "fdinfo/"+number, 1<<20); err == nil {
			for line := range strings.Lines(string(text)) {
				key, value, _ := strings.Cut(line, ":")
				switch value = strings.TrimSpace(value); key {
				case "pos":
					d.Pos, _ = strconv.ParseInt(value, 10, 64)
				case "flags":
					d.Flags, _ = strconv.ParseUint(value, 8, 64)
				}
			}
		}
		d.identify(pid)
		list = append(list, d)
	}
	return list
}

// identify finds out which file it is, and of what kind.
func (d *Descriptor) identify(pid int) {
	d.Kind = "other"
	st, err := procfs.Statx(pid, "fd/"+strconv.Itoa(d.FD))
	if err != nil {
		return
	}
	d.Dev, d.Inode = device(st.Dev_major, st.Dev_minor), st.Ino
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		d.Kind = "file"
	case unix.S_IFDIR:
		d.Kind = "directory"
	case unix.S_IFCHR:
		d.Kind = "character"
	case unix.S_IFBLK:
		d.Kind = "block"
	case unix.S_IFIFO:
		d.Kind = "pipe"
	case unix.S_IFSOCK:
		d.Kind = "socket"
	}
}

// setBrk finds the program break, which /proc does not tell exactly.
func (l *Layout) setBrk(areas []area) {
	l.Brk, l.BrkRounded = l.StartBrk, true
	for i := range areas {
		if a := &areas[i]; a.Path == "[heap]" {
			l.Brk = max(l.Brk, a.End)
		}
	}
}

// mappings makes the state's mappings and files of areas and their pages;
// spans, over all of them, are in ascending order.
func mappings(pid int, areas []area, spans []span, increment bool) ([]Mapping, []File) {
	type key struct {
		dev     string
		inode   uint64
		path    string
		deleted bool
	}
	known := map[key]int{}
	var files []File
	query := openQuery(pid)
	defer query.Close()
	list := make([]Mapping, 0, len(areas))
	for i := range areas {
		a := &areas[i]
		m := Mapping{Start: a.Start, End: a.End, Perms: a.Perms.String(), Flags: a.flags, PKey: a.pkey}
		rest := a.rest()
		if increment && rest != Lost {
			rest = Same
		}
		m.Runs = runs(fill(within(spans, a.Start, a.End), a.Start, a.End, rest), uint64(pageSize))
		if !a.file() {
			m.Name = utf8(a.Path)
			list = append(list, m)
			continue
		}
		m.Offset = a.Offset
		k := key{a.Dev, a.Inode, a.Path, a.Deleted}
		if known[k] == 0 {
			f := File{Path: utf8(a.Path), Dev: a.Dev, Inode: a.Inode, Deleted: a.Deleted, BuildID: query.buildID(a.Start)}
			name := "map_files/" + strconv.FormatUint(a.Start, 16) + "-" + strconv.FormatUint(a.End, 16)
			if st, err := procfs.Statx(pid, name); err == nil {
				dev := f.Dev
				f.identify(st)
				f.Dev, f.Inode = dev, a.Inode // overlayfs shows another device in maps
			}
			files = append(files, f)
			known[k] = len(files)
		}
		m.File = known[k]
		list = append(list, m)
	}
	return list, files
}

// hashVDSO is the SHA-256 of the vDSO's bytes.
func hashVDSO(mem *memory.Space, areas []area) string {
	for i := range areas {
		a := &areas[i]
		if !a.vdso() || a.Size() > 1<<20 {
			continue
		}
		b := make([]byte, a.Size())
		if _, err := mem.ReadAt(b, int64(a.Start)); err == nil || errors.Is(err, unix.EFAULT) {
			return sha256Hex(b)
		}
	}
	return ""
}
