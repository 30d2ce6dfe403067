package elfread

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib" // twice as fast as the standard library's
	"github.com/klauspost/compress/zstd"

	"warder/internal/cursor"
)

// decompress takes the bytes of a SHF_COMPRESSED section. The size in its
// header is not believed: the buffer grows with what comes.
func (f *File) decompress(b []byte, limit uint64) ([]byte, error) {
	c := cursor.New(b, 0)
	typ := elf.CompressionType(c.U32())
	c.U32()
	size := c.U64()
	c.U64()
	if c.Bad() {
		return nil, ErrFormat
	}
	if size > limit {
		return nil, ErrLimit
	}
	packed := bytes.NewReader(b[c.Off():])
	var r io.Reader
	switch typ {
	case elf.COMPRESS_ZLIB:
		z, err := zlib.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		r = z
	case elf.COMPRESS_ZSTD:
		// The window is memory that the data asks for.
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20), zstd.WithDecoderMaxMemory(limit))
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		defer z.Close()
		r = z
	default:
		return nil, ErrFormat
	}
	// Sections of debugging information shrink to a third; what shrinks more
	// than to a hundredth costs a few copies.
	out := bytes.NewBuffer(make([]byte, 0, min(size, 100*uint64(len(b)))))
	n, err := io.Copy(out, io.LimitReader(r, int64(size)))
	f.cost += uint64(n)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if uint64(n) < size {
		return nil, fmt.Errorf("decompress: %w", io.ErrUnexpectedEOF)
	}
	return out.Bytes(), nil
}
