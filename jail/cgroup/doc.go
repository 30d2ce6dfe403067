// Package cgroup makes control groups for held sessions: it limits what the
// processes of a session use together, counts it, and ends them all.
//
// A limit of one process (setrlimit) is a limit of each of its children again;
// a group's limit is one for all of them, with the page cache, the pipes and
// the page tables that they make the kernel hold.
//
//	g, err := cgroup.New()
//	err = g.Limit(cgroup.Limits{Memory: 256 << 20, Processes: 64, CPUs: cgroup.NoLimit})
//	// start a process in it: SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD()}
//	// where FD is not negative, otherwise g.Add(pid) before it does anything
//	stats, err := g.Stats()
//	err = errors.Join(g.Kill(), g.Close())
//
// A group outlives its sessions: between two of them, Reset and Limit.
//
// # Where groups are made
//
// Version 1 has a tree of groups for each controller: a group is then a
// directory of one name in each of the trees of memory, pids and cpu, below
// the process's own group there, so that what bounds this process bounds its
// sessions too. Where a version 2 tree is mounted beside them (systemd's
// "hybrid" layout) it has one more there: even without controllers it gives
// cgroup.kill and CPU times.
//
// Version 2 has one tree, and a group that holds processes cannot hand
// controllers to its children ("no internal process constraint",
// Documentation/admin-guide/cgroup-v2.rst). This process is in its own group,
// so unless that is the root a limited group can only be made higher up.
// Nothing that runs is moved. The groups above are looked at, nearest first:
// one will do where this process may make a group, no process is in it, and
// controllers are on (cgroup.subtree_control) or can be switched on, which is
// the one thing that is changed outside of this package's own directories.
// A group that bounds memory, CPU time or the like is not climbed out of, for
// sessions would escape what the operator set: a service of systemd that is
// bounded needs Delegate=yes and DelegateSubgroup=. (The number of tasks does
// not count. systemd bounds it for every unit.)
//
// In each tree there is one directory, warder (warder-UID for other users
// than root), with a directory for each group. It goes with the last group.
//
// # Who owns a group
//
// A group's directories are held open with an flock(2) on each, which ends
// with the process however it ends, is seen from every pid and mount
// namespace, and cannot be confused by a pid that is used again. Sweep removes
// groups whose lock nobody holds. Descriptors of a group therefore must not
// reach another program: they close on exec.
//
// # Limits
//
// The first Add after a while takes 7 to 25 ms, in which the kernel waits for
// all processors (an RCU grace period of cgroup_threadgroup_rwsem), however
// many trees there are; further ones 0.1 ms a tree. To be born in a group
// costs nothing: by FD on version 2, on either by a parent that is in it.
//
// Memory that a process used before Add stays charged where it was. Pages of
// files stay charged to the group after a session; they are given back when
// they are wanted, but count in Memory and Peak.
//
// The kernel charges memory in batches of up to 64 pages a processor, so
// figures are that coarse (cgroup-v1/memory.rst, 5.5). Without memory.swap.max
// or memory.memsw.limit_in_bytes, a limit bounds memory but not swap.
//
// Sweep sees the groups below the place that this process would use itself,
// not those of a supervisor that ran elsewhere in the tree. A supervisor that
// changes its own group after Probe is not noticed. Stale looks in less places.
//
// Real-time processes cannot be added on version 1 where the kernel has
// CONFIG_RT_GROUP_SCHED: a new group has no real-time budget
// (scheduler/sched-rt-group.rst).
//
// opencontainers/cgroups does more, and less: in 0.1.0 its packages fs and fs2
// link seven more modules, D-Bus, systemd's and a logger among them, 1 MB and
// 0.1 to 0.3 ms of each start of a program; it has no locks and no sweep,
// resets no counters, and on version 1 kills nothing.
package cgroup
