package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
	"warder/rules"
	"warder/tracer"
)

// Codes of x86-64 for warder code's caller.
var (
	returnZero = []byte{0x31, 0xc0, 0xc3}                                  // xor eax, eax; ret
	askPID     = []byte{0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, 0x31, 0xc0, 0xc3} // getpid()
)

// tryEngine holds the least of programs under an engine, with a call that is
// refused under it, and says what it saw.
func tryEngine(e tracer.Engine) (string, error) {
	cfg := &tracer.Config{Once: true, Engine: e, Limits: tracer.Limits{CPU: time.Second, Wall: 5 * time.Second}}
	if e == tracer.Strict {
		return tryStrict(cfg)
	}
	file, err := probeProgram()
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(filepath.Dir(file))
	policy, err := rules.Parse("probe", []byte(probePolicy), rules.ParseOptions{})
	if err != nil {
		return "", err
	}
	cfg.Path, cfg.Policy = file, policy
	r, err := tracer.Run(context.Background(), cfg)
	switch {
	case err != nil:
		return "", err
	case r.Outcome != tracer.PolicyViolation:
		return "", fmt.Errorf("a refused call ended as %s %s", r.Outcome, r.Message)
	case e == tracer.Seccomp:
		return "holds a program; a refused call is stopped, and not named", nil
	case r.Violation.Call.Name != "getpid":
		return "", fmt.Errorf("a refused getpid was reported as %q", r.Violation.Call.Name)
	}
	return fmt.Sprintf("holds a program; a refused call is stopped and named; %d stops", r.Stops), nil
}

// probePolicy refuses one harmless call. Paths are unrestricted, so that a
// kernel without Landlock is not blamed on an engine.
const probePolicy = `name: probe
default: kill
paths: unrestricted
syscalls:
  - calls: [exit, exit_group]
    action: allow
`

func tryStrict(cfg *tracer.Config) (string, error) {
	r, err := tracer.RunCode(context.Background(), cfg, returnZero)
	if err != nil {
		return "", err
	}
	if !r.Returned {
		return "", fmt.Errorf("code that returns ended as %s %s", r.Outcome, r.Message)
	}
	if r, err = tracer.RunCode(context.Background(), cfg, askPID); err != nil {
		return "", err
	}
	if r.Outcome != tracer.PolicyViolation {
		return "", fmt.Errorf("a refused call ended as %s %s", r.Outcome, r.Message)
	}
	return "runs machine code; a refused call is stopped", nil
}

// probeELF is a static program for x86-64: getpid(), then exit_group(0).
func probeELF() []byte {
	return elfimage.Static(elf.EM_X86_64, 0x400000, []byte{
		0xb8, 0x27, 0, 0, 0, 0x0f, 0x05, // mov eax, 39; syscall
		0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05, // xor edi, edi; mov eax, 231; syscall
	})
}

// quietELF is a static program for x86-64: exit_group(0).
func quietELF() []byte {
	return elfimage.Static(elf.EM_X86_64, 0x400000, []byte{0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05})
}

// probeProgram writes it into a new directory.
func probeProgram() (string, error) {
	dir, err := os.MkdirTemp("", "warder-doctor-")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "probe")
	err = errors.Join(os.WriteFile(file, probeELF(), 0o755), os.Chmod(dir, 0o755), os.Chmod(file, 0o755))
	if err != nil {
		_ = os.RemoveAll(dir) // err says why there is nothing to probe with
		return "", err
	}
	return file, nil
}

// checkUserNamespaces starts a program in one.
func checkUserNamespaces() check {
	lack := ""
	path, err := probeProgram()
	if err != nil {
		lack = err.Error()
	} else {
		defer os.RemoveAll(filepath.Dir(path))
		cmd := exec.Command(path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
		if err := cmd.Run(); err != nil {
			lack = err.Error()
		}
	}
	for _, setting := range []string{"unprivileged_userns_clone", "apparmor_restrict_unprivileged_userns"} {
		if v, err := firstLine("/proc/sys/kernel/" + setting); err == nil && lack != "" {
			lack += fmt.Sprintf(" (%s is %s)", setting, v)
		}
	}
	return answer("user namespaces", false, "can be made", lack, "a jail of namespaces for users without privilege; nothing uses it yet")
}

// checkCgroup looks for a control group that warder may divide.
func checkCgroup() check {
	const name = "control groups"
	const cost = "memory is sampled, not charged: a burst between two samples is found at the end only"
	var fs unix.Statfs_t
	if err := unix.Statfs("/sys/fs/cgroup", &fs); err != nil {
		return answer(name, false, "", "/sys/fs/cgroup: "+err.Error(), cost)
	}
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return answer(name, false, "", err.Error(), cost)
	}
	var kinds, writable []string
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		dir, kind := "/sys/fs/cgroup/"+f[1]+f[2], "v1 "+f[1]
		if f[1] == "" {
			dir, kind = "/sys/fs/cgroup"+f[2], "v2"
			if int64(fs.Type) != unix.CGROUP2_SUPER_MAGIC {
				dir = "/sys/fs/cgroup/unified" + f[2]
			}
		}
		kinds = append(kinds, kind)
		if unix.Access(dir, unix.W_OK) == nil {
			writable = append(writable, kind)
		}
	}
	if len(writable) > 0 {
		return answer(name, false, "writable: "+strings.Join(writable, ", ")+"; not used yet", "", "")
	}
	return answer(name, false, "", "not writable: "+strings.Join(kinds, ", "), cost)
}
