package bench

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
	"warder/internal/procfs"
)

// patience is how long a block of calls may take, in seconds, before the
// kernel ends its processes. Blocks are made to take a thousandth of that.
const patience = 60

// memoryFile makes a file in memory that any process may execute. Its
// descriptor is above those that a child is given, so that it is still there
// when the child's execve looks for it.
func memoryFile(name string, image []byte) (int, error) {
	low, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(low)
	const above = 64
	fd, err := unix.FcntlInt(uintptr(low), unix.F_DUPFD_CLOEXEC, above)
	if err != nil {
		return -1, fmt.Errorf("descriptor of %s: %w", name, err)
	}
	n, err := unix.Write(fd, image)
	if err == nil && n != len(image) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = unix.Fchmod(fd, 0o555) // held programs are somebody else's
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("write %s: %w", name, err)
	}
	return fd, nil
}

// meterFile is the meter's executable.
var meterFile = sync.OnceValues(func() (int, error) {
	if len(meterCode) == 0 {
		return -1, ErrNotSupported
	}
	image := elfimage.Static(meterMachine, meterText, meterCode, elfimage.Zeroed{Base: meterData, Size: meterSize})
	return memoryFile("warder-meter", image)
})

// codeAddress is where an offset of the meter's code is in its memory.
func codeAddress(offset int) uint64 {
	return meterText + elfimage.HeaderSize + 2*elfimage.SegmentSize + uint64(offset)
}

// clockOffset is where clock_gettime lies in the vDSO, which is the same image
// in every process.
var clockOffset = sync.OnceValues(func() (uint64, error) {
	entries, err := procfs.Auxv(os.Getpid())
	if err != nil {
		return 0, err
	}
	base, ok := procfs.AuxValue(entries, procfs.AtSysinfoEhdr)
	if !ok {
		return 0, errors.New("this kernel has no vDSO")
	}
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		return 0, err
	}
	defer mem.Close()
	// Headers, symbols and code are some thousand bytes; what is behind the
	// image cannot be read and ends it.
	const most = 64 << 10
	image := make([]byte, most)
	n := 0
	for ; n < most; n += 4096 {
		if _, err := mem.ReadAt(image[n:n+4096], int64(base)+int64(n)); err != nil {
			break
		}
	}
	file, err := elf.NewFile(bytes.NewReader(image[:n]))
	if err != nil {
		return 0, fmt.Errorf("vDSO: %w", err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, fmt.Errorf("vDSO: %w", err)
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" || s.Name == "__kernel_clock_gettime" {
			return s.Value, nil
		}
	}
	return 0, errors.New("the vDSO has no clock_gettime")
})

// clockOf is the address of clock_gettime in a process that has started.
func clockOf(pid int) (uint64, error) {
	offset, err := clockOffset()
	if err != nil {
		return 0, err
	}
	entries, err := procfs.Auxv(pid)
	if err != nil {
		return 0, err
	}
	base, ok := procfs.AuxValue(entries, procfs.AtSysinfoEhdr)
	if !ok {
		return 0, fmt.Errorf("process %d has no vDSO", pid)
	}
	return base + offset, nil
}

// meter is a process that walks a script.
type meter struct {
	script   *script
	cmd      *exec.Cmd
	to, from *os.File // its standard input, and its reports
	reaped   bool
	end      error // as Wait gave it
}

// startMeter starts a meter and gives it its script. Reports come from its
// standard output; files are its descriptors from 3 on. The context's end
// kills it. It is in a session of its own: a terminal's interrupt is for the
// one who measures, and not for what is measured.
func startMeter(ctx context.Context, s *script, files ...*os.File) (*meter, error) {
	fd, err := meterFile()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, fmt.Sprintf("/proc/self/fd/%d", fd))
	cmd.Args[0] = "warder-meter"
	cmd.Env = []string{}
	cmd.ExtraFiles = files
	return begin(cmd, s)
}

// begin starts a meter between two pipes.
func begin(cmd *exec.Cmd, s *script) (*meter, error) {
	image, err := s.image()
	if err != nil {
		return nil, err
	}
	stdin, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	from, stdout, err := os.Pipe()
	if err != nil {
		to.Close()
		return nil, err
	}
	defer stdout.Close()
	m := &meter{script: s, cmd: cmd, to: to, from: from}
	cmd.Stdin, cmd.Stdout = stdin, stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	if err := cmd.Start(); err != nil {
		m.close()
		return nil, err
	}
	limit := time.Now().Add(2 * patience * time.Second)
	if err = errors.Join(from.SetReadDeadline(limit), to.SetWriteDeadline(limit)); err == nil {
		_, err = to.Write(image)
	}
	if err != nil {
		m.kill()
		return nil, fmt.Errorf("write to the meter: %w", err)
	}
	return m, nil
}

func (m *meter) close() {
	m.to.Close()
	m.from.Close()
}

// reap waits for the meter's end, which has come or comes by itself.
func (m *meter) reap() error {
	if !m.reaped {
		m.reaped, m.end = true, m.cmd.Wait()
	}
	return m.end
}

// kill ends the meter with its children, whose group is its own, and is silent
// about one that has ended.
func (m *meter) kill() {
	if !m.reaped {
		_ = unix.Kill(-m.cmd.Process.Pid, unix.SIGKILL) // ESRCH: they are gone already
	}
	_ = m.reap() // killed, of course
	m.close()
}

// report reads what the meter tells: the last call's result, or a failure.
func (m *meter) report() (uint64, error) {
	var b [16]byte
	if _, err := io.ReadFull(m.from, b[:]); err != nil {
		return 0, m.died(err)
	}
	return m.script.outcome(b[:])
}

// died words the end of a meter that had more to tell.
func (m *meter) died(err error) error {
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read from the meter: %w", err)
	}
	m.kill() // if it died it has its status already, and no child is left behind
	var exit *exec.ExitError
	if errors.As(m.end, &exit) {
		return fmt.Errorf("the measuring process ended early: %s", exit.ProcessState)
	}
	return errors.New("the measuring process ended early")
}

// times reads the two times around the timed loop.
func (m *meter) times() (time.Duration, error) {
	var b [32]byte
	if _, err := io.ReadFull(m.from, b[:]); err != nil {
		return 0, m.died(err)
	}
	return between(b[:]), nil
}

// between is the time from one struct timespec to the one behind it.
func between(b []byte) time.Duration {
	at := func(i int) time.Duration { return time.Duration(binary.LittleEndian.Uint64(b[i:])) }
	return (at(16)-at(0))*time.Second + at(24) - at(8)
}
