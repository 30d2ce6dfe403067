package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
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
	interp  string // PT_INTERP, or ""
	golang  bool   // it has the note of Go's linker: its runtime signals its threads

	head   []byte  // of a script: it cannot be executed by itself
	script *script // that the program is the interpreter of, or nil
}

// openProgram opens path and looks at its header, so that what execve would
// answer with a bare ENOEXEC is said in words.
func openProgram(root int, path string) (*program, error) {
	fail := func(err error, hint string) (*program, error) {
		return nil, &LaunchError{Path: path, Err: err, Hint: hint}
	}
	fd, err := openIn(root, path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return fail(err, unreadable(root, path, err))
	}
	p := &program{fd: fd}
	if err := p.inspect(); err != nil {
		unix.Close(fd)
		var hinted *LaunchError
		if errors.As(err, &hinted) {
			return fail(hinted.Err, hinted.Hint)
		}
		return fail(err, "")
	}
	return p, nil
}

// unreadable says what a program is that execve(2) would take and that is not
// run here: what it is cannot be checked, and what its user may not read is not
// to be seen in its memory either.
func unreadable(root int, path string, err error) string {
	if !errors.Is(err, unix.EACCES) {
		return ""
	}
	fd, err := openIn(root, path, unix.O_PATH)
	if err != nil {
		return ""
	}
	defer unix.Close(fd)
	if unix.Faccessat2(fd, "", unix.X_OK, unix.AT_EMPTY_PATH|unix.AT_EACCESS) != nil {
		return ""
	}
	return "it may be executed and not read, and is not held unread; chmod +r"
}

// openIn opens path with root for its root directory; root below 0 is the
// caller's own.
func openIn(root int, path string, flags int) (int, error) {
	if root < 0 {
		return unix.Open(path, flags|unix.O_CLOEXEC, 0)
	}
	return unix.Openat2(root, path, &unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
}

func (p *program) close() {
	unix.Close(p.fd)
	p.script.close()
}

func (p *program) inspect() error {
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
	head := make([]byte, 4096)
	n, err := unix.Pread(p.fd, head, 0)
	if err != nil {
		return err
	}
	head = head[:n]
	if bytes.HasPrefix(head, []byte("#!")) {
		p.head = head
		return nil
	}
	return p.parse(head)
}

func (p *program) parse(head []byte) error {
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return &LaunchError{Err: unix.ENOEXEC, Hint: "it is not an ELF file"}
	}
	// Only the header and the program headers are looked at, from the bytes in
	// hand: the file may be hostile, and a launch should not wait for the
	// section tables of a large one.
	if len(head) < elfHeaderSize {
		return &LaunchError{Err: unix.ENOEXEC, Hint: "its ELF header is cut off"}
	}
	class, machine := elf.Class(head[elf.EI_CLASS]), elf.Machine(binary.LittleEndian.Uint16(head[18:]))
	if class != elf.ELFCLASS64 || machine != nativeMachine() {
		return &LaunchError{Err: unix.ENOEXEC, Hint: fmt.Sprintf("it is a %s %s program, and this machine's are %s",
			class, machine, nativeMachine())}
	}
	off, size, n := binary.LittleEndian.Uint64(head[32:]), uint64(binary.LittleEndian.Uint16(head[54:])), uint64(binary.LittleEndian.Uint16(head[56:]))
	if size != progHeaderSize || n == 0 {
		return &LaunchError{Err: unix.ENOEXEC, Hint: "it has no program headers"}
	}
	table := head
	if off > uint64(len(head)) || off+n*size > uint64(len(head)) {
		table = make([]byte, n*size) // at most 65535 of 56 bytes
		if got, err := unix.Pread(p.fd, table, int64(off)); err != nil || got < len(table) {
			return &LaunchError{Err: unix.ENOEXEC, Hint: "its program headers are cut off"}
		}
		off = 0
	}
	for i := range n {
		ph := table[off+i*size:]
		switch elf.ProgType(binary.LittleEndian.Uint32(ph)) {
		case elf.PT_INTERP:
		case elf.PT_NOTE:
			p.golang = p.golang || p.goNote(head, binary.LittleEndian.Uint64(ph[8:]), binary.LittleEndian.Uint64(ph[32:]))
			continue
		default:
			continue
		}
		p.dynamic = true
		name := make([]byte, min(binary.LittleEndian.Uint64(ph[32:]), 4096))
		if got, err := unix.Pread(p.fd, name, int64(binary.LittleEndian.Uint64(ph[8:]))); err == nil {
			p.interp = string(bytes.TrimRight(name[:got], "\x00"))
		}
	}
	return nil
}

// goNote reports whether the first note of a segment is the build id that Go's
// linker writes (cmd/internal/buildid): name "Go", type 4.
func (p *program) goNote(head []byte, off, size uint64) bool {
	const length = 16
	note := make([]byte, length)
	switch {
	case size < length:
		return false
	case off <= uint64(len(head)) && uint64(len(head))-off >= length:
		copy(note, head[off:])
	default:
		if n, err := unix.Pread(p.fd, note, int64(off)); err != nil || n < length {
			return false
		}
	}
	const goBuildID = 4
	return binary.LittleEndian.Uint32(note) == 4 && binary.LittleEndian.Uint32(note[8:]) == goBuildID && string(note[12:]) == "Go\x00\x00"
}

// Sizes of Elf64_Ehdr and Elf64_Phdr (elf(5)).
const (
	elfHeaderSize  = 64
	progHeaderSize = 56
)

func nativeMachine() elf.Machine {
	if abi.Native() == abi.AArch64 {
		return elf.EM_AARCH64
	}
	return elf.EM_X86_64
}
