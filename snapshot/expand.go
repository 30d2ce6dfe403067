package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// zstdMagic begins a zstd frame (RFC 8878, 3.1.1).
const zstdMagic = "\x28\xb5\x2f\xfd"

// maxWindow bounds what the decoder remembers; zstd --long makes 128 MiB.
const maxWindow = 128 << 20

// expand decompresses a file into memory that has a descriptor and no name.
// Zeros take no space there.
func expand(from io.Reader, limit uint64) (f *os.File, err error) {
	fd, err := unix.MemfdCreate("warder-snapshot", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	f = os.NewFile(uintptr(fd), "warder-snapshot")
	defer func() {
		if err != nil {
			_ = f.Close()
			f = nil
		}
	}()
	z, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecoderLowmem(true))
	if err != nil {
		return f, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer z.Close()
	buf := make([]byte, len(zeros))
	off := uint64(0)
	for {
		n, err := fillFrom(z, buf)
		if uint64(n) > limit-off {
			return f, fmt.Errorf("decompressed it is longer than %d bytes", limit)
		}
		if !bytes.Equal(buf[:n], zeros[:n]) {
			if err := writeAt(f, buf[:n], off); err != nil {
				return f, err
			}
		}
		off += uint64(n)
		switch {
		case errors.Is(err, io.EOF):
			return f, f.Truncate(int64(off))
		case err != nil:
			return f, fmt.Errorf("%w: decompress: %w", ErrFormat, err)
		}
	}
}

// fillFrom is io.ReadFull that keeps io.EOF, the end, apart from
// io.ErrUnexpectedEOF, a file that was cut.
func fillFrom(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}
