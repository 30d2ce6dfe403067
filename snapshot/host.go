package snapshot

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// pageSize is that of this machine, in bytes.
var pageSize = os.Getpagesize()

// thisHost is what does not change while we run. The vDSO is the process's:
// it is not part of it.
var thisHost = sync.OnceValue(func() Host {
	h := Host{XSave: xsaveLayout()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		h.Release, h.Version = unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Version[:])
	}
	h.BootID = strings.TrimSpace(string(procFile("sys/kernel/random/boot_id", 64)))
	lines := bufio.NewScanner(bytes.NewReader(procFile("cpuinfo", 64<<10)))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if !ok { // an empty line ends the first CPU
			break
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "vendor_id", "CPU implementer":
			h.CPUVendor = value
		case "model name", "CPU part":
			h.CPUModel = value
		case "flags", "Features":
			h.CPUFlags = strings.Fields(value)
			slices.Sort(h.CPUFlags)
		}
	}
	return h
})

// thisArch is how State.Arch names the architecture that we run on.
const thisArch = runtime.GOARCH

// procFile reads the first max bytes of a file of /proc that is no process's,
// through the descriptor that a thread with another root still has.
func procFile(name string, max int) []byte {
	dir, err := procfs.Root()
	if err != nil {
		return nil
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	b := make([]byte, max)
	n := 0
	for n < max {
		m, err := unix.Read(fd, b[n:])
		if err == unix.EINTR {
			continue
		}
		if err != nil || m == 0 {
			break
		}
		n += m
	}
	return b[:n]
}
