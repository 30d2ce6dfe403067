package decode

import "warder/abi"

// Numbers behind a pointer are printed in brackets.

func (d *decoder) bracket(addr uint64, size int, print func(p []byte)) {
	p, ok := d.block(addr, size)
	if !ok {
		d.pointer(addr)
		return
	}
	d.byte('[')
	print(p)
	d.byte(']')
}

func intAt(d *decoder, addr uint64) {
	d.bracket(addr, 4, func(p []byte) { d.int32(u32(p, 0)) })
}

func uintAt(d *decoder, addr uint64) {
	d.bracket(addr, 4, func(p []byte) { d.uint(u32(p, 0)) })
}

func int64At(d *decoder, addr uint64) {
	d.bracket(addr, 8, func(p []byte) { d.int(int64(u64(p, 0))) })
}

func longAt(d *decoder, addr uint64) {
	d.bracket(addr, d.word, func(p []byte) { d.uint(d.long(p, 0)) })
}

func pointerAt(d *decoder, addr uint64) {
	d.bracket(addr, d.word, func(p []byte) { d.pointer(d.long(p, 0)) })
}

// saveInt keeps an int that the call will change, and prints its address.
func saveInt(d *decoder, i int) {
	addr := d.value(i)
	if p, ok := d.block(addr, 4); ok {
		d.save(i, u32(p, 0))
	}
	d.pointer(addr)
}

// list prints an array of count elements of size bytes.
func (d *decoder) list(addr, count uint64, size int, print func(p []byte)) {
	switch {
	case addr == 0:
		d.lit("NULL")
		return
	case count == 0:
		d.lit("[]")
		return
	}
	n := int(min(count, uint64(d.items())))
	if n == 0 {
		d.lit("[...]")
		return
	}
	p := d.elements(addr, n, size)
	if len(p) == 0 {
		d.pointer(addr)
		return
	}
	d.byte('[')
	for i := range len(p) / size {
		if i > 0 {
			d.lit(", ")
		}
		print(p[i*size : (i+1)*size])
	}
	switch got := len(p) / size; {
	case got < n:
		d.elsewhere(got, addr+uint64(got*size))
	case uint64(n) < count:
		d.lit(", ...")
	}
	d.byte(']')
}

// maxHandle is MAX_HANDLE_SZ of linux/exportfs.h.
const maxHandle = 128

func fileHandle(d *decoder, addr uint64) {
	p, ok := d.block(addr, 8)
	if !ok {
		d.pointer(addr)
		return
	}
	n, kind := u32(p, 0), u32(p, 4)
	d.lit("{handle_bytes=")
	d.uint(n)
	d.handle(addr, n, kind)
	d.byte('}')
}

func (d *decoder) handle(addr, n, kind uint64) {
	d.lit(", handle_type=")
	d.int32(kind)
	if n > maxHandle {
		return
	}
	d.lit(", f_handle=")
	p, ok := d.block(addr+8, int(n))
	if !ok {
		d.pointer(addr + 8)
		return
	}
	d.out = quoteHex(d.out, p)
}

func handleOut(d *decoder, i int) {
	addr := d.value(i)
	if !d.kept[i] {
		d.pointer(addr)
		return
	}
	d.lit("{handle_bytes=")
	d.uint(d.saved[i])
	if p, ok := d.block(addr, 8); ok {
		n, kind := u32(p, 0), u32(p, 4)
		if n != d.saved[i] {
			d.lit(" => ")
			d.uint(n)
		}
		if !d.failed {
			d.handle(addr, n, kind)
		}
	}
	d.byte('}')
}

// ringParams prints what io_uring_setup was asked and answered, without the
// places of its rings (struct io_uring_params of linux/io_uring.h).
func ringParams(d *decoder, addr uint64) {
	p, ok := d.block(addr, 120)
	if !ok {
		d.pointer(addr)
		return
	}
	flags := u32(p, 8)
	d.lit("{flags=")
	d.named(abi.RingFlags, flags)
	d.lit(", sq_thread_cpu=")
	d.uint(u32(p, 12))
	d.lit(", sq_thread_idle=")
	d.uint(u32(p, 16))
	d.lit(", sq_entries=")
	d.uint(u32(p, 0))
	d.lit(", cq_entries=")
	d.uint(u32(p, 4))
	d.lit(", features=")
	d.named(abi.RingFeatures, u32(p, 20))
	for _, ring := range [...]struct {
		name   string
		at     int
		fields []string
	}{
		{", sq_off=", 40, []string{"{head=", ", tail=", ", ring_mask=", ", ring_entries=", ", flags=", ", dropped=", ", array="}},
		{", cq_off=", 80, []string{"{head=", ", tail=", ", ring_mask=", ", ring_entries=", ", overflow=", ", cqes=", ", flags="}},
	} {
		d.lit(ring.name)
		for i, name := range ring.fields {
			d.lit(name)
			d.uint(u32(p, ring.at+4*i))
		}
		d.byte('}')
	}
	d.byte('}')
}
