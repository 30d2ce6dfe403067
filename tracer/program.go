package tracer

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"warder/abi"
)

// program is an executable file, opened once: what was checked is what runs.
type program struct {
	fd      int
	dynamic bool   // has PT_INTERP: a loader runs before the entry point
	known   bool   // the header could be read
	interp  string // PT_INTERP, or ""
}

// openProgram opens path and looks at its header, so that what execve would
// answer with a bare ENOEXEC is said in words.
func openProgram(path string) (*program, error) {
	fail := func(err error, hint string) (*program, error) {
		return nil, &LaunchError{Path: path, Err: err, Hint: hint}
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	readable := err == nil
	if errors.Is(err, unix.EACCES) {
		// Executable and not readable is enough for execve.
		fd, err = unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return fail(err, "")
	}
	p := &program{fd: fd}
	if err := p.inspect(readable); err != nil {
		unix.Close(fd)
		var hinted *LaunchError
		if errors.As(err, &hinted) {
			return fail(hinted.Err, hinted.Hint)
		}
		return fail(err, "")
	}
	return p, nil
}

func (p *program) close() { unix.Close(p.fd) }

func (p *program) inspect(readable bool) error {
	var st unix.Stat_t
	if err := unix.Fstat(p.fd, &st); err != nil {
		return err
	}
	switch {
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return &LaunchError{Err: unix.EACCES, Hint: "it is a directory"}
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return &LaunchError{Err: unix.EACCES, Hint: "it is not a regular file"}
	case st.Mode&0o111 == 0:
		return &LaunchError{Err: fs.ErrPermission, Hint: "it is not executable; chmod +x"}
	}
	if !readable {
		return nil
	}
	head := make([]byte, 4096)
	n, err := unix.Pread(p.fd, head, 0)
	if err != nil {
		return err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("#!")) {
		line, _, _ := bytes.Cut(head[2:], []byte("\n"))
		return &LaunchError{Err: unix.ENOEXEC,
			Hint: fmt.Sprintf("it is a script: run its interpreter, %q, with the script as argument", bytes.TrimSpace(line))}
	}
	return p.parse(head)
}

func (p *program) parse(head []byte) error {
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return &LaunchError{Err: unix.ENOEXEC, Hint: "it is not an ELF file"}
	}
	file, err := elf.NewFile(readerAt(p.fd))
	if err != nil {
		return &LaunchError{Err: unix.ENOEXEC, Hint: err.Error()}
	}
	if file.Class != elf.ELFCLASS64 || file.Machine != nativeMachine() {
		return &LaunchError{Err: unix.ENOEXEC, Hint: fmt.Sprintf("it is a %s %s program, and this machine's are %s",
			file.Class, file.Machine, nativeMachine())}
	}
	p.known = true
	for _, ph := range file.Progs {
		if ph.Type == elf.PT_INTERP {
			p.dynamic = true
			name := make([]byte, min(ph.Filesz, 4096))
			if n, err := ph.ReadAt(name, 0); err == nil {
				p.interp = string(bytes.TrimRight(name[:n], "\x00"))
			}
		}
	}
	return nil
}

func nativeMachine() elf.Machine {
	if abi.Native() == abi.AArch64 {
		return elf.EM_AARCH64
	}
	return elf.EM_X86_64
}

// readerAt reads a descriptor.
type readerAt int

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := unix.Pread(int(r), p, off)
	if err == nil && n < len(p) {
		err = errors.New("unexpected end of file")
	}
	return max(n, 0), err
}
