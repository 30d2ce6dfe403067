package snapshot

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"warder/internal/procfs"
)

// stopAndCopy is the plain method.
func (c *capture) stopAndCopy(ctx context.Context) error {
	resident := residentSize(c.pid)
	slab := touched(min(c.bufferMax(), resident+resident/8+1<<20))
	early, err := readAreas(c.pid)
	if err != nil {
		return err
	}
	threads, err := c.stop()
	if err != nil {
		return err
	}
	if err := c.readState(threads, early); err != nil {
		return err
	}
	if t := c.cfg.Tracker; t != nil {
		t.last = ""
		if err := t.register(c.areas); err != nil {
			return err
		}
		if err := t.arm(c.table, 0, scanEnd, func(region) {}); err != nil {
			return err
		}
	}
	spans, err := c.sel.present(c.areas)
	if err != nil {
		return err
	}
	data := only(spans, Data)
	img := newImage(c.f, roomFor(len(data), len(c.areas), notesOf(c.state.Threads, c.areas)), c.state.PageSize)
	img.put(data, maxGap)
	cp := &copier{fill: fillFromProcess(c.mem), out: c.f, page: uint64(pageSize)}
	write, err := c.copyStopped(ctx, cp, pieces(img.x.chunks(data, pieceSize)), slab)
	c.later = func(ctx context.Context) error {
		if err := write(ctx); err != nil {
			return err
		}
		return c.written(img, spans, cp)
	}
	return err
}

// written ends a snapshot whose pages cp has written.
func (c *capture) written(img *image, spans []span, cp *copier) error {
	found := cp.result()
	c.setMappings(overlay(spans, found))
	c.report.Zeros = bytesOf(only(found, Zero)) / uint64(pageSize)
	c.report.Written = cp.written
	return c.finish(img)
}

// smallSize is the memory of a process for which details of mappings cost so
// little, some 35 us a MiB, that it may stand still for them.
const smallSize = 64 << 20

// listAreas lists the mappings of the stopped process. Their details come from
// a list that was made while it ran, where they are in it.
func (c *capture) listAreas(earlier []area) (err error) {
	if c.areas, err = plainAreas(c.pid); err != nil {
		return err
	}
	if c.plain {
		return nil
	}
	missing := borrow(c.areas, earlier)
	if missing > 0 && residentSize(c.pid) <= smallSize {
		missing = 0
		c.areas, err = readAreas(c.pid)
	}
	if missing > 0 {
		c.sel.note("%d mappings are new: their flags are unknown", missing)
	}
	return err
}

// copyStopped copies from the stopped process and lets it go on: before the
// bytes are written, if slab has room for them. Then it is write that writes
// them.
func (c *capture) copyStopped(ctx context.Context, cp *copier, work []piece, slab []byte) (write func(context.Context) error, err error) {
	write = func(context.Context) error { return nil }
	if sizeOf(work) <= uint64(len(slab)) {
		err = cp.readAll(ctx, work, slab)
		write = func(ctx context.Context) error { return cp.writeAll(ctx, work) }
	} else {
		err = cp.copy(ctx, work)
	}
	if err == nil {
		err = c.start()
	}
	if errors.Is(err, unix.ESRCH) {
		return nil, fmt.Errorf("the process ended: %w", err)
	}
	return write, err
}

func sizeOf(work []piece) uint64 {
	size := uint64(0)
	for i := range work {
		size += work[i].size
	}
	return size
}

// touched makes memory that is there: faults on its first use would be part of
// the time for which the process stands still.
func touched(size uint64) []byte {
	b := make([]byte, size)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 0
	}
	runtime.KeepAlive(b)
	return b
}

// residentSize is an estimate of the bytes that a process has in memory: the
// kernel counts per CPU.
func residentSize(pid int) uint64 {
	b, err := procfs.ReadFile(pid, "statm", 256)
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[1], 10, 40)
	return pages * uint64(pageSize)
}
