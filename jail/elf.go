package jail

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"

	"warder/internal/elfimage"
)

// Where the stub's two segments lie. The data segment has no bytes in the
// file: pages that no launch touches are never there.
const (
	textBase = 0x400000
	dataBase = 0x500000
	dataSize = 4 << 20
	// innerID is where a child of a new pid namespace finds its own id.
	innerID  = dataBase + dataSize - 8
	headSize = elfimage.HeaderSize + 2*elfimage.SegmentSize
)

// stubImage is the static ELF file of a stub.
func stubImage() []byte {
	return elfimage.Static(stubMachine, textBase, stubCode, elfimage.Zeroed{Base: dataBase, Size: dataSize})
}

// stubFile makes the sealed memfd that every stub of this process executes.
var stubFile = sync.OnceValues(func() (int, error) {
	if len(stubCode) == 0 {
		return -1, ErrNotSupported
	}
	fd, err := unix.MemfdCreate("warder-stub", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	image := stubImage()
	if n, err := unix.Write(fd, image); err != nil || n != len(image) {
		unix.Close(fd)
		return -1, fmt.Errorf("write stub: %d of %d bytes: %w", n, len(image), err)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("seal stub: %w", err)
	}
	return fd, nil
})
