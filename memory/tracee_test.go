package memory

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"warder/internal/ptrace"
)

// layout is a program that lays out 16 pages, page i filled with 'A'+i:
//
//	2  ends with the string "the end"        3  unmapped
//	5  ends without a NUL                    6  unmapped
//	8  read-only                             10 no access
//	12 shared and read-only                  14, 15 hold the pattern across
//
// Its argument is a file that it maps and unlinks. It prints the address of
// page 0 and of the file's mapping.
const layout = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char **argv) {
	long ps = sysconf(_SC_PAGESIZE);
	char *b = mmap(0, 16 * ps, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 16; i++)
		memset(b + i * ps, 'A' + i, ps);
	memcpy(b + 3 * ps - 8, "the end", 8);
	strcpy(b + 100, "short");
	b[ps + 10] = 0;
	for (int i = 0; i < 8; i++)
		b[15 * ps - 4 + i] = 0x51 ^ i * 73;
	munmap(b + 3 * ps, ps);
	munmap(b + 6 * ps, ps);
	mprotect(b + 8 * ps, ps, PROT_READ);
	mprotect(b + 10 * ps, ps, PROT_NONE);
	mmap(b + 12 * ps, ps, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (ftruncate(fd, 3 * ps))
		return 1;
	char *f = mmap(0, 2 * ps, PROT_READ, MAP_PRIVATE, fd, ps);
	unlink(argv[1]);
	printf("%lx %lx\n", (long)b, (long)f);
	fflush(stdout);
	for (;;)
		pause();
}
`

const page = 4096

type tracee struct {
	pid        int
	base, file uint64
	path       string
}

// start runs layout and stops it, traced by the test's own OS thread, which
// is never unlocked: it ends with the test and takes the tracee with it.
func start(t testing.TB) *tracee {
	t.Helper()
	if os.Getpagesize() != page {
		t.Skip("the tests count in pages of 4 KiB")
	}
	runtime.LockOSThread()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "layout.c"), filepath.Join(dir, "layout")
	if err := os.WriteFile(source, []byte(layout), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-O1", "-o", program, source).CombinedOutput(); err != nil {
		missing(t, "gcc: %v\n%s", err, out)
	}
	tr := &tracee{path: filepath.Join(dir, "a file\nof two lines")}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tr.pid, err = syscall.ForkExec(program, []string{program, tr.path}, &syscall.ProcAttr{
		Env: []string{}, Files: []uintptr{0, w.Fd(), 2},
	})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.end)
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("the program did not come up:", err)
	}
	base, file, _ := strings.Cut(strings.TrimSpace(line), " ")
	tr.base, _ = strconv.ParseUint(base, 16, 64)
	tr.file, _ = strconv.ParseUint(file, 16, 64)

	if err := ptrace.Seize(tr.pid, unix.PTRACE_O_EXITKILL); err != nil {
		missing(t, "ptrace: %v", err)
	}
	if err := ptrace.Interrupt(tr.pid); err != nil {
		t.Fatal(err)
	}
	var status uint32
	for {
		_, err := ptrace.Wait(tr.pid, unix.WALL, &status, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			t.Fatal("wait:", err)
		}
	}
	if !unix.WaitStatus(status).Stopped() {
		t.Fatalf("wait status %#x", status)
	}
	return tr
}

func (tr *tracee) end() {
	syscall.Kill(tr.pid, syscall.SIGKILL)
	for {
		var status uint32
		_, err := ptrace.Wait(tr.pid, unix.WALL, &status, nil)
		ws := unix.WaitStatus(status)
		if err != unix.EINTR && (err != nil || ws.Exited() || ws.Signaled()) {
			return
		}
	}
}

// missing skips, but not where everything is promised to be there.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
