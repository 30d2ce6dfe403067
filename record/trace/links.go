package trace

import (
	"strconv"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// atFDCWD is AT_FDCWD of linux/fcntl.h.
const atFDCWD = -100

// maxLinks bounds the texts that are kept: file names repeat, and each would
// be allocated anew.
const maxLinks = 1024

// links reads what descriptors refer to.
//
// Nothing is remembered from one stop to the next: a descriptor may be closed
// or replaced by a call that is not told of, by another process that shares
// the table, and its file renamed by anybody. strace reads each anew, too.
type links struct {
	pid  int
	fd   func(int32) string // for pid; made once
	name []byte
	link []byte
	text map[string]string
}

// of gives the names of a process's descriptors.
func (l *links) of(pid int) func(int32) string {
	l.pid = pid
	if l.fd == nil {
		l.fd = l.read
		l.link = make([]byte, unix.PathMax)
		l.text = map[string]string{}
	}
	return l.fd
}

// read is the text of /proc/PID/fd/FD, or of the current directory for
// AT_FDCWD; "" for what is not open.
func (l *links) read(fd int32) string {
	root, err := procfs.Root()
	if err != nil {
		return ""
	}
	l.name = strconv.AppendInt(l.name[:0], int64(l.pid), 10)
	switch {
	case fd == atFDCWD:
		l.name = append(l.name, "/cwd"...)
	case fd < 0:
		return ""
	default:
		l.name = strconv.AppendInt(append(l.name, "/fd/"...), int64(fd), 10)
	}
	n, err := unix.Readlinkat(root, string(l.name), l.link)
	if err != nil || n <= 0 {
		return ""
	}
	text, known := l.text[string(l.link[:n])]
	if !known {
		text = string(l.link[:n])
		if len(l.text) >= maxLinks {
			clear(l.text)
		}
		l.text[text] = text
	}
	return text
}
