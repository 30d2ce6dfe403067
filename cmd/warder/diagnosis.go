package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"warder/jail"
	"warder/tracer"
)

// diagnose makes every check, in the order in which they are read.
func diagnose() []check {
	checks := []check{checkKernel(), checkMachine(), checkYama()}
	checks = append(checks, checkEngines()...)
	return append(checks, checkLandlock(), checkIDs(), checkUserNamespaces(), checkCgroup(),
		checkPidfd(), checkCorePattern(), checkTIOCSTI())
}

// answer makes a row: ok where lack is empty.
func answer(name string, essential bool, seen, lack, cost string) check {
	if lack == "" {
		return check{Name: name, State: fine, Detail: seen, Essential: essential}
	}
	return check{Name: name, State: missing, Detail: lack, Cost: cost, Essential: essential}
}

func checkKernel() check {
	v, lack := kernelVersion(), ""
	seen := fmt.Sprintf("Linux %d.%d", v[0], v[1])
	if v[0] < 5 || v[0] == 5 && v[1] < 14 {
		lack = seen + " is older than 5.14"
	}
	return answer("kernel", true, seen, lack, "warder is neither written for nor tested on it")
}

func checkMachine() check {
	seen, lack := fmt.Sprintf("%s, %d CPUs for warder", runtime.GOARCH, runtime.NumCPU()), ""
	if runtime.GOARCH != "amd64" {
		lack = runtime.GOARCH + ": only amd64 can hold programs so far"
	}
	return answer("machine", true, seen, lack, "policies can be checked here, programs not run")
}

// checkYama reads Documentation/admin-guide/LSM/Yama.rst's one setting.
func checkYama() check {
	const name = "Yama"
	text, err := firstLine("/proc/sys/kernel/yama/ptrace_scope")
	if err != nil {
		return check{Name: name, State: fine, Detail: "absent: no further restriction of ptrace"}
	}
	seen := "ptrace_scope " + text
	switch {
	case text == "3":
		return answer(name, true, "", seen+": nobody may trace", "every engine but seccomp, and strict's report of the call")
	case text == "2" && !capable(unix.CAP_SYS_PTRACE):
		return answer(name, true, "", seen+": tracing needs CAP_SYS_PTRACE", "every engine but seccomp, and strict's report of the call")
	}
	return check{Name: name, State: fine, Detail: seen + ": children may be traced"}
}

// checkEngines holds a program under each engine.
func checkEngines() []check {
	cost := map[tracer.Engine]string{
		tracer.Hybrid:  "the default engine; --engine ptrace or seccomp may still work",
		tracer.Ptrace:  "--engine ptrace",
		tracer.Seccomp: "--engine seccomp",
		tracer.Strict:  "--engine strict and warder code",
	}
	var out []check
	for _, e := range []tracer.Engine{tracer.Hybrid, tracer.Ptrace, tracer.Seccomp, tracer.Strict} {
		lack := ""
		seen, err := tryEngine(e)
		if err != nil {
			lack = err.Error()
		}
		out = append(out, answer("engine "+e.String(), e == tracer.Hybrid, seen, lack, cost[e]))
	}
	return out
}

func checkLandlock() check {
	abi := jail.LandlockABI()
	c := answer("Landlock", true, fmt.Sprintf("ABI %d", abi), "", "")
	lacks := [...]string{
		2: "truncation of files is not refused",
		3: "TCP is left to the policy's rules alone",
		4: "ioctl on devices is left to the policy's rules alone",
		5: "signals to, and abstract sockets of, other processes are left to the policy's rules and the own user id alone",
	}
	switch {
	case abi == 0:
		return answer("Landlock", true, "", "not offered (CONFIG_SECURITY_LANDLOCK, or lsm= without it)",
			"policies with path rules (compute, runtime) run only with --weaken=landlock, and may then read whatever file permissions allow")
	case abi < len(lacks):
		c.State, c.Cost = limited, strings.Join(lacks[max(abi, 2):], "; ") // each goes with the next ABI
	}
	return c
}

func checkIDs() check {
	lack := ""
	if !capable(unix.CAP_SETUID) || !capable(unix.CAP_SETGID) {
		lack = fmt.Sprintf("uid %d without CAP_SETUID and CAP_SETGID", os.Geteuid())
	} else if b, err := os.ReadFile("/proc/self/setgroups"); err == nil && strings.TrimSpace(string(b)) == "deny" {
		lack = "setgroups is denied in this user namespace"
	}
	return answer("own user id", false, "every session can have a user id of its own", lack,
		"programs run as this user: signals to its other processes are stopped by rules and Landlock only, and --processes counts its tasks at the start as well")
}

func checkPidfd() check {
	lack := ""
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		lack = "pidfd_open: " + err.Error()
	} else {
		unix.Close(fd)
	}
	return answer("pidfd", false, "pidfd_open works", lack, "budgets kill by process id")
}

// checkCorePattern looks for a crash handler: RLIMIT_CORE does not bound it.
func checkCorePattern() check {
	text, err := firstLine("/proc/sys/kernel/core_pattern")
	switch {
	case err != nil:
		return check{Name: "core dumps", State: limited, Detail: err.Error(), Cost: "whether crashes start a handler is not known"}
	case strings.HasPrefix(text, "|"):
		return check{
			Name: "core dumps", State: limited, Detail: "core_pattern is a pipe: " + text,
			Cost: "a held program that crashes may start this handler, outside warder and its budgets, though its core limit is 0",
		}
	}
	return check{Name: "core dumps", State: fine, Detail: "core_pattern is a file, and the held core limit is 0"}
}

func checkTIOCSTI() check {
	text, err := firstLine("/proc/sys/dev/tty/legacy_tiocsti")
	if err == nil && text == "0" {
		return check{Name: "TIOCSTI", State: fine, Detail: "off in this kernel"}
	}
	seen := "legacy_tiocsti " + text
	if err != nil {
		seen = "this kernel cannot switch it off"
	}
	return check{
		Name: "TIOCSTI", State: limited, Detail: seen,
		Cost: "typing into a terminal on standard input is stopped by the policy's ioctl rules and the own session only",
	}
}

// firstLine reads a setting in /proc.
func firstLine(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), nil
}

// capable reports whether warder has a capability.
func capable(capability int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&hdr, &data[0]) != nil {
		return false
	}
	return data[capability/32].Effective&(1<<(capability%32)) != 0
}
