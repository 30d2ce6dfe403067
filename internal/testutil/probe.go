package testutil

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// probes hold how each need is tried.
var probes = map[Need]func() error{
	Ptrace:   probePtrace,
	Root:     probeRoot,
	UserNS:   func() error { return runTrue(&syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}) },
	Landlock: probeLandlock,
	I386:     probeI386,
	Seccomp:  probeSeccomp,
	Cgroup:   probeCgroup,

	CgroupMemory: probeController("memory", "memory.limit_in_bytes", "memory.max"),
	CgroupPids:   probeController("pids", "pids.max", "pids.max"),
	CgroupCPU:    probeController("cpu", "cpu.cfs_quota_us", "cpu.max"),

	GDB:      func() error { return commands("gdb", "gcore") },
	ElfUtils: func() error { return commands("eu-readelf") },
	Strace:   func() error { return commands("strace") },
	Chromium: func() error { return commands("chromium") },
	LLDB:     func() error { return commands("lldb") },
	Delve: func() error {
		_, err := Tool("dlv")
		return err
	},

	IOUring:  func() error { return faults(unix.SYS_IO_URING_SETUP, 1, 0) },
	Kcmp:     probeKcmp,
	Keys:     probeKeys,
	MQueue:   func() error { return exists("/proc/sys/fs/mqueue") },
	Rseq:     probeRseq,
	Terminal: func() error { return opens("/dev/ptmx") },
	VSock:    probeVSock,
	VSyscall: probeVSyscall,
	Xattr:    probeXattr,
}

func probe(need Need) error {
	try, known := probes[need]
	if !known {
		return fmt.Errorf("no such need as %q", need)
	}
	return try()
}

// runTrue starts the shortest of programs in the given way.
func runTrue(attr *syscall.SysProcAttr) error {
	path, err := exec.LookPath("true")
	if err != nil {
		return fmt.Errorf("find true: %w", err)
	}
	cmd := exec.Command(path)
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run true: %w", err)
	}
	return nil
}

// probePtrace starts a child that asks to be traced; a refusal fails the start.
func probePtrace() error {
	path, err := exec.LookPath("true")
	if err != nil {
		return fmt.Errorf("find true: %w", err)
	}
	cmd := exec.Command(path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a traced child: %w", err)
	}
	// It sits in the stop after its exec: Kill and Wait's error say nothing.
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return nil
}

func probeRoot() error {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("effective user id is %d", uid)
	}
	return runTrue(&syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
}

func probeLandlock() error {
	const version = 1 // LANDLOCK_CREATE_RULESET_VERSION
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version)
	if errno != 0 {
		return fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	if abi < 1 {
		return fmt.Errorf("landlock version %d", abi)
	}
	return nil
}

// faults makes a call whose pointer is null: EFAULT shows that the kernel
// has the call and grants it to us.
func faults(nr, a, b uintptr) error {
	_, _, errno := unix.Syscall(nr, a, b, 0)
	if errno == unix.EFAULT {
		return nil
	}
	if errno == 0 {
		return fmt.Errorf("call %d took a null pointer", nr)
	}
	return fmt.Errorf("call %d: %w", nr, errno)
}

func probeSeccomp() error {
	return faults(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
}

// elf32 is a whole i386 program: exit(0) by int 0x80.
var elf32 = []byte{
	0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 0x04, 0x08, 52, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08,
	0x5d, 0, 0, 0, 0x5d, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	0x31, 0xdb, 0x31, 0xc0, 0xb0, 0x01, 0xcd, 0x80, 0x90,
}

func probeI386() error {
	dir, err := os.MkdirTemp("", "warder-i386-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "exit0")
	if err := os.WriteFile(path, elf32, 0o700); err != nil {
		return fmt.Errorf("write an i386 program: %w", err)
	}
	for range 10 {
		err = exec.Command(path).Run()
		if !errors.Is(err, unix.ETXTBSY) { // a fork elsewhere held our descriptor
			break
		}
	}
	if err != nil {
		return fmt.Errorf("run an i386 program: %w", err)
	}
	return nil
}

func probeCgroup() error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read the mounts: %w", err)
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !strings.HasPrefix(after, "cgroup2 ") || len(fields) < 5 {
			continue
		}
		dir, err := os.MkdirTemp(fields[4], "warder-probe-")
		if err != nil {
			return fmt.Errorf("make a control group: %w", err)
		}
		defer func() { _ = unix.Rmdir(dir) }()
		return exists(filepath.Join(dir, "cgroup.kill"))
	}
	return errors.New("no version 2 control group is mounted")
}

func probeKcmp() error {
	const files = 2 // KCMP_FILES
	pid := uintptr(os.Getpid())
	if _, _, errno := unix.Syscall6(unix.SYS_KCMP, pid, pid, files, 0, 0, 0); errno != 0 {
		return fmt.Errorf("kcmp: %w", errno)
	}
	return nil
}

func probeKeys() error {
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	if err != nil {
		return fmt.Errorf("keyctl: %w", err)
	}
	return nil
}

func probeRseq() error {
	// Length 0 is EINVAL where the kernel knows the call.
	if _, _, errno := unix.Syscall6(unix.SYS_RSEQ, 0, 0, 0, 0, 0, 0); errno != unix.EINVAL {
		return fmt.Errorf("rseq: %w", errno)
	}
	return nil
}

func probeVSock() error {
	fd, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("vsock socket: %w", err)
	}
	return unix.Close(fd)
}

func probeVSyscall() error {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("read the memory map: %w", err)
	}
	for line := range bytes.Lines(maps) {
		if bytes.Contains(line, []byte("[vsyscall]")) && bytes.Contains(line, []byte("xp ")) {
			return nil
		}
	}
	return errors.New("the vsyscall page is not mapped")
}

func probeXattr() error {
	f, err := os.CreateTemp("", "warder-xattr-")
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	defer func() { _ = f.Close() }()
	if err := unix.Fsetxattr(int(f.Fd()), "user.warder", []byte("x"), 0); err != nil {
		return fmt.Errorf("setxattr: %w", err)
	}
	return nil
}

// commands looks for programs that tests start.
func commands(names ...string) error {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			return err
		}
	}
	return nil
}

// Tool builds a tool that internal/tools pins, where go's cache does not have
// it, and returns its path.
func Tool(name string) (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	cmd := exec.Command("go", "tool", "-modfile=internal/tools/tools.mod", "-n", name)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go tool %s: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(path)), nil
}

func exists(path string) error {
	_, err := os.Stat(path)
	return err
}

func opens(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
