package snapshot

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// compressedName is what the names of compressed snapshots end in.
const compressedName = ".zst"

// target is where a snapshot goes: a file, or a file that is compressed when
// it is complete. Debuggers and the page cache want it as it is; a compressed
// one is for keeping.
type target struct {
	out   *output
	plain *os.File // what is compressed: a file without a name
}

func newTarget(path string, noSync bool) (*target, error) {
	out, err := create(path, noSync)
	if err != nil {
		return nil, err
	}
	t := &target{out: out}
	if !strings.HasSuffix(path, compressedName) {
		return t, nil
	}
	if t.plain, err = os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".plain.*"); err == nil {
		err = os.Remove(t.plain.Name())
	}
	if err != nil {
		t.abandon()
		return nil, &FileError{"create", path, err}
	}
	return t, nil
}

// raw is the file that the core is written to.
func (t *target) raw() *os.File {
	if t.plain != nil {
		return t.plain
	}
	return t.out.f
}

// size is that of the file as it is now.
func (t *target) size() uint64 {
	info, err := t.out.f.Stat()
	if err != nil {
		return 0
	}
	return uint64(info.Size())
}

func (t *target) commit(ctx context.Context) error {
	if t.plain != nil {
		if err := compress(ctx, t.out.f, t.plain); err != nil {
			return t.out.fail("compress", err)
		}
		_ = t.plain.Close()
		t.plain = nil
	}
	return t.out.commit()
}

func (t *target) abandon() {
	if t.plain != nil {
		_ = t.plain.Close()
		_ = os.Remove(t.plain.Name())
		t.plain = nil
	}
	t.out.abandon()
}

// compress writes all of from to w. The fastest level keeps up with a disk.
func compress(ctx context.Context, w io.Writer, from *os.File) error {
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return err
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(readers))
	if err != nil {
		return err
	}
	buf := make([]byte, pieceSize)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := z.Write(buf[:n]); err != nil {
				_ = z.Close()
				return err
			}
		}
		if err == io.EOF {
			return z.Close()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = z.Close()
			return err
		}
	}
}
